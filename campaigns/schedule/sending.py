"""Handing a campaign's audience to the outbox."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from campaigns import audience
from campaigns.experiments import services as experiments
from campaigns.experiments.models import Wave
from campaigns.models import Campaign
from campaigns.schedule.hours import at_their_hour, hours_of
from campaigns.schedule.learned import at_learned_hours
from campaigns.schedule.slots import Slot, due_by_zone
from campaigns.targeting.launching import begin, keep_known
from campaigns.tuning import choosing
from campaigns.values import in_the_draw, tests_values
from delivery import dispatch
from delivery import services as delivery
from delivery.models import Run
from delivery.schedule.spreading import spread
from delivery.schedule.zones import at_their_time

#: The name under which campaigns register with delivery.sources.
SOURCE = "campaign"


def send(
    campaign: Campaign, *, as_of: datetime, now: datetime, slot: Slot | None = None, wave: Wave | None = None
) -> Run:
    """Freeze the audience of a launch, a slot or a wave, and wake the workers. A repeat changes nothing.

    A slot by each recipient's clock costs one more pass over the audience, spreading it another. A
    promotion's announcement is of no use after its end. A test in waves sends its first one here; beat the
    others (campaigns.waves).
    """
    members = audience.members(campaign, as_of=as_of)
    if (group := experiments.current()) is not None:
        experiments.fill(group, now=now, among=members)
    if campaign.experiment is not None:
        wave = wave or experiments.first_wave(campaign.experiment, now)
        drawn = in_the_draw(members, campaign) if tests_values(campaign.experiment) else members
        experiments.assign(campaign.experiment, query=drawn, now=now, wave=wave)
        experiments.start(campaign.experiment, as_of)
        if offers_codes(campaign):
            keep_known(campaign.experiment, members, now=now)
    if campaign.plan is not None:
        begin(campaign.plan, as_of)
    launch = slot.day.isoformat() if slot else "1"
    if wave is not None and wave.number > 1:
        launch = f"wave-{wave.number}"
    sql, params = audience.messages(campaign, as_of=as_of, due_at=now, wave=wave)
    people: tuple[str, Sequence[Any]] = (sql, params)
    if choice := choosing.choice_for(campaign, now=now):
        people = choosing.drawn((sql, params), choice, salt=f"{campaign.pk}:{launch}")
    usual = due_by_zone(campaign, slot, now=now) if slot is not None else None
    if usual is not None and (campaign.each_zone or campaign.learned_hours):
        people = at_their_time(people, usual)
    if hours := hours_of(campaign.experiment):
        people = at_their_hour(people, hours, now=now)
    if campaign.learned_hours:
        salt = f"{campaign.pk}:{launch}:hours"
        people = at_learned_hours(people, salt=salt, usual=usual or (lambda _zone: now), slot=slot, now=now)
    if campaign.spread_hours:
        people = spread(people, timedelta(hours=campaign.spread_hours), seed=f"{campaign.pk}:{launch}")
    run = delivery.launch(
        source=SOURCE,
        reference=str(campaign.pk),
        channel=campaign.channel,
        topic=campaign.topic,
        audience=people,
        as_of=as_of,
        now=now,
        launch=launch,
        per_hour=campaign.per_hour,
        expires_at=promotion_ends(campaign),
        priority=campaign.priority,
        holidays=campaign.holidays,
    )
    dispatch.wake(run.pk)
    return run


def offers_codes(campaign: Campaign) -> bool:
    """Say whether a test is about codes that no plan hands out: its hold-out tells whom they change."""
    if campaign.experiment is None or campaign.plan_id is not None or not campaign.experiment.holdout_share:
        return False
    arms = campaign.experiment.variants.filter(levers__has_key="pool")
    return campaign.pool_id is not None or arms.exists()


def promotion_ends(campaign: Campaign) -> datetime | None:
    """Return when the announced promotion ends."""
    if campaign.kind != Campaign.Kind.PROMOTION or campaign.promotion is None:
        return None
    return campaign.promotion.ends_at
