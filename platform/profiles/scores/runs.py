"""One training of all scores: what of it is done, so that a run that was cut off goes on."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.ids import uuid7
from profiles.models import ScoreVersion
from profiles.scores.selectors import KINDS

#: Later than this after its start a run is not gone on with: more has happened since.
WITHIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Run:
    """A training as of a moment: its versions carry its key in their cards."""

    key: str
    as_of: datetime
    started: datetime
    seed: int
    versions: dict[str, ScoreVersion] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Say whether every kind is trained, given and in use."""
        return len(self.versions) == len(KINDS) and all(v.active for v in self.versions.values())


def begin(*, as_of: datetime, now: datetime, seed: int, any_moment: bool) -> Run:
    """Return the newest run where it was cut off within the last hour, else a new one. Two queries.

    It must have the same seed and be meant for `as_of`; with `any_moment`, whatever moment it was meant for.
    """
    newest = ScoreVersion.objects.order_by("-created_at", "-pk").first()
    if newest is not None and newest.card.get("run") and newest.created_at > now - WITHIN:
        key = newest.card["run"]
        versions = {
            v.kind: v for v in ScoreVersion.objects.filter(created_at=newest.created_at, card__run=key)
        }
        run = Run(key, newest.as_of, newest.created_at, newest.card.get("seed", 0), versions)
        if not run.whole and run.seed == seed and (any_moment or run.as_of == as_of):
            return run
    return Run(str(uuid7()), as_of, now, seed)
