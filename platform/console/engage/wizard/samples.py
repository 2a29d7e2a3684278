"""Five people to look at a message as: of the audience, a new one, a recent buyer, and a stranger."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from django.db import connection
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from campaigns import audience
from campaigns.actions.preview_campaign import content_for, specimen_for
from campaigns.arms import ArmContent, arms_of
from campaigns.content.rendering import Content, needs
from campaigns.content.services import draft_of
from campaigns.content.wording import Wording
from campaigns.experiments.levers import subject_in
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


One = TypeVar("One", "Sample", "Arm")
#: Levers that change nothing of what one sees.
UNSEEN = ("send_hour", "features")


@dataclass(frozen=True, slots=True)
class Arm:
    """An arm to look at; without a name it is the campaign itself."""

    key: str
    name: str
    arm: ArmContent


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


def look(
    campaign: Campaign, people: Sequence[Sample], request: HttpRequest, *, now: datetime
) -> dict[str, Any]:
    """Show the message as the asked person of some gets it, in the asked arm; the first of each by default.

    The HTML is kept for the page's frame. About 40 ms and fifteen queries; raises TemplateInvalid.
    """
    person = _asked(people, request.GET.get("person", ""))
    arms = _arms(campaign)
    chosen = _asked(arms, request.GET.get("arm", ""))
    shown = seen_by(campaign, person, chosen.arm, now=now)
    frame = ""
    if shown.html:
        key = frames.keep(shown.html, dark=request.GET.get("dark") == "1", user=request.user)
        frame = reverse("admin:template_frame", args=[key])
    content = chosen.arm.content or campaign.content
    gives = content is not None and needs(content).coupon and campaign.plan_id is None
    return {
        "person": person, "arms_seen": arms if len(arms) > 1 else [], "arm": chosen, "shown": shown,
        "frame": frame, "gives_code": gives,
    }  # fmt: skip


def seen_by(campaign: Campaign, person: Sample, arm: ArmContent, *, now: datetime) -> Content:
    """Render what an arm says to a person, customer or made up. Raises TemplateInvalid."""
    if person.customer is not None:
        return content_for(campaign, person.customer, arm=arm, now=now)
    content = arm.content or campaign.content
    assert content is not None  # noqa: S101  there is nobody to look otherwise
    wording = Wording(channel=content.template.channel, **draft_of(content))
    language = get_language() or ""
    if subject := subject_in(arm.levers, language):
        wording = replace(wording, subject=subject)
    coupon = None if campaign.plan_id else specimen_for(campaign, arm, now=now)
    return try_wording(wording, now=now, known=person.key == "known", locale=language, coupon=coupon).content


def _arms(campaign: Campaign) -> list[Arm]:
    """Return the arms that say or offer something else, or the campaign itself. At most four queries."""
    found = arms_of(campaign)
    named = (
        campaign.experiment.variants.order_by("id").values_list("key", "name") if campaign.experiment else ()
    )
    arms = [Arm(key, name, found[key]) for key, name in named]
    told_apart = len({json.dumps(_said(one.arm), sort_keys=True) for one in arms}) > 1
    return arms if told_apart else [Arm("", "", found[None])]


def _said(arm: ArmContent) -> dict[str, Any]:
    return {name: value for name, value in arm.levers.items() if name not in UNSEEN}


def _asked(there: Sequence[One], key: str) -> One:
    return next((one for one in there if one.key == key), there[0])
