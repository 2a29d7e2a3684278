from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TuningConfig(AppConfig):
    name = "campaigns.tuning"
    verbose_name = _("Tuning")

    def ready(self) -> None:
        """Add what is tuned here, and what bandits remember of earlier campaigns."""
        from campaigns.experiments.services.waves import memories
        from campaigns.tuning.kinds import register_kinds

        memories.add("strategies", "campaigns.tuning.strategies.bandit_shares")
        memories.add("words", "campaigns.tuning.copy.bandit_shares")
        register_kinds()
