"""Staff roles: named groups whose permissions are stated here and synchronised after each migration."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import Group, Permission

#: Apps whose data every role may see.
_DATA = (
    "customers", "catalog", "events", "profiles", "recommendations", "segments", "delivery", "content",
    "promotions", "coupons", "experiments", "targeting", "campaigns", "outcomes", "integrations",
)  # fmt: skip
#: What a marketer works with.
_WORK = ("segments", "content", "promotions", "coupons", "experiments", "targeting", "campaigns")


#: Lists that a role may take out. Analysts get them without personal data.
_MARKETER_EXPORTS = (
    "export_customers", "export_products", "export_events", "export_segments", "export_campaigns",
    "export_coupons", "export_personal",
)  # fmt: skip
_APPROVER_EXPORTS = (*_MARKETER_EXPORTS, "export_suppressions", "export_consents", "export_audit")
_ANALYST_EXPORTS = (
    "export_customers", "export_products", "export_events", "export_segments", "export_campaigns",
    "export_coupons",
)  # fmt: skip
_IMPORTS = ("add_importrun", "change_importrun")
#: What a marketer does with delivery, and what an approver answers for.
_DELIVERY = {"change_run", "change_stafftask", "add_suppression"}
#: Whoever works with scores and personas may have them found anew, and says what a persona is called.
_TRAINING = ("add_scoreversion", "change_persona")
_SHARING = ("share_savedview",)
#: What a marketer may not do alone; the rules for it are an admin's.
_SECOND_PERSON = {"approve_campaign", "add_campaignrules", "change_campaignrules"}
_RULES = ("quiethours", "frequencycap", "marketrule", "warmup")
_APPROVED = {
    "delete_suppression",
    *(f"{verb}_{rule}" for verb in ("add", "change", "delete") for rule in _RULES),
}


def _views(permission: Permission) -> bool:
    app, code = permission.content_type.app_label, permission.codename
    return code.startswith("view_") and (app in _DATA or code == "view_job")


def _marketer(permission: Permission) -> bool:
    app, code = permission.content_type.app_label, permission.codename
    if app in _WORK:
        # Only drafts can be deleted at all.
        deletes = code.startswith("delete_") and code != "delete_campaign"
        return not deletes and code not in _SECOND_PERSON
    imports = app == "integrations" and code in (*_IMPORTS, *_MARKETER_EXPORTS)
    return _views(permission) or code in _DELIVERY or imports or code in (*_TRAINING, *_SHARING)


def _analyst(permission: Permission) -> bool:
    app, code = permission.content_type.app_label, permission.codename
    return (
        _views(permission)
        or code == "change_quarantinedevent"
        or code in (*_TRAINING, *_SHARING)
        or (app == "integrations" and code in _ANALYST_EXPORTS)
        or (app in {"segments", "experiments", "recommendations"} and not code.startswith("delete_"))
    )


def _approver(permission: Permission) -> bool:
    approved = {"view_auditentry", "merge_customer", "approve_campaign", *_APPROVED, *_APPROVER_EXPORTS}
    return _marketer(permission) or permission.codename in approved


ROLES: dict[str, Callable[[Permission], bool]] = {
    "viewer": _views,
    "marketer": _marketer,
    "approver": _approver,
    "analyst": _analyst,
    "admin": lambda permission: True,
}


def sync_roles(**kwargs: Any) -> None:
    """Give each role's group exactly its permissions. Runs after every migration; safe to repeat."""
    permissions = list(Permission.objects.select_related("content_type"))
    for name, allows in ROLES.items():
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.set([p for p in permissions if allows(p)])
