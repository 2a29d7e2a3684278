"""The console's own pages, under the admin's address and name space."""

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, path

from console import jobs, mailbox
from console.campaign_control import Control
from console.campaign_launch import Review
from console.campaign_report import CampaignReport
from console.customer import Customer360
from console.deliverability import CheckDomain, Deliverability
from console.experiment import ExperimentReport
from console.recommendations import Recommendations, RollBack


def pages(signed_in: Callable[[Any], Any]) -> list[URLPattern]:
    """Return the pages, each wrapped by the site's sign-in check."""
    table = [
        ("customers/<int:pk>/", Customer360, "customer_360"),
        ("campaigns/<uuid:pk>/report/", CampaignReport, "campaign_report"),
        ("campaigns/<uuid:pk>/review/", Review, "campaign_review"),
        ("campaigns/<uuid:pk>/<slug:verb>/", Control, "campaign_control"),
        ("experiments/<uuid:pk>/", ExperimentReport, "experiment_report"),
        ("recommendations/", Recommendations, "recommendations"),
        ("recommendations/decisions/<uuid:pk>/roll-back/", RollBack, "tuning_roll_back"),
        ("deliverability/", Deliverability, "deliverability"),
        ("deliverability/check/", CheckDomain, "deliverability_check"),
        ("mailbox/", mailbox.Mailbox, "mailbox"),
        ("mailbox/<uuid:pk>/", mailbox.Mail, "mail"),
        ("mailbox/<uuid:pk>/preview/", mailbox.Preview, "mail_preview"),
        ("jobs/bell/", jobs.Bell, "jobs_bell"),
        ("jobs/<uuid:pk>/", jobs.JobPage, "job"),
        ("jobs/<uuid:pk>/progress/", jobs.Progress, "job_progress"),
        ("jobs/<uuid:pk>/cancel/", jobs.Cancel, "job_cancel"),
    ]
    return [path(route, signed_in(view.as_view()), name=name) for route, view, name in table]
