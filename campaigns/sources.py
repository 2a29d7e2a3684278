"""Campaigns as a source of messages: how a claimed batch is rendered."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from email.utils import formataddr
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import translation

from campaigns import browser, personal
from campaigns.arms import ArmContent, arms_of
from campaigns.content.models import TemplateVersion
from campaigns.content.rendering import needs, render, render_short
from campaigns.content.wording import Wants
from campaigns.coupons import pools
from campaigns.coupons.models import Coupon, CouponPool
from campaigns.decisions.log import note_choices
from campaigns.experiments import services as experiments
from campaigns.experiments.levers import subject_in
from campaigns.models import Campaign
from campaigns.schedule.models import Timing
from campaigns.schedule.sending import promotion_ends
from campaigns.targeting.selectors import pools_of
from catalog.models import Product
from customers.languages import language_of
from customers.models import Channel, Customer
from delivery.channels import channels
from delivery.eligibility import check
from delivery.identity import unsubscribe_url
from delivery.models import Message, Run, SkipReason
from delivery.sources import Rendered, Skip
from recommendations.selectors import Item, champion


class CampaignSource:
    """Render campaigns' messages; the run's reference is the campaign's id."""

    def render(
        self, run: Run, messages: Sequence[Message], now: datetime
    ) -> dict[int, tuple[Rendered, dict[str, Any]] | Skip]:
        """Render a batch: products by each arm's strategy, a code per person, one mail each.

        Who has no products where the content shows some is skipped before a code is spent. A constant
        number of queries per strategy; 500 messages take about 1.2 s.
        """
        campaign = Campaign.objects.select_related(
            "content__template", "pool__promotion", "promotion", "experiment", "plan"
        ).get(pk=run.reference)
        arms = arms_of(campaign)
        customers = Customer.objects.in_bulk([message.customer_id for message in messages])
        results: dict[int, tuple[Rendered, dict[str, Any]] | Skip] = {}
        for key, theirs in _by_arm(messages).items():
            results |= self._render(run, campaign, arms.get(key, arms[None]), theirs, customers, now)
        if campaign.experiment_id is not None:
            there = [message for message in messages if message.customer_id in customers]
            experiments.expose(
                campaign.experiment_id,
                [message.customer_id for message in there],
                now,
                messages=[message.pk for message in there],
            )
        note_choices(campaign, run, messages, dict.fromkeys((message.pk for message in messages), now))
        return results

    def _render(
        self,
        run: Run,
        campaign: Campaign,
        arm: ArmContent,
        messages: Sequence[Message],
        customers: Mapping[int, Customer],
        now: datetime,
    ) -> dict[int, tuple[Rendered, dict[str, Any]] | Skip]:
        """Render the messages of one arm, which has its own content, subject, strategy and pool."""
        content = arm.content
        if content is None:
            return {message.pk: Skip(SkipReason.NO_CONTENT) for message in messages}
        wants = needs(content)
        lists = _led_by_subject(_lists(campaign, messages, wants), messages, wants)
        shared = personal.shared(content, [message.customer_id for message in messages])
        served = [
            m.customer_id
            for m in messages
            if m.customer_id in customers and (lists.get(m.customer_id) or not wants.required)
        ]
        offered = pools_of(served, campaign.plan) if campaign.plan else {}
        codes = _codes(campaign, arm.pool, served, offered, now) if wants.coupon else {}
        results: dict[int, tuple[Rendered, dict[str, Any]] | Skip] = {}
        for message in messages:
            customer = customers.get(message.customer_id)
            if customer is None:
                results[message.pk] = Skip(SkipReason.ERASED)
                continue
            items = lists.get(message.customer_id, [])
            coupon = codes.get(message.customer_id)
            pool = offered.get(message.customer_id, arm.pool)
            if wants.required and not items:
                results[message.pk] = Skip(SkipReason.NO_CONTENT)
                continue
            if wants.coupon and coupon is None and not wants.without_code:
                results[message.pk] = Skip(SkipReason.NO_COUPON)
                continue
            values = personal.context(
                customer,
                items=items,
                code=coupon.code if coupon else "",
                expires_at=_expiry(coupon, pool),
                promotion=pool.promotion if pool else campaign.promotion,
                unsubscribe_url=unsubscribe_url(message),
                shared=shared,
                view_url=browser.view_url(message),
            )
            language = language_of(customer)
            with translation.override(language):
                rendered = _words(run.channel, customer, content, values, subject_in(arm.levers, language))
            frozen = message.context | _contents(content.pk, items, _chosen_by(campaign, message))
            if coupon:
                frozen["coupon"] = coupon.code
            results[message.pk] = (
                replace(
                    rendered,
                    expires_at=_expiry(coupon, pool),
                    utm={"utm_campaign": campaign.slug, "utm_content": message.context.get("variant") or ""},
                ),
                frozen,
            )
        return results

    def would_be(self, run: Run, messages: Sequence[Message], now: datetime) -> dict[int, dict[str, Any]]:
        """Say which products and template those held out would have got. No code is spent on them.

        Marked as `would_be`; without products where the content shows some, nothing would have been sent.
        In a test those who may be written to are noted as ghosts, at the moment it would have gone.
        """
        campaign = Campaign.objects.select_related("content", "experiment").get(pk=run.reference)
        if campaign.experiment_id is not None:
            _expose_ghosts(campaign, run, messages, now)
        if campaign.content is None:
            return {}
        wants = needs(campaign.content)
        lists = _led_by_subject(_lists(campaign, messages, wants), messages, wants)
        return {
            m.pk: m.context
            | _contents(campaign.content.pk, lists.get(m.customer_id, []), _chosen_by(campaign, m))
            | {"would_be": True}
            for m in messages
        }

    def vetoed(self, run: Run, messages: Sequence[Message], now: datetime) -> dict[int, str]:
        """Keep back what its customer's doing has overtaken, and what announces a promotion that is over.

        One query; another for a triggered campaign with a condition, and for a reminder.
        """
        campaign = Campaign.objects.select_related("promotion").filter(pk=run.reference).first()
        if campaign is None:
            return {}
        ends = promotion_ends(campaign)
        if ends is not None and ends <= now:
            return {message.pk: SkipReason.EXPIRED for message in messages}
        found: dict[int, str] = {}
        if campaign.codes_of_id is not None:
            found = dict.fromkeys(_used_theirs(campaign, messages), SkipReason.OVERTAKEN)
        if campaign.unless_event:
            found |= dict.fromkeys(_overtaken(campaign.unless_event, messages, now), SkipReason.OVERTAKEN)
        return found

    def finished(self, run: Run, now: datetime) -> None:
        """Close the campaign when its last message is dealt with.

        An announced promotion goes on, and so does what still has a slot or a wave before it or waits for a
        trigger.
        """
        experiment = Campaign.objects.values_list("experiment", flat=True).filter(pk=run.reference).first()
        if experiment is not None and experiments.waiting(experiment):
            return
        Campaign.objects.filter(pk=run.reference, state=Campaign.State.RUNNING, next_at=None).exclude(
            kind=Campaign.Kind.PROMOTION
        ).exclude(timing=Timing.TRIGGERED).update(state=Campaign.State.FINISHED, finished_at=now)

    def paused(self, run: Run, now: datetime) -> None:
        """Show the campaign as paused, so that a person can resume it."""
        Campaign.objects.filter(pk=run.reference, state=Campaign.State.RUNNING).update(
            state=Campaign.State.PAUSED
        )


