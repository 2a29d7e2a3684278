"""Step 2: who it is for, how many of them can be reached, and who drops out by which rule."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from campaigns.models import Campaign
from campaigns.planning.forecast import forecast
from campaigns.preflight import mails
from console.segments.reach import reach_of
from core import clock
from core.estimates import estimated_count
from customers.models import Customer
from segments.models import Segment
from segments.selectors import display_description, display_name

_MOST = 300


def context(campaign: Campaign, request: HttpRequest) -> dict[str, Any]:
    """Return the segments with their sizes. Two queries."""
    segments = list(Segment.objects.order_by("-ready_made", "name")[:_MOST])
    if campaign.segment is not None and campaign.segment not in segments:
        segments.insert(0, campaign.segment)
    here = urlencode({"campaign": campaign.pk})
    return {
        "segments": [
            {
                "pk": str(one.pk),
                "name": display_name(one),
                "note": display_description(one),
                "size": one.size,
                "edit": f"{reverse('admin:segment_edit', args=[one.pk])}?{here}",
            }
            for one in segments
        ],
        "everyone": estimated_count(Customer),
        "new_segment": f"{reverse('admin:segment_new')}?{here}",
        "may_add_segment": request.user.has_perm("segments.add_segment"),
    }


def live(campaign: Campaign, request: HttpRequest) -> dict[str, Any]:
    """Count the audience by every rule, and how the segment is reached by each channel."""
    return {
        "forecast": forecast(campaign, now=clock.now(), as_of=clock.knowledge_now()),
        "mails": mails(campaign),
        "channels": reach_of(campaign.segment) if campaign.segment else [],
    }
