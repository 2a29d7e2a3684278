"""REST: design tests, place a partner's own visitors, note whom they met, read what was found."""

from django.urls import re_path

from .designs import (
    ArchiveView,
    DecideView,
    ExperimentsView,
    ExperimentView,
    LookView,
    PauseView,
    ReportView,
    ResumeView,
    StartView,
)
from .people import AssignmentsView, AssignmentView, ExposuresView

_ONE = r"^experiments/(?P<key>[-\w]+)"
urlpatterns = [
    re_path(r"^experiments/?$", ExperimentsView.as_view(), name="api-experiments"),
    re_path(rf"{_ONE}/?$", ExperimentView.as_view(), name="api-experiment"),
    re_path(rf"{_ONE}/start/?$", StartView.as_view(), name="api-experiment-start"),
    re_path(rf"{_ONE}/pause/?$", PauseView.as_view(), name="api-experiment-pause"),
    re_path(rf"{_ONE}/resume/?$", ResumeView.as_view(), name="api-experiment-resume"),
    re_path(rf"{_ONE}/archive/?$", ArchiveView.as_view(), name="api-experiment-archive"),
    re_path(rf"{_ONE}/look/?$", LookView.as_view(), name="api-experiment-look"),
    re_path(rf"{_ONE}/decide/?$", DecideView.as_view(), name="api-experiment-decide"),
    re_path(rf"{_ONE}/report/?$", ReportView.as_view(), name="api-experiment-report"),
    re_path(rf"{_ONE}/assignment/?$", AssignmentView.as_view(), name="api-experiment-assignment"),
    re_path(rf"{_ONE}/assignments/?$", AssignmentsView.as_view(), name="api-experiment-assignments"),
    re_path(rf"{_ONE}/exposures/?$", ExposuresView.as_view(), name="api-experiment-exposures"),
]
