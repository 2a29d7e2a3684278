"""The demo's steps in order: each is a job that real workers run, or a click that a marketer makes."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.core.management import CommandError
from django.db.models import QuerySet

from accounts.dispatch import start_job
from accounts.models import Job, User
from campaigns.actions import create_campaign, launch_campaign
from campaigns.content.services import needs
from campaigns.content.starters import ensure_starter_templates
from campaigns.coupons.models import CouponPool
from campaigns.coupons.pools import create_pool, generate_codes
from campaigns.experiments.models import Experiment
from campaigns.experiments.services import create_experiment
from campaigns.models import Campaign
from campaigns.promotions.models import Promotion
from campaigns.promotions.services import create_promotion
from campaigns.rehearsal import dispatch as rehearsing
from campaigns.rehearsal.selectors import rehearsals_of
from console.demo import story
from console.demo.ticker import Ticker
from core import clock
from delivery.models import Run
from delivery.selectors import breakdown
from recommendations.models import ModelVersion, Strategy
from segments.models import Segment

Say = Callable[[str], None]

_POLL_SECONDS = 0.5
_LONGEST_JOB_SECONDS = 1800
_LONGEST_DELIVERY_SECONDS = 600


def run_job(kind: str, say: Say, user: User, **parameters: Any) -> dict[str, Any]:
    """Start a job, tell its progress and return its result.

    Somebody who waits reads a line at least every few seconds. When they stop waiting, the job is asked
    to stop too. Raises CommandError with the job's reason.
    """
    return follow(start_job(kind, now=clock.now(), user=user, parameters=parameters), say)


def follow(job: Job, say: Say) -> dict[str, Any]:
    """Tell a job's progress and return its result, as `run_job` does."""
    try:
        return _watched(job, Ticker(say))
    except KeyboardInterrupt:
        waiting = Job.objects.filter(pk=job.pk, state=Job.State.QUEUED)
        waiting.update(state=Job.State.CANCELLED, finished_at=clock.now())
        Job.objects.filter(pk=job.pk).update(cancel_requested=True)
        raise


def _watched(job: Job, ticker: Ticker) -> dict[str, Any]:
    until = time.monotonic() + _LONGEST_JOB_SECONDS
    while time.monotonic() < until:
        job.refresh_from_db()
        if job.state == Job.State.DONE:
            return dict(job.result or {})
        if job.state in (Job.State.FAILED, Job.State.CANCELLED):
            raise CommandError(f"{job.title}: {job.error or job.get_state_display()}")
        ticker(f"{job.title}: {_progress(job)}")
        time.sleep(_POLL_SECONDS)
    raise CommandError(f"{job.title} took longer than {_LONGEST_JOB_SECONDS // 60} minutes.")


def _progress(job: Job) -> str:
    if job.state == Job.State.QUEUED:
        return "waiting for a worker"
    share = f"{100 * job.done // job.total} % " if job.total else ""
    return f"{share}{job.message}".strip() or "started"


def import_data(say: Say, user: User, households: int | None) -> datetime:
    """Import what is missing of the data set. Returns the moment when all of it was in for the first time."""
    chosen = {"dataset": story.DATASET, "households": households}
    run_job("import", say, user, **chosen)
    whole = Job.objects.filter(kind="import", state=Job.State.DONE, parameters=chosen).earliest("finished_at")
    assert whole.finished_at is not None  # noqa: S101  it is done
    return whole.finished_at


def learn(kind: str, say: Say, user: User, since: datetime, as_of: datetime = story.LAUNCH) -> dict[str, Any]:
    """Run a job as of a moment once, after the data of `since`; later it returns the result there is.

    The shop lives on after the demo: what is known of it stands at its present, and a second demo must not
    throw it back.
    """
    chosen = {"as_of": as_of.isoformat()}
    known = _finished(kind, since).filter(parameters=chosen).order_by("-created_at").first()
    return dict(known.result or {}) if known else run_job(kind, say, user, **chosen)


def _finished(kind: str, since: datetime) -> QuerySet[Job]:
    return Job.objects.filter(kind=kind, state=Job.State.DONE, created_at__gte=since)


def train(say: Say, user: User, since: datetime) -> dict[str, Any]:
    """Train as of the launch, unless exactly these strategies have learnt from the data of `since`."""
    wanted = set(Strategy.objects.filter(active=True).values_list("key", flat=True))
    known = {
        version.strategy.key: version
        for version in ModelVersion.objects.filter(as_of=story.LAUNCH)
        .select_related("strategy")
        .order_by("created_at")
    }
    if wanted and wanted <= known.keys():
        return learn("train", say, user, since)
    return run_job("train", say, user, as_of=story.LAUNCH.isoformat())


