"""What trains and what waits, what came of it, and what training may use."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy

from accounts.models import Job
from console.data.jobs import view_of
from console.page import Page
from core import clock
from recommendations.models import ModelVersion, Serving
from recommendations.services.refreshing import DRIFT_AT, FEWEST, FULL_AT, UNKNOWN_AT, WARM_AT, growth

KINDS = ("train", "recommendation-lists", "search-strategy", "forecast-demand", "review-lists", "bundles")
SHOWN = 25
VERSIONS = 15


class Trainings(Page):
    """The queue of the training workers, as far as recommendations use it."""

    permission_required = ("recommendations.view_modelversion",)
    template_name = "console/recommendations/trainings.html"
    title = gettext_lazy("Trainings")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return jobs, versions, what came in since the last training, and the limits. Five queries."""
        now = clock.now()
        jobs = Job.objects.filter(kind__in=KINDS).select_related("started_by").order_by("-created_at")
        open_jobs = jobs.filter(state__in=[Job.State.QUEUED, Job.State.RUNNING])
        versions = list(ModelVersion.objects.select_related("strategy").order_by("-created_at")[:VERSIONS])
        turns = set(Serving.objects.filter(until=None).values_list("version_id", flat=True))
        grown = growth(clock.knowledge_now())
        return super().get_context_data(
            going=[view_of(job, now) for job in open_jobs[:SHOWN]],
            done=list(jobs.exclude(state__in=[Job.State.QUEUED, Job.State.RUNNING])[:SHOWN]),
            versions=[(version, version.pk in turns) for version in versions],
            grown=grown,
            share=grown.purchases / max(grown.facts, 1) if grown else None,
            unknown=grown.unknown / grown.purchases if grown and grown.purchases else None,
            warm_at=WARM_AT,
            full_at=FULL_AT,
            unknown_at=UNKNOWN_AT,
            drift_at=DRIFT_AT,
            fewest=FEWEST,
            minutes=settings.TRAINING_TIME_LIMIT // 60,
            may_cancel=self.request.user.has_perm("accounts.change_job"),
            may_train=self.request.user.has_perm("recommendations.change_strategy"),
            **kwargs,
        )
