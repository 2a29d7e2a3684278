"""The console's own pages, under the admin's address and name space."""

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, path

from console import exports, imports, jobs, mailbox
from console.campaign_control import Control
from console.campaign_launch import Review
from console.campaign_report import CampaignReport
from console.customer import Customer360
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
        ("mailbox/", mailbox.Mailbox, "mailbox"),
        ("mailbox/<uuid:pk>/", mailbox.Mail, "mail"),
        ("mailbox/<uuid:pk>/preview/", mailbox.Preview, "mail_preview"),
        ("imports/", imports.Imports, "imports"),
        ("imports/upload/", imports.Upload, "import_upload"),
        ("imports/<uuid:key>/", imports.Import, "import"),
        ("imports/<uuid:key>/map/", imports.Map, "import_map"),
        ("imports/<uuid:key>/progress/", imports.ImportProgress, "import_progress"),
        ("imports/<uuid:key>/errors/", imports.Errors, "import_errors"),
        ("imports/<uuid:key>/<slug:verb>/", imports.Act, "import_act"),
        ("exports/<uuid:pk>/", exports.ExportPage, "export"),
        ("exports/<uuid:pk>/download/", exports.Download, "export_download"),
        ("jobs/bell/", jobs.Bell, "jobs_bell"),
        ("jobs/<uuid:pk>/", jobs.JobPage, "job"),
        ("jobs/<uuid:pk>/progress/", jobs.Progress, "job_progress"),
        ("jobs/<uuid:pk>/cancel/", jobs.Cancel, "job_cancel"),
    ]
    return [path(route, signed_in(view.as_view()), name=name) for route, view, name in table]
