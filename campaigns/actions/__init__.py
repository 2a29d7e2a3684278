"""What can be done with a campaign: one verb, one module. Permission, effect, audit, done."""

from .approve_campaign import approve_campaign, ask_for_approval, send_back
from .cancel_campaign import cancel_campaign
from .change_campaign import change_campaign
from .create_campaign import create_campaign
from .draft_campaign import draft_campaign
from .file_campaign import archive_campaign, clone_campaign, delete_campaign
from .launch_campaign import launch_campaign, put_in_order
from .pace_campaign import pace_campaign
from .pause_campaign import pause_campaign
from .plan_test import ArmPlan, plan_test
from .preview_campaign import preview_campaign
from .resume_campaign import resume_campaign
from .undo_launch import undo_launch

__all__ = [
    "ArmPlan",
    "approve_campaign",
    "archive_campaign",
    "ask_for_approval",
    "cancel_campaign",
    "change_campaign",
    "clone_campaign",
    "create_campaign",
    "delete_campaign",
    "draft_campaign",
    "launch_campaign",
    "pace_campaign",
    "pause_campaign",
    "plan_test",
    "preview_campaign",
    "put_in_order",
    "resume_campaign",
    "send_back",
    "undo_launch",
]
