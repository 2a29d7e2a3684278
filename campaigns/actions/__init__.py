"""What can be done with a campaign: one verb, one module. Permission, effect, audit, done."""

from .cancel_campaign import cancel_campaign
from .create_campaign import create_campaign
from .launch_campaign import launch_campaign
from .pace_campaign import pace_campaign
from .pause_campaign import pause_campaign
from .plan_test import ArmPlan, plan_test
from .preview_campaign import preview_campaign
from .resume_campaign import resume_campaign

__all__ = [
    "ArmPlan",
    "cancel_campaign",
    "create_campaign",
    "launch_campaign",
    "pace_campaign",
    "pause_campaign",
    "plan_test",
    "preview_campaign",
    "resume_campaign",
]
