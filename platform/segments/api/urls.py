"""Where segments stand in the REST interface."""

from django.urls import re_path

from segments.api import asking, members, views

_ID = r"(?P<id>[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})"

urlpatterns = [
    re_path(r"^segments/?$", views.SegmentList.as_view(), name="api-segments"),
    re_path(r"^segments/schema/?$", asking.SegmentSchema.as_view(), name="api-segments-schema"),
    re_path(r"^segments/preview/?$", asking.SegmentPreview.as_view(), name="api-segments-preview"),
    re_path(r"^segments/explain/?$", asking.SegmentExplain.as_view(), name="api-segments-explain"),
    re_path(r"^segments/overlap/?$", asking.SegmentOverlap.as_view(), name="api-segments-overlap"),
    re_path(rf"^segments/{_ID}/?$", views.SegmentDetail.as_view(), name="api-segment"),
    re_path(rf"^segments/{_ID}/members/?$", members.SegmentMembers.as_view(), name="api-segment-members"),
    re_path(rf"^segments/{_ID}/why/?$", asking.SegmentWhy.as_view(), name="api-segment-why"),
    re_path(rf"^segments/{_ID}/runs/?$", members.SegmentRuns.as_view(), name="api-segment-runs"),
]
