"""What stands on the calendar. Each kind is one or two queries, whatever the span."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from campaigns.coupons.models import Coupon
from campaigns.experiments.models import Experiment
from campaigns.models import Campaign
from campaigns.promotions.models import Promotion
from campaigns.schedule.models import Timing
from campaigns.schedule.sending import SOURCE
from campaigns.schedule.slots import slot_after
from console.offers.base import state_of
from core import clock
from core.figures import number
from delivery.models import Run
from delivery.schedule.moments import at_local

#: A promotion that lasts no longer is a flash sale.
FLASH = timedelta(days=3)
#: No more of a kind are drawn; the page says so.
MOST = 300


@dataclass(frozen=True, slots=True)
class Span:
    """The days shown, the last one not among them, and the moments at which they begin and end."""

    first: date
    last: date
    now: datetime

    @property
    def begins(self) -> datetime:
        """Return the first moment."""
        return at_local(self.first, time(), clock.shop_zone())

    @property
    def ends(self) -> datetime:
        """Return the moment after the last."""
        return at_local(self.last, time(), clock.shop_zone())

    @property
    def today(self) -> date:
        """Return the shop's day."""
        return self.now.astimezone(clock.shop_zone()).date()

    def day_of(self, at: datetime) -> date:
        """Return the shop's day of a moment."""
        return at.astimezone(clock.shop_zone()).date()


