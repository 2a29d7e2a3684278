"""The sidebar and the rows of tabs: what stands where, who may see it, when it is lit.

Read by the settings module before any app is loaded, so callables are named by their dotted paths.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from django.http import HttpRequest
from django.urls import reverse, reverse_lazy
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _


@cache
def _root() -> str:
    return reverse("admin:index")


def _under(*paths: str) -> Callable[[HttpRequest], bool]:
    """Say whether a request is for one of the admin's parts, compared by whole path segments."""

    def active(request: HttpRequest) -> bool:
        return any(request.path.startswith(f"{_root()}{path}/") for path in paths)

    return active


def _allowed(*permissions: str) -> Callable[[HttpRequest], bool]:
    def permission(request: HttpRequest) -> bool:
        return any(request.user.has_perm(code) for code in permissions)

    return permission


def _item(
    title: Any, icon: str, url: str, permission: str, *paths: str, badge: str = "", variant: str = ""
) -> dict[str, Any]:
    item: dict[str, Any] = {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{url}"),
        "permission": _allowed(permission),
        "active": _under(*paths),
    }
    if badge:
        item |= {"badge": badge, "badge_variant": variant}
    return item


def _tab(title: Any, model: str) -> dict[str, Any]:
    app, name = model.split(".")
    return {
        "title": title,
        "link": reverse_lazy(f"admin:{app}_{name}_changelist"),
        "permission": _allowed(f"{app}.view_{name}"),
        "active": _under(f"{app}/{name}"),
    }


def _tabs(*tabs: tuple[Any, str]) -> dict[str, Any]:
    """Put the lists that belong together under one row of tabs."""
    return {"models": [model for _title, model in tabs], "items": [_tab(*tab) for tab in tabs]}


NAVIGATION: list[dict[str, Any]] = [
    {
        "items": [
            {
                "title": _("Home"),
                "icon": "home",
                "link": reverse_lazy("admin:index"),
                "active": lambda request: request.path == _root(),
            }
        ]
    },
    {
        "title": _("Audience"),
        "separator": True,
        "items": [
            _item(
                _("Customers"),
                "group",
                "customers_customer_changelist",
                "customers.view_customer",
                "customers",
                "profiles",
            ),
            _item(
                _("Segments"),
                "pie_chart",
                "segments_segment_changelist",
                "segments.view_segment",
                "segments",
            ),
            _item(
                _("Personas"),
                "diversity_3",
                "personas",
                "profiles.view_persona",
                "people/personas",
                "people/lifecycle",
                "people/classes",
            ),
            _item(
                _("Scores"),
                "insights",
                "scores",
                "profiles.view_scoreversion",
                "scores",
            ),
            _item(
                _("What we know"),
                "psychology",
                "known",
                "profiles.view_customerprofile",
                "people/known",
            ),
            _item(
                _("Products"),
                "inventory_2",
                "catalog_product_changelist",
                "catalog.view_product",
                "catalog",
                "products",
            ),
        ],
    },
    {
        "title": _("Engage"),
        "separator": True,
        "items": [
            _item(
                _("Campaigns"),
                "campaign",
                "campaigns_campaign_changelist",
                "campaigns.view_campaign",
                "campaigns",
                badge="console.shell.sending_badge",
                variant="success",
            ),
            {
                "title": _("Calendar"),
                "icon": "calendar_month",
                "link": reverse_lazy("admin:calendar"),
                "permission": _allowed("campaigns.view_campaign", "promotions.view_promotion"),
                "active": _under("calendar"),
            },
            _item(
                _("Delivery"),
                "outgoing_mail",
                "delivery_runs",
                "delivery.view_run",
                "delivery",
            ),
            _item(
                _("E-mail templates"),
                "mail",
                "templates",
                "content.view_template",
                "templates",
                "brand",
                "content",
            ),
            _item(
                _("Coupons & promotions"),
                "sell",
                "offers",
                "promotions.view_promotion",
                "offers",
                "promotions",
                "coupons",
            ),
        ],
    },
    {
        "title": _("Learn"),
        "separator": True,
        "items": [
            _item(
                _("Experiments"),
                "science",
                "experiments_experiment_changelist",
                "experiments.view_experiment",
                "experiments",
            ),
            _item(_("Rehearsals"), "history", "rehearsals", "campaigns.view_campaign", "rehearsals"),
            _item(
                _("Control group"),
                "shield_person",
                "control_group",
                "experiments.view_globalholdout",
                "control-group",
            ),
            _item(
                _("What was learned"),
                "cycle",
                "loop",
                "recommendations.view_tuningdecision",
                "loop",
            ),
            _item(
                _("Recommendations"),
                "recommend",
                "recommendations",
                "recommendations.view_strategy",
                "recommendations",
            ),
        ],
    },
    {
        "title": _("Data"),
        "separator": True,
        "collapsible": True,
        "items": [
            _item(
                _("Import"),
                "upload_file",
                "imports",
                "integrations.view_importrun",
                "imports",
                "integrations",
            ),
            _item(_("Website"), "language", "website", "accounts.view_apikey", "website"),
            _item(
                _("Events"),
                "bolt",
                "events_event_changelist",
                "events.view_event",
                "events/event",
                "events/quarantinedevent",
            ),
            _item(
                _("Data quality"),
                "fact_check",
                "data_quality",
                "events.view_qualitycount",
                "data-quality",
            ),
            _item(_("Mailbox"), "inbox", "mailbox", "delivery.view_receivedmail", "mailbox"),
            _item(
                _("Jobs"),
                "pending_actions",
                "accounts_job_changelist",
                "accounts.view_job",
                "accounts/job",
                "jobs",
                badge="console.shell.failed_badge",
                variant="danger",
            ),
            _item(_("System health"), "monitor_heart", "system_health", "accounts.view_job", "health"),
            _item(
                _("Team & settings"),
                "manage_accounts",
                "accounts_user_changelist",
                "accounts.view_user",
                "accounts/user",
                "accounts/apikey",
                "delivery/hook",
                "accounts/auditentry",
                "auth",
                "django_celery_beat",
                "core",
            ),
        ],
    },
]

