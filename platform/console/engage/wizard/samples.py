"""Five people to look at a message as: of the audience, a new one, a recent buyer, and a stranger."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from campaigns import audience
from campaigns.actions.preview_campaign import content_for
from campaigns.content.models import TemplateVersion
from campaigns.content.services import draft_of
from campaigns.content.wording import Wording
from campaigns.experiments.models import Variant
from campaigns.models import Campaign
from campaigns.trying import try_wording
from console.content import frames
from customers.models import Customer

# Whom one looks for: who bought last, whom we know least, and three in no order that means anything.
_PEOPLE = """
WITH members AS MATERIALIZED ({members}), known AS (
    SELECT m.customer_id, c.created_at, p.orders, p.last_order_at
    FROM members m JOIN customers_customer c ON c.id = m.customer_id AND c.email IS NOT NULL
    LEFT JOIN profiles_customerprofile p ON p.customer_id = m.customer_id
)
(SELECT 'buyer', customer_id FROM known WHERE last_order_at IS NOT NULL ORDER BY last_order_at DESC LIMIT 1)
UNION ALL
(SELECT 'new', customer_id FROM known ORDER BY coalesce(orders, 0), created_at DESC LIMIT 1)
UNION ALL
(SELECT 'some', customer_id FROM known ORDER BY hashint8(customer_id) LIMIT 4)
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """Somebody to look at the message as."""

    key: str
    title: str
    note: str
    customer: Customer | None = None


def samples(campaign: Campaign, *, as_of: datetime, sees_people: bool) -> list[Sample]:
    """Return up to five people. Two queries, of which one goes over the audience.

    Who may not see customers sees the message as somebody made up.
    """
    made_up = [
        Sample("known", _("Somebody made up"), _("with a name and products")),
        Sample("stranger", _("A stranger"), _("of whom nothing is known")),
    ]
    if not sees_people:
        return made_up
    sql, params = audience.members(campaign, as_of=as_of)
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE.format(members=sql), params)
        rows = cursor.fetchall()
    customers = Customer.objects.in_bulk({pk for _kind, pk in rows})
    notes = {"buyer": _("bought last"), "new": _("the newest, with the least known"), "some": ""}
    found: dict[int, Sample] = {}
    for kind, pk in rows:
        if pk in customers and pk not in found:
            found[pk] = Sample(str(pk), str(customers[pk]), notes[kind], customers[pk])
    people = list(found.values())[:4]
    return [*people, made_up[1]] if people else made_up


def seen_by(
    campaign: Campaign, person: Sample, request: HttpRequest, *, now: datetime, variant: Variant | None = None
) -> dict[str, Any]:
    """Render for a person, and keep the HTML for the page's frame. About 40 ms; raises TemplateInvalid."""
    content = campaign.content
    assert content is not None  # noqa: S101  there is nobody to look otherwise
    levers = variant.levers if variant else {}
    if levers.get("content"):
        content = TemplateVersion.objects.select_related("template").get(pk=int(levers["content"]))
    if person.customer is not None:
        shown = content_for(campaign, person.customer, content=content, strategy=levers.get("strategy"))
    else:
        wording = Wording(channel=content.template.channel, **draft_of(content))
        shown = try_wording(
            wording, now=now, known=person.key == "known", locale=get_language() or ""
        ).content
    frame = ""
    if shown.html:
        key = frames.keep(shown.html, dark=request.GET.get("dark") == "1", user=request.user)
        frame = reverse("admin:template_frame", args=[key])
    return {"shown": shown, "frame": frame}
