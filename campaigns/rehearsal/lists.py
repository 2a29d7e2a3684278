"""Whether the lists of products that the model of an earlier day would have made hit what people then bought.

Only a model that was trained on the facts before that day, and is still kept, can say so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from campaigns.content.rendering import needs
from campaigns.models import Campaign
from core.arrays import number_array
from recommendations.artifacts import fitted
from recommendations.models import Champion, ModelVersion
from recommender.errors import ArtifactError

#: People whose lists are looked at: enough for a percentage point, and a second's work.
SAMPLE = 2_000
#: An older model than this says nothing of the one that serves.
AGE = timedelta(days=56)

_BOUGHT = """
SELECT DISTINCT e.customer_id, e.product_id FROM events_event e
 WHERE e.customer_id = ANY(%s::bigint[]) AND e.type = 'purchase' AND e.product_id IS NOT NULL
   AND e.occurred_at >= %s AND e.occurred_at < %s
"""


@dataclass(frozen=True, slots=True)
class Hits:
    """Of so many people, how many bought something of their list within the window."""

    people: int
    hits: int


def sampled(people: Sequence[int]) -> tuple[int, ...]:
    """Return every so-many-th person, the same each time."""
    step = max(1, -(-len(people) // SAMPLE))
    return tuple(people[::step])


def shows_products(campaign: Campaign) -> int:
    """Return how many recommended products the campaign's content shows; none without any."""
    return needs(campaign.content).products if campaign.content is not None else 0


def hits(campaign: Campaign, people: Sequence[int], *, at: datetime, until: datetime) -> Hits | None:
    """Return how often the lists of the model of a day hit. None where no model of then is kept.

    Three queries; 2,000 people take about a second.
    """
    champion = Champion.objects.filter(use=f"email:{campaign.objective}").first()
    if champion is None or not people:
        return None
    version = (
        ModelVersion.objects.filter(strategy_id=champion.strategy_id, as_of__lte=at, as_of__gt=at - AGE)
        .order_by("-as_of", "-created_at")
        .first()
    )
    if version is None:
        return None
    try:
        model = fitted(version)
    except (ArtifactError, OSError):
        return None
    users = [str(customer) for customer in people]
    found = model.recommend(users, k=shows_products(campaign), objective=campaign.objective)
    listed = {
        (user, item) for place, user in enumerate(users) for item, _score, _why in found.for_user(place)
    }
    with connection.cursor() as cursor:
        cursor.execute(_BOUGHT, [number_array(people), at, until])
        bought = {(str(customer), str(product)) for customer, product in cursor.fetchall()}
    return Hits(len(people), len({user for user, _item in listed & bought}))