def prepare_offers(user: User, now: datetime) -> list[CouponPool]:
    """Store the demo's promotions and its pools of codes, once. The first pool is the campaign's."""
    known = set(Promotion.objects.values_list("slug", flat=True))
    for fields in story.PROMOTIONS:
        if fields["slug"] not in known:
            create_promotion(**fields, currency=story.CURRENCY, user=user, now=now)
    return [_pool(pool, user, now) for pool in story.POOLS]


def _pool(told: story.PoolStory, user: User, now: datetime) -> CouponPool:
    pool = CouponPool.objects.filter(name=told.name).first()
    if pool is None:
        promotion = Promotion.objects.get(slug=told.promotion)
        pool = create_pool(name=told.name, promotion=promotion, prefix=told.prefix, user=user, now=now)
        generate_codes(pool, story.CODES, user=user, now=now)
    return pool


def prepare_campaigns(user: User, pool: CouponPool, now: datetime) -> list[Campaign]:
    """Store the three campaigns and the experiment as drafts, once."""
    templates = ensure_starter_templates(now)
    experiment = Experiment.objects.filter(key=story.EXPERIMENT).first() or create_experiment(
        key=story.EXPERIMENT,
        name="Best-sellers or the hybrid?",
        hypothesis="People buy more from lists made for them than from the best-seller list.",
        kind=Experiment.Kind.REPLAY,
        salt=story.SALT,
        variants=story.VARIANTS,
        holdout_share=story.HOLDOUT,
        window_days=story.WINDOW_DAYS,
        now=now,
    )
    extras: dict[str, dict[str, Any]] = {
        story.EMAIL.slug: {"content": templates["recommendations"], "experiment": experiment},
        story.COUPON.slug: {"content": templates["coupon"], "pool": pool},
        story.PROMOTION.slug: {"promotion": Promotion.objects.get(slug=story.PROMOTION.slug)},
    }
    found = []
    for plan in (story.EMAIL, story.COUPON, story.PROMOTION):
        campaign = Campaign.objects.filter(slug=plan.slug).first() or create_campaign(
            slug=plan.slug,
            name=plan.name,
            kind=plan.kind,
            segment=Segment.objects.get(slug=plan.segment) if plan.segment else None,
            objective=story.OBJECTIVE,
            goal_days=story.WINDOW_DAYS,
            user=user,
            now=now,
            **extras[plan.slug],
        )
        found.append(campaign)
    return found


def rehearse_mail(campaigns: list[Campaign], say: Say, user: User) -> None:
    """Play the e-mail on the months before, while it is a draft; what it then met stands beside it later."""
    email = _email(campaigns)
    if email.state == Campaign.State.DRAFT and not rehearsals_of(email).exists():
        follow(rehearsing.begin(email, now=clock.now(), as_of=story.LAUNCH, user=user), say)


def launch(campaign: Campaign, user: User) -> None:
    """Launch a draft as of the story's day; one that was launched before is left alone."""
    if campaign.state == Campaign.State.DRAFT:
        launch_campaign(campaign, user=user, as_of=story.LAUNCH, now=clock.now())


def wait_for_delivery(campaigns: list[Campaign], say: Say) -> None:
    """Tell how many have been sent until nothing is left to send."""
    references = [str(campaign.pk) for campaign in campaigns]
    until, ticker = time.monotonic() + _LONGEST_DELIVERY_SECONDS, Ticker(say)
    while time.monotonic() < until:
        runs = Run.objects.filter(source="campaign", reference__in=references)
        parts = breakdown([run.pk for run in runs]).values()
        settled = sum(part.audience - part.pending - part.claimed - part.sending for part in parts)
        ticker(f"{settled:,} of {sum(part.audience for part in parts):,} messages settled")
        if not runs.filter(state=Run.State.RUNNING).exists():
            return
        time.sleep(_POLL_SECONDS)
    raise CommandError("The messages were not sent in time. Is a worker running? See manage.py up.")


def products_shown(campaigns: list[Campaign]) -> int:
    """Return how many products the e-mail shows: the length of the list that the replay judges."""
    email = _email(campaigns)
    return needs(email.content).products if email.content else 0


def _email(campaigns: list[Campaign]) -> Campaign:
    (email,) = (campaign for campaign in campaigns if campaign.slug == story.EMAIL.slug)
    return email