@dataclass(frozen=True, slots=True)
class Entry:
    """Something on the calendar, from its first to its last day; `at` is the hour where it has one.

    `state` is draft, planned, running, over or off. `audience` are the segments it writes to (None is
    everyone), empty where it writes to nobody; `open_start` and `open_end` say that it has no such end.
    """

    key: str
    kind: str
    title: str
    first: date
    last: date
    url: str
    state: str
    note: str = ""
    at: datetime | None = None
    icon: str = ""
    audience: tuple[UUID | None, ...] = field(default=())
    open_start: bool = False
    open_end: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of entry: its name, the right to see it, and where it comes from."""

    key: str
    label: Any
    permission: str
    find: Callable[[Span], Iterable[Entry]]


def entries(span: Span, user: User, kinds: Iterable[str] = ()) -> list[Entry]:
    """Return what a person may see of a span, by day and hour. `kinds` narrows it."""
    wanted = set(kinds)
    found = [
        entry
        for kind in allowed(user)
        if not wanted or kind.key in wanted
        for entry in kind.find(span)
        if entry.first < span.last and entry.last >= span.first
    ]
    return sorted(found, key=lambda e: (e.first, e.at or span.begins, -(e.last - e.first).days, e.title))


def allowed(user: User) -> list[Kind]:
    """Return the kinds that a person may see."""
    return [kind for kind in KINDS if user.has_perm(kind.permission)]


def campaigns(span: Span) -> Iterator[Entry]:
    """Yield sendings that went, slots to come, and triggered campaigns as bands. Two queries."""
    shown = Campaign.objects.filter(archived_at=None).exclude(state=Campaign.State.CANCELLED)
    plans = shown.filter(
        Q(timing__in=[Timing.AT, Timing.RECURRING])
        & (Q(ends_on=None) | Q(ends_on__gte=span.first))
        & (Q(on_day=None) | Q(on_day__lt=span.last))
        | Q(timing=Timing.TRIGGERED, launched_at__lt=span.ends)
        & (Q(finished_at=None) | Q(finished_at__gte=span.begins))
    )
    for campaign in plans.order_by("pk")[:MOST]:
        if campaign.timing == Timing.TRIGGERED:
            yield _band(campaign, span)
        elif campaign.state not in (Campaign.State.FINISHED, Campaign.State.PAUSED):
            yield from _slots(campaign, span)
    runs = Run.objects.filter(
        source=SOURCE, retry_of=None, open_until=None, created_at__gte=span.begins, created_at__lt=span.ends
    )
    went = list(runs.order_by("created_at")[:MOST])
    by_id = {str(c.pk): c for c in Campaign.objects.filter(pk__in={run.reference for run in went})}
    for run in went:
        if campaign := by_id.get(run.reference):
            yield _sent(campaign, run, span)


def _band(campaign: Campaign, span: Span) -> Entry:
    assert campaign.launched_at is not None  # noqa: S101  asked for in the query
    running = campaign.state == Campaign.State.RUNNING
    last = span.day_of(campaign.finished_at) if campaign.finished_at else span.last
    if campaign.ends_on:
        last = min(last, campaign.ends_on)
    return Entry(
        key=f"campaign-{campaign.pk}", kind="campaign", title=campaign.name, icon="bolt",
        first=span.day_of(campaign.launched_at), last=last,
        open_end=campaign.finished_at is None and campaign.ends_on is None,
        url=_report(campaign),
        state="running" if running else "over" if campaign.finished_at else "off",
        note=_("runs by itself"),
    )  # fmt: skip


def _slots(campaign: Campaign, span: Span) -> Iterator[Entry]:
    """Yield what is still to come: of a draft where it would, of a scheduled one from its next slot on."""
    draft = campaign.state == Campaign.State.DRAFT
    if campaign.at_time is None or (campaign.next_day is None and not draft):
        return
    day = campaign.next_day or campaign.on_day
    if campaign.timing == Timing.RECURRING:
        begin = max(campaign.next_day or campaign.on_day or span.today, span.first, span.today)
        slot = slot_after(campaign, begin - timedelta(days=1))
        while slot is not None and slot.day < span.last:
            yield _planned(campaign, slot.day)
            slot = slot_after(campaign, slot.day)
    elif day is not None:
        yield _planned(campaign, day)


def _planned(campaign: Campaign, day: date) -> Entry:
    assert campaign.at_time is not None  # noqa: S101  asked for by the caller
    draft = campaign.state == Campaign.State.DRAFT
    hour = _("by each recipient's clock") if campaign.each_zone else ""
    return Entry(
        key=f"campaign-{campaign.pk}-{day}", kind="campaign", title=campaign.name, first=day, last=day,
        icon="repeat" if campaign.timing == Timing.RECURRING else "send",
        at=at_local(day, campaign.at_time, clock.shop_zone()), url=_report(campaign),
        state="draft" if draft else "planned",
        note=", ".join(filter(None, [_("draft") if draft else _("planned"), hour])),
        audience=(campaign.segment_id,),
    )  # fmt: skip


def _sent(campaign: Campaign, run: Run, span: Span) -> Entry:
    day = span.day_of(run.created_at)
    people = ngettext("to %(people)s person", "to %(people)s people", run.audience)
    return Entry(
        key=f"run-{run.pk}", kind="campaign", title=campaign.name, icon="send", first=day, last=day,
        at=run.created_at, url=_report(campaign),
        state="running" if run.state == Run.State.RUNNING else "over",
        note=people % {"people": number(run.audience)}, audience=(campaign.segment_id,),
    )  # fmt: skip


def _report(campaign: Campaign) -> str:
    if campaign.state == Campaign.State.DRAFT:
        return reverse("admin:campaign_plan", args=[campaign.pk, "goal"])
    return reverse("admin:campaign_report", args=[campaign.pk])


_OFFER_STATES = {"running": "running", "planned": "planned", "draft": "draft", "over": "over"}


def promotions(span: Span) -> Iterator[Entry]:
    """Yield promotions as bands, and flash sales; what holds for ever has no days. One query."""
    shown = Promotion.objects.filter(
        Q(starts_at=None) | Q(starts_at__lt=span.ends),
        Q(ends_at=None) | Q(ends_at__gt=span.begins),
        archived_at=None,
    ).exclude(starts_at=None, ends_at=None)
    for promotion in shown.order_by("starts_at", "name")[:MOST]:
        starts, ends = promotion.starts_at, promotion.ends_at
        flash = starts is not None and ends is not None and ends - starts <= FLASH
        state = state_of(promotion, span.now)
        yield Entry(
            key=f"promotion-{promotion.pk}", kind="promotion", title=promotion.name,
            icon="flash_on" if flash else "sell",
            first=span.day_of(starts) if starts else span.first,
            # One that ends at midnight does not hold on the day that begins then.
            last=span.day_of(ends - timedelta(microseconds=1)) if ends else span.last,
            open_start=starts is None, open_end=ends is None,
            at=starts if flash else None,
            url=reverse("admin:promotion_edit", args=[promotion.pk]),
            state=_OFFER_STATES.get(state.key, "off"),
            note=", ".join(filter(None, [_("flash sale") if flash else "", state.label])),
        )  # fmt: skip


def codes(span: Span) -> Iterator[Entry]:
    """Yield the days on which codes that people hold end, pool by pool. One query by their index."""
    held = (
        Coupon.objects.filter(
            customer__isnull=False, used=0, expires_at__gte=span.begins, expires_at__lt=span.ends
        )
        .values("pool_id", "pool__name", "expires_at__date")
        .annotate(n=Count("pk"))
        .order_by("expires_at__date", "pool__name")
    )
    for row in held[:MOST]:
        day = row["expires_at__date"]
        count = ngettext("%(codes)s code ends", "%(codes)s codes end", row["n"])
        yield Entry(
            key=f"codes-{row['pool_id']}-{day}", kind="codes", title=row["pool__name"], icon="timer",
            first=day, last=day, url=reverse("admin:offer_pool", args=[row["pool_id"]]),
            state="planned" if day >= span.today else "over", note=count % {"codes": number(row["n"])},
        )  # fmt: skip


def experiments(span: Span) -> Iterator[Entry]:
    """Yield the windows in which tests are measured. One query."""
    shown = Experiment.objects.filter(
        kind=Experiment.Kind.LIVE, starts_at__isnull=False, starts_at__lt=span.ends
    ).exclude(state=Experiment.State.ARCHIVED)
    for test in shown.order_by("-starts_at")[:MOST]:
        assert test.starts_at is not None  # noqa: S101  asked for in the query
        first = span.day_of(test.starts_at)
        yield Entry(
            key=f"experiment-{test.pk}", kind="experiment", title=test.name, icon="science", first=first,
            last=first + timedelta(days=test.window_days),
            url=reverse("admin:experiment_report", args=[test.pk]),
            state="running" if test.state == Experiment.State.RUNNING else "over",
            note=capfirst(test.get_state_display()),
        )  # fmt: skip


KINDS = (
    Kind("campaign", gettext_lazy("Campaigns"), "campaigns.view_campaign", campaigns),
    Kind("promotion", gettext_lazy("Promotions"), "promotions.view_promotion", promotions),
    Kind("codes", gettext_lazy("Codes that end"), "coupons.view_couponpool", codes),
    Kind("experiment", gettext_lazy("Tests"), "experiments.view_experiment", experiments),
)
