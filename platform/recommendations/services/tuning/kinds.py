"""What can be tuned: each kind of decision with how it is applied, undone and told."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from core.registry import Registry
from recommendations.models import TuningDecision, TuningPolicy


class StaleDecisionError(ValueError):
    """What a decision starts from stands no longer; the text says what does."""


@dataclass(frozen=True, slots=True)
class TuningKind:
    """One kind of decision.

    `apply` puts `decision.after` in force and `undo` puts `decision.before` back, each in the caller's
    transaction, under a lock of what it changes; both raise StaleDecisionError when something else stands
    there. `describe` says in one sentence what changes; it must not ask the database once a decision.
    """

    key: str
    title: str
    apply: Callable[[TuningDecision, datetime], None]
    undo: Callable[[TuningDecision, datetime], None]
    describe: Callable[[TuningDecision], str]
    default: str = TuningPolicy.Mode.AUTO


kinds: Registry[TuningKind] = Registry("kind of tuning decision")


def register(kind: TuningKind) -> None:
    """Add a kind under its key."""
    kinds.add(kind.key, kind)


def mode_of(key: str) -> str:
    """Return what the shop lets a kind do: `auto`, `approve` or `off`. One query."""
    chosen = TuningPolicy.objects.filter(kind=key).values_list("mode", flat=True).first()
    return chosen or kinds.get(key).default


def modes() -> dict[str, str]:
    """Return what the shop lets each kind do. One query."""
    chosen = dict(TuningPolicy.objects.values_list("kind", "mode"))
    return {key: chosen.get(key, kind.default) for key, kind in kinds}
