"""Who may do what with campaigns."""

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from accounts.models import User

LAUNCH = "campaigns.launch_campaign"


def require(user: User | None, permission: str) -> None:
    """Raise PermissionDenied when the person lacks the permission.

    No user means the platform itself: a command, a task, or a partner whose key's scope was checked.
    """
    if user is not None and not user.has_perm(permission):
        raise PermissionDenied(_("Your role may not do this with campaigns. Ask an admin for the right."))