_SINCE = """
SELECT m.id FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[]) AS m (id, customer_id, since)
 WHERE EXISTS (SELECT FROM events_event e
                WHERE e.customer_id = m.customer_id AND e.type = %s
                  AND e.occurred_at > m.since AND e.occurred_at <= %s)
"""


def _overtaken(event: str, messages: Sequence[Message], now: datetime) -> list[int]:
    """Return the messages whose customers did it since their trigger."""
    fired = [m for m in messages if m.context.get("since")]
    columns = ([m.pk for m in fired], [m.customer_id for m in fired], [m.context["since"] for m in fired])
    with connection.cursor() as cursor:
        cursor.execute(_SINCE, [*columns, event, now])
        return [pk for (pk,) in cursor.fetchall()]


def _used_theirs(campaign: Campaign, messages: Sequence[Message]) -> list[int]:
    """Return the messages of those who used their code already: nobody is reminded of what is gone."""
    used = set(
        Coupon.objects.filter(
            pool=campaign.pool,
            assigned_for=campaign.codes_for,
            customer_id__in=[m.customer_id for m in messages],
            redemptions__rolled_back_at=None,
            redemptions__isnull=False,
        ).values_list("customer_id", flat=True)
    )
    return [m.pk for m in messages if m.customer_id in used]