#: Lists that belong together stand under one row of tabs.
TABS: list[dict[str, Any]] = [
    _tabs(
        (_("Customers"), "customers.customer"),
        (_("Personas"), "profiles.persona"),
        (_("Consent history"), "customers.consentevent"),
        (_("Suppressed addresses"), "customers.suppression"),
        (_("Merge proposals"), "customers.mergeproposal"),
        (_("Merges"), "customers.customermerge"),
        (_("Erasures"), "customers.erasurerequest"),
    ),
    _tabs((_("Segments"), "segments.segment"), (_("Refreshes"), "segments.segmentrun")),
    _tabs((_("Products"), "catalog.product"), (_("Categories"), "catalog.category")),
    _tabs((_("Campaigns"), "campaigns.campaign")),
    _tabs((_("All sendings"), "delivery.run"), (_("All messages"), "delivery.message")),
    _tabs(
        (_("Promotions"), "promotions.promotion"),
        (_("Coupon pools"), "coupons.couponpool"),
        (_("Coupons"), "coupons.coupon"),
        (_("Redemptions"), "coupons.redemption"),
    ),
    _tabs((_("Imports"), "integrations.importrun"), (_("Exports"), "integrations.export")),
    _tabs((_("Events"), "events.event"), (_("Quarantine"), "events.quarantinedevent")),
    _tabs(
        (_("Strategies"), "recommendations.strategy"),
        (_("Model versions"), "recommendations.modelversion"),
        (_("Tuning decisions"), "recommendations.tuningdecision"),
    ),
    _tabs(
        (_("Team"), "accounts.user"),
        (_("Roles"), "auth.group"),
        (_("API keys"), "accounts.apikey"),
        (_("Receivers of events"), "delivery.hook"),
        (_("Audit log"), "accounts.auditentry"),
        (_("Schedule"), "django_celery_beat.periodictask"),
        (_("Signs of life"), "core.heartbeat"),
    ),
]


@cache
def _addressed(name: str) -> list[dict[str, Any]]:
    """Return the sidebar's or the tabs' groups with links as text: they are the same in every language.

    The shell compares every link with every other, and a lazy one is worked out anew each time: 1,700
    look-ups for one page.
    """
    return [
        {**group, "items": [{**item, "link": str(item["link"])} for item in group["items"]]}
        for group in {"sidebar": NAVIGATION, "tabs": TABS}[name]
    ]


def _copied(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**group, "items": [{**item} for item in group["items"]]} for group in groups]


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the sidebar with its badges counted; one without a count has no badge."""
    groups = _copied(_addressed("sidebar"))
    for item in (item for group in groups for item in group["items"]):
        if count := item.pop("badge", None):
            item["badge"] = import_string(count)(request)
    return groups


def tabs(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the rows of tabs."""
    return _copied(_addressed("tabs"))
