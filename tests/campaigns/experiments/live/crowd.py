"""People in a live test, and what they did: rows as the platform writes them, straight into the tables."""

from datetime import datetime, timedelta
from itertools import count

from campaigns.experiments.models import Assignment, Experiment, Exposure
from campaigns.experiments.services import create_experiment, start
from customers.models import Customer
from events.models import Event

_NUMBERS = count(1)


def make_live(now: datetime, *, arms=("a", "b"), holdout=0.0, **fields) -> Experiment:
    """Store a running test whose first arm is the control."""
    experiment = create_experiment(
        **{
            "key": f"live-{next(_NUMBERS)}",
            "name": "Live",
            "salt": f"salt-{next(_NUMBERS)}",
            "variants": [{"key": k, "name": k.upper(), "is_control": i == 0} for i, k in enumerate(arms)],
            "holdout_share": holdout,
            "window_days": 7,
            "now": now,
        }
        | fields
    )
    start(experiment, now)
    return experiment


def put(
    experiment: Experiment, arm: str | None, people: int, *, at: datetime, buyers=0, amount=10.0, after=1.0
):
    """Put people into an arm (None: held out), of whom the first `buyers` order so many days after; return
    their ids.
    """
    first = next(_NUMBERS)
    customers = Customer.objects.bulk_create(
        Customer(external_id=f"x{first}-{n}", created_at=at, updated_at=at) for n in range(people)
    )
    variant = experiment.variants.get(key=arm) if arm else None
    shares = sorted(experiment.variants.values_list("id", "weight"))
    rows = Assignment.objects.bulk_create(
        Assignment(
            experiment=experiment, customer=c, variant=variant, bucket=0, propensity=0.5, at=at,
            policy_version="fixed " + "/".join(str(w) for _pk, w in shares),
        )
        for c in customers
    )  # fmt: skip
    Exposure.objects.bulk_create(Exposure(assignment=row, at=at, ghost=variant is None) for row in rows)
    buy([c.pk for c in customers[:buyers]], at=at + timedelta(days=after), amount=amount)
    return [c.pk for c in customers]


def buy(customers, *, at, amount=10.0, kind="purchase", order=None, discount=0.0):
    """Write one event of a kind for each."""
    Event.objects.bulk_create(
        Event(
            source="tests", message_id=f"m{next(_NUMBERS)}", type=kind, customer_id=pk,
            order_id=order or f"o{next(_NUMBERS)}", quantity=1, amount=amount, discount=discount,
            occurred_at=at, received_at=at,
        )
        for pk in customers
    )  # fmt: skip
