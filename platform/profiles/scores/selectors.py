"""What may be read of the scores: of one customer, of all, and of the models behind them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from customers.models import Customer
from profiles.models import CustomerScore, ScoreVersion
from profiles.scores.missing import Missing, of_customer
from profiles.scores.reasons import NAMES

Kind = CustomerScore.Kind
#: What is scored, in the order in which it is shown.
KINDS: tuple[str, ...] = (Kind.CHURN, Kind.PURCHASE, Kind.REDEMPTION, Kind.CLICK, Kind.LIFETIME_VALUE)


@dataclass(frozen=True, slots=True)
class Statement:
    """One score of one customer with the model behind it, or why there is none."""

    kind: str
    score: CustomerScore | None
    version: ScoreVersion | None
    missing: Missing | None

    @property
    def label(self) -> Any:
        """Return the score's name."""
        return Kind(self.kind).label

    @property
    def usual(self) -> float | None:
        """Return the share of all customers that this came true of in the newest known period."""
        return base_rate(self.version) if self.version else None

    @property
    def times(self) -> float | None:
        """Return how many times as likely as usual it is; None for money and where nothing is known."""
        if self.score is None or not self.usual or self.kind == Kind.LIFETIME_VALUE:
            return None
        return self.score.score / self.usual


def active_versions() -> dict[str, ScoreVersion]:
    """Return the version in use of each kind that was ever trained. One query."""
    return {version.kind: version for version in ScoreVersion.objects.filter(active=True)}


def base_rate(version: ScoreVersion) -> float | None:
    """Return how often the outcome came true; a score that mirrors another turns its figure."""
    rate: float | None = version.card.get("base_rate")
    return rate if rate is None or "mirrors" not in version.card else 1.0 - rate


def statements(customer: Customer) -> list[Statement]:
    """Return what each score says of a customer, unknown ones with what is missing. Two queries."""
    versions = active_versions()
    found = {score.kind: score for score in CustomerScore.objects.filter(customer=customer)}
    return [_statement(kind, found.get(kind), customer, versions.get(kind)) for kind in KINDS]


def _statement(
    kind: str, score: CustomerScore | None, customer: Customer, version: ScoreVersion | None
) -> Statement:
    if score is not None and not customer.no_profiling:
        return Statement(kind, score, version, None)
    return Statement(kind, None, version, of_customer(kind, customer, version))


def rank(score: CustomerScore) -> tuple[int, int]:
    """Return how many stand above the customer, and of how many. Two counts by index."""
    everybody = CustomerScore.objects.filter(kind=score.kind)
    return everybody.filter(score__gt=score.score).count(), everybody.count()


def feature_names(features: Iterable[str]) -> dict[str, str]:
    """Return the features' names in the reader's language."""
    return {feature: str(NAMES.get(feature, feature)) for feature in features}