def _words(
    channel: str, customer: Customer, content: TemplateVersion, values: dict[str, Any], subject: str | None
) -> Rendered:
    """Return a content as its channel says it: a mail, or the words alone with the first link.

    An SMS has no place for a link but its text.
    """
    if channel == Channel.EMAIL:
        mail = render(content, values, subject=subject)
        return Rendered(
            to=customer.email or "",
            subject=mail.subject,
            html=mail.html,
            text=mail.text,
            from_email=formataddr((settings.SHOP_NAME, settings.SHOP_FROM_EMAIL)),
        )
    short = render_short(content, values, subject=subject)
    if channel == Channel.SMS:
        return Rendered(to=customer.phone or "", text=f"{short.text} {short.url}".strip())
    return Rendered(subject=short.title, text=short.text, url=short.url, image=short.image)


def _lists(campaign: Campaign, messages: Sequence[Message], wants: Wants) -> dict[int, list[Item]]:
    """Return each person's products by the strategy of their arm; nothing when the content shows none."""
    if not wants.products:
        return {}
    strategies = {m.customer_id: m.context.get("strategy") for m in messages}
    lists = personal.lists_by_strategy(strategies, objective=campaign.objective, limit=wants.products)
    return personal.with_fallback(lists, strategies, wants, campaign.objective)


def _led_by_subject(
    lists: dict[int, list[Item]], messages: Sequence[Message], wants: Wants
) -> dict[int, list[Item]]:
    """Put the product that a message is about in front of its person's list. One query, if there are any.

    Who is told that a price fell sees that product. When it is not to be had any more, nothing is.
    """
    about = {m.customer_id: m.context["product"] for m in messages if m.context.get("product")}
    if not about or not wants.products:
        return lists
    there = Product.objects.filter(active=True).exclude(stock__lte=0).in_bulk(set(about.values()))
    led = dict(lists)
    for customer, product in about.items():
        subject = there.get(product)
        rest = [item for item in lists.get(customer, []) if item.product_id != product]
        led[customer] = [personal.item_of(subject), *rest][: wants.products] if subject else []
    return led


def _contents(template: int, items: Sequence[Item], by: str | None) -> dict[str, Any]:
    """Return what a message shows: its products, whose list they are, and how many places were filled up."""
    contents: dict[str, Any] = {"template": template, "products": [item.sku for item in items]}
    if items and by:
        contents["by"] = by
    if filled := sum(item.fallback for item in items):
        contents["filled"] = filled
    return contents


def _chosen_by(campaign: Campaign, message: Message) -> str | None:
    """Return the strategy whose list a message shows: its own, else the champion of its use."""
    return message.context.get("strategy") or champion(personal.USE, campaign.objective)


def _codes(
    campaign: Campaign,
    own: CouponPool | None,
    customer_ids: Sequence[int],
    offered: dict[int, CouponPool],
    now: datetime,
) -> dict[int, Coupon]:
    """Assign codes, pool by pool where a plan says which: five statements a pool."""
    if campaign.plan is None:
        if own is None:
            return {}
        return pools.assign(own, customer_ids, reference=campaign.codes_for, now=now)
    codes: dict[int, Coupon] = {}
    for pool in sorted(set(offered.values()), key=lambda one: one.pk):
        people = [customer for customer in customer_ids if offered.get(customer) == pool]
        codes |= pools.assign(pool, people, reference=campaign.codes_for, now=now)
    return codes


def _by_arm(messages: Sequence[Message]) -> dict[str | None, list[Message]]:
    """Return the messages of each arm; None is for those in no test."""
    found: dict[str | None, list[Message]] = {}
    for message in messages:
        found.setdefault(message.context.get("variant"), []).append(message)
    return found


def _expose_ghosts(campaign: Campaign, run: Run, messages: Sequence[Message], now: datetime) -> None:
    """Note those held out who may be written to, by the rules for everybody; eleven queries a batch."""
    assert campaign.experiment_id is not None  # noqa: S101  asked by the caller
    people = [message.customer_id for message in messages]
    eligible = check(run, people, channels.get(run.channel), now=now)
    met = [m for m in messages if m.customer_id not in eligible.reasons]
    waits = {pk: wait.until for pk, wait in eligible.waits.items()}
    at = {m.pk: max(now, m.due_at, waits.get(m.customer_id, now)) for m in met}
    experiments.expose_ghosts(
        campaign.experiment_id, [m.customer_id for m in met], list(at.values()), list(at)
    )
    note_choices(campaign, run, met, at)


def _expiry(coupon: Coupon | None, pool: CouponPool | None) -> datetime | None:
    """Return when a code ends: by itself or with its promotion, whichever is first."""
    if coupon is None or pool is None:
        return None
    ends = [at for at in (coupon.expires_at, pool.promotion.ends_at) if at]
    return min(ends, default=None)
