from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop as noop


class ProfilesConfig(AppConfig):
    name = "profiles"
    verbose_name = _("Profiles")

    def ready(self) -> None:
        """Offer profiling and clustering as jobs."""
        from accounts.jobs import JobKind, kinds
        from events import changes
        from profiles import exports, people
        from profiles.building.changed import CONSUMER

        kinds.add("profile", JobKind(noop("Build customer profiles"), "training", "profiles.jobs.profile"))
        kinds.add("cluster", JobKind(noop("Find personas"), "training", "profiles.jobs.cluster"))
        kinds.add("score", JobKind(noop("Score customers"), "training", "profiles.jobs.score"))
        kinds.add(
            "study", JobKind(noop("Study lifecycle, classes and words"), "training", "profiles.jobs.study")
        )
        kinds.add("flows", JobKind(noop("Compare two days"), "default", "profiles.jobs.flows"))
        kinds.add("know", JobKind(noop("Know the customers"), "training", "profiles.jobs.know"))
        people.register()
        exports.register()
        changes.consumers.add(CONSUMER, "keeps profiles up to date")
