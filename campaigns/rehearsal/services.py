"""Rehearse a campaign and keep what came out."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

import orjson
from django.db import transaction

from accounts import audit
from accounts.jobs import Progress, silent
from accounts.models import User
from campaigns.actions.preview_campaign import held_out_share
from campaigns.models import Campaign
from campaigns.planning.fingerprint import fingerprint
from campaigns.rehearsal.asking import Asked, asked_by, dates_of, is_triggered
from campaigns.rehearsal.bought import orders_between
from campaigns.rehearsal.expecting import expected
from campaigns.rehearsal.models import Rehearsal
from campaigns.rehearsal.past import known_since
from campaigns.rehearsal.playing import History, Played, play
from campaigns.rehearsal.starts import WEEK
from profiles import calendar

#: Raised when the same facts and plan come to other figures.
CODE_VERSION = "1"


def rehearse(
    campaign: Campaign,
    *,
    as_of: datetime,
    now: datetime,
    user: User | None = None,
    actor: str = "",
    progress: Progress = silent,
) -> Rehearsal:
    """Play a campaign on up to six earlier dates, say what a launch now would bring, and keep it.

    Nothing else changes. What history cannot answer is said instead of guessed: an audience by scores or
    personas, of which no history is kept, has no dates. 200,000 customers with 10 million events take about
    20 s without profiles and 100 s with them on busy cores (docs/rehearsal.md); memory is that of the orders.
    """
    began = perf_counter()
    asked = asked_by(campaign)
    dates = dates_of(campaign, as_of=as_of) if not asked.unanswerable else []
    played = play_all(campaign, asked, dates, as_of=as_of, progress=progress)
    inputs = _inputs(campaign, asked, dates, as_of)
    progress(len(dates) + 1, len(dates) + 2, "figures")
    figures = {
        "dates": [one.as_json() for one in played],
        "expected": [figure.as_json() for figure in expected(campaign, played, now=now, as_of=as_of)],
    }
    kept = Rehearsal(
        campaign=campaign,
        fingerprint=inputs["fingerprint"],
        as_of=as_of,
        code_version=CODE_VERSION,
        inputs=inputs,
        figures=figures,
        digest=digest(inputs, figures),
        seconds=round(perf_counter() - began, 2),
        created_at=now,
        created_by=user,
    )
    with transaction.atomic():
        kept.save()
        known = {"id": str(kept.pk)}
        audit.record(
            action="rehearse_campaign", target=campaign, now=now, user=user, actor=actor, after=known
        )
    progress(len(dates) + 2, len(dates) + 2)
    return kept


def play_all(
    campaign: Campaign,
    asked: Asked,
    dates: Sequence[datetime],
    *,
    as_of: datetime,
    progress: Progress = silent,
) -> list[Played]:
    """Play a campaign on some dates. Facts from `as_of` on are never read."""
    if not dates:
        return []
    progress(0, len(dates) + 2, "history")
    if asked.columns:
        calendar.refresh(as_of)  # holidays, which a shop without profiles has not stored yet
    first = min(dates) - (WEEK if is_triggered(campaign) else timedelta(0))
    history = History(known_since(first=first, last=max(dates)), orders_between(first, as_of))
    played = []
    for number, date in enumerate(dates, start=1):
        played.append(play(campaign, asked, history, at=date))
        progress(number, len(dates) + 2, f"{date:%Y-%m-%d}")
    return played


def digest(inputs: dict[str, Any], figures: dict[str, Any]) -> str:
    """Return the digest of a rehearsal's inputs and figures."""
    return hashlib.sha256(orjson.dumps([inputs, figures], option=orjson.OPT_SORT_KEYS)).hexdigest()


def _inputs(campaign: Campaign, asked: Asked, dates: Sequence[datetime], as_of: datetime) -> dict[str, Any]:
    segments = {
        name: {"slug": segment.slug, "version": segment.version}
        for name, segment in (("segment", campaign.segment), ("trigger_segment", campaign.trigger_segment))
        if segment is not None
    }
    return {
        "as_of": as_of.isoformat(),
        "dates": [date.isoformat() for date in dates],
        "window_days": campaign.goal_days,
        "triggered": is_triggered(campaign),
        "channel": campaign.channel,
        "topic": campaign.topic,
        "held_out_share": round(held_out_share(campaign), 6),
        "unanswerable": list(asked.unanswerable),
        "fingerprint": fingerprint(campaign),
        "code_version": CODE_VERSION,
        **segments,
    }
