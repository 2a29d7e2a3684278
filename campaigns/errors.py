"""What a campaign refuses, in sentences for the person who asked."""

from collections.abc import Sequence


class CampaignNotReady(Exception):
    """The campaign cannot do that now. `problems` say what has to be done first."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        super().__init__(" ".join(self.problems))


class ApprovalNeeded(CampaignNotReady):
    """A second person has to agree first."""


class ChangedMeanwhile(Exception):
    """Somebody else changed the campaign since it was read."""
