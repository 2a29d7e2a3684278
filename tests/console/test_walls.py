"""Every address of the admin, asked for by each role: what is not theirs stays shut, and nothing fails."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin import site
from django.contrib.auth.models import Group
from django.test import Client, override_settings

from accounts.models import User
from accounts.roles import ROLES
from tests.console.addresses import addresses, patterns, sampled
from tests.factories.shop import NOW, open_shop

pytestmark = pytest.mark.slow

#: What any member of staff may open: one's own affairs, and pages that show what one may see.
OWN = {"index", "login", "logout", "password_change", "password_change_done", "jsi18n", "search", "notices",
       "notices_bell", "notices_panel", "notices_read", "notice", "saved_view_new",
       "saved_view_act"}  # fmt: skip
#: Console pages, and the permission that opens each.
PAGES = {
    "calendar": "campaigns.view_campaign",
    "calendar_file": "campaigns.view_campaign",
    "system_health": "accounts.view_job",
    "customer_360": "customers.view_customer",
    "customer_merge": "customers.merge_customer",
    "customer_erase": "customers.erase_customer",
    "product": "catalog.view_product",
    "scores": "profiles.view_scoreversion",
    "score": "profiles.view_scoreversion",
    "lifetime_value": "profiles.view_customerscore",
    "rfm_grid": "profiles.view_customerprofile",
    "personas": "profiles.view_persona",
    **dict.fromkeys(("lifecycle", "lifecycle_counting", "classes"), "profiles.view_study"),
    "known": "profiles.view_customerprofile",
    "campaign_report": "campaigns.view_campaign",
    "campaign_content": "campaigns.view_campaign",
    "campaign_people": "campaigns.view_campaign",
    "campaign_log": "campaigns.view_campaign",
    "campaign_review": "campaigns.launch_campaign",
    **dict.fromkeys(("campaign_rehearsal", "rehearsals"), "campaigns.view_campaign"),
    "campaign_new": "campaigns.add_campaign",
    **dict.fromkeys(("campaign_plan", "campaign_plan_live"), "campaigns.view_campaign"),
    "campaign_plan_save": "campaigns.change_campaign",
    "undelivered": "delivery.view_message",
    "experiment_report": "experiments.view_experiment",
    **dict.fromkeys(
        (
            "offers",
            "promotion_new",
            "promotion_edit",
            "promotion_suggest",
            "promotion_results",
            "offer_calendar",
            "offer_results",
            "offer_past",
        ),
        "promotions.view_promotion",
    ),
    "offer_plans": "targeting.view_offerplan",
    "offer_plan": "targeting.view_offerplan",
    "offer_plan_new": "targeting.add_offerplan",
    "offer_pools": "coupons.view_couponpool",
    "offer_pool": "coupons.view_couponpool",
    "offer_code": "coupons.view_coupon",
    "offer_code_find": "coupons.view_coupon",
    "recommendations": "recommendations.view_strategy",
    "recommendation_try": "recommendations.view_strategy",
    "recommendation_rules": "recommendations.view_listrule",
    "demand": "recommendations.view_demandforecast",
    "recommendation_quality": "recommendations.view_strategyweek",
    "recommendation_compared": "recommendations.view_modelversion",
    "recommendation_cold": "recommendations.view_coldproduct",
    "recommendation_trainings": "recommendations.view_modelversion",
    "recommendation_model": "recommendations.view_modelversion",
    "data_quality": "events.view_qualitycount",
    "delivery_deliverability": "delivery.view_return",
    "mailbox": "delivery.view_receivedmail",
    "mail": "delivery.view_receivedmail",
    "mail_preview": "delivery.view_receivedmail",
    "imports": "integrations.view_importrun",
    "import": "integrations.view_importrun",
    "import_progress": "integrations.view_importrun",
    "import_errors": "integrations.change_importrun",
    "export": "integrations.view_export",
    "export_download": "integrations.view_export",
    "mailbox_messages": "delivery.view_receivedmessage",
    "delivery_runs": "delivery.view_run",
    "delivery_run": "delivery.view_run",
    "delivery_log": "delivery.view_message",
    "delivery_log_export": "delivery.view_message",
    "delivery_unreached": "delivery.view_message",
    "delivery_providers": "delivery.view_provider",
    "delivery_staff": "delivery.view_stafftask",
    "delivery_staff_export": "delivery.change_stafftask",
    "delivery_rules": "delivery.view_quiethours",
    "delivery_suppression": "customers.view_suppression",
    **dict.fromkeys(
        ("segment", "segment_new", "segment_edit", "segment_company", "segment_reach", "segment_by_slug"),
        "segments.view_segment",
    ),
    "loop": "recommendations.view_tuningdecision",
    "tuning": "recommendations.view_tuningdecision",
    "segment_members": "customers.view_customer",
    "segment_people": "customers.view_customer",
    "segment_suggest": "segments.view_segment",
    "segment_list_new": "segments.add_segment",
    "segment_list_result": "segments.change_segment",
    "segment_list_faults": "segments.change_segment",
    "segment_gallery": "segments.view_segment",
    **dict.fromkeys(
        (
            "templates",
            "template_edit",
            "template_versions",
            "template_version",
            "template_thumbnail",
            "template_frame",
        ),
        "content.view_template",
    ),
    "template_people": "customers.view_customer",
    **dict.fromkeys(("brand", "brand_sample"), "content.view_brandkit"),
    "job": "accounts.view_job",
    "job_progress": "accounts.view_job",
    "website": "accounts.view_apikey",
    "control_group": "experiments.view_globalholdout",
    "website_seen": "accounts.view_apikey",
}
#: What is only posted to.
ACTS = {
    "suggestion_act": "campaigns.view_campaign",
    "suggestions_restore": "campaigns.view_campaign",
    "calendar_link": "campaigns.view_campaign",
    "customer_export": "customers.export_customer",
    "merge_undo": "customers.merge_customer",
    "proposal_dismiss": "customers.merge_customer",
    "campaign_control": "campaigns.launch_campaign",
    "campaign_people_export": "integrations.export_campaigns",
    "campaign_file": "campaigns.change_campaign",
    "campaign_rehearse": "campaigns.change_campaign",
    "campaign_approval": "campaigns.approve_campaign",
    "undelivered_decide": "campaigns.launch_campaign",
    "deliverability_check": "campaigns.launch_campaign",
    "promotion_try": "promotions.view_promotion",
    "promotion_create": "promotions.add_promotion",
    "promotion_save": "promotions.change_promotion",
    "promotion_act": "promotions.change_promotion",
    "promotion_bundles": "promotions.change_promotion",
    "offer_past_judge": "profiles.add_scoreversion",
    "offer_plan_act": "targeting.change_offerplan",
    "offer_pool_new": "coupons.add_couponpool",
    "offer_pool_generate": "coupons.change_couponpool",
    "offer_pool_bring": "coupons.change_couponpool",
    "offer_pool_settings": "coupons.change_couponpool",
    "offer_pool_export": "integrations.export_coupons",
    "offer_code_revoke": "coupons.change_coupon",
    "tuning_roll_back": "recommendations.change_tuningdecision",
    "tuning_decide": "recommendations.change_tuningdecision",
    "tuning_policy": "recommendations.change_tuningpolicy",
    **dict.fromkeys(
        (
            "recommendation_work",
            "recommendation_previous",
            "recommendation_crown",
            "recommendation_promote",
            "recommendation_review",
            "demand_forecast",
        ),
        "recommendations.change_strategy",
    ),
    "recommendation_rule_save": "recommendations.add_listrule",
    "demand_follow": "recommendations.add_listrule",
    "recommendation_product_rule": "recommendations.add_listrule",
    "recommendation_rule_preview": "recommendations.view_listrule",
    "recommendation_rule_act": "recommendations.change_listrule",
    "experiment_act": "experiments.run_experiment",
    "control_group_act": "experiments.add_globalholdout",
    "job_cancel": "accounts.change_job",
    "score_now": "profiles.add_scoreversion",
    "people_work": "profiles.change_persona",
    "persona_rename": "profiles.change_persona",
    "lifecycle_compare": "profiles.view_study",
    "lifecycle_list": "segments.add_segment",
    "import_upload": "integrations.add_importrun",
    "import_map": "integrations.change_importrun",
    "import_act": "integrations.change_importrun",
    "delivery_run_act": "delivery.change_run",
    "delivery_provider_test": "delivery.change_provider",
    "delivery_staff_confirm": "delivery.change_stafftask",
    "delivery_suppression_add": "customers.add_suppression",
    "delivery_suppression_lift": "customers.delete_suppression",
    "website_key": "accounts.add_apikey",
    **dict.fromkeys(("segment_preview", "segment_draft", "segment_overlap"), "segments.view_segment"),
    "template_preview": "content.view_template",
    **dict.fromkeys(
        ("template_draft", "template_save", "template_test", "template_rename", "template_act"),
        "content.change_template",
    ),
    "template_begin": "content.add_template",
    "template_picture": "content.change_template",
    "template_bundles": "content.change_template",
    "template_restore": "content.change_template",
    "brand_dress": "content.change_brandkit",
    "segment_why": "customers.view_customer",
    "segment_create": "segments.add_segment",
    "segment_restore": "segments.add_segment",
    "segment_once": "segments.add_segment",
    "segment_save": "segments.change_segment",
    "segment_list": "segments.change_segment",
    "segment_act": "segments.change_segment",
}
#: What no list has heard of; the lists' own filters are asked beside it.
STRANGE = [
    "o=99.-99.x", "q=%00", "q=%F0%9F%8D%B5%ED%A0%80", "q=" + "x" * 5000, "p=-1", "p=999999", "p=x",
    "all=", "e=1",
    "_facets=True", "id__exact=x", "pk__in=1,x,%00", "_popup=1&_to_field=password", "nothing=1",
    "external_id__regex=(((", "password__startswith=a", "user__password__startswith=argon",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _unlogged() -> Iterator[None]:
    """Log no refusal: writing down where each of thousands came from takes a sixth of the time."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(autouse=True)
def _unwatched(monkeypatch) -> None:
    """Keep no copy of what each template was given: nobody here asks, and a page has a hundred of them."""
    monkeypatch.setattr("django.test.client.store_rendered_templates", lambda *args, **kwargs: None)


@pytest.fixture(scope="module")
def opened(module_db, tmp_path_factory):
    """Open the shop once for all tests here; each one's own changes are rolled back."""
    with override_settings(
        ARTIFACTS=tmp_path_factory.mktemp("shop"),
        SHOP_AS_OF=NOW.isoformat(),
        SHOP_POSTAL_ADDRESS="1 Market Street",
    ):
        open_shop()
        yield sampled(PAGES | ACTS)


@pytest.fixture
def shop(opened, db):
    return opened


def sign_in(role: str) -> Client:
    client = Client(raise_request_exception=True)
    if role != "anonymous":
        user = User.objects.create_user(role, is_staff=role != "customer")
        if role in ROLES:
            user.groups.add(Group.objects.get(name=role))
        client.force_login(user)
    return client


def ask(client: Client, method: str, path: str, data: Any = None) -> Any:
    try:
        return getattr(client, method)(path, data)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def without_frame(monkeypatch) -> None:
    """Leave out what is around every page alike: with it, one takes twice as long."""
    monkeypatch.setattr(site, "get_sidebar_list", lambda request: [])
    monkeypatch.setattr(site, "get_tabs_list", lambda request: [])


def may(user: User, name: str) -> bool:
    """Say whether a person ought to see a page of that name."""
    if name in OWN:
        return True
    if name in PAGES:
        return user.has_perm(PAGES[name])
    for model in site._registry:
        stem = f"{model._meta.app_label}_{model._meta.model_name}_"
        if name.startswith(stem):
            verb = {"add": "add", "delete": "delete"}.get(name.removeprefix(stem), "view")
            codes = [verb] if verb != "view" else ["view", "change"]
            app = model._meta.app_label
            return any(user.has_perm(f"{app}.{code}_{model._meta.model_name}") for code in codes)
    return user.is_superuser


@pytest.mark.parametrize("role", ["anonymous", "customer", "nobody", *ROLES])
def test_pages_open_only_to_those_who_may_see_them(shop, role, monkeypatch):
    client = sign_in(role)
    assert not isinstance(ask(client, "get", "/admin/"), str)
    without_frame(monkeypatch)
    wrong = []
    for key, path in addresses(shop).items():
        name = key.split()[0].removeprefix("admin:")
        if not name or name in ("app_list", "logout"):
            continue  # redirects to the pages asked for below
        answer = ask(client, "get", path)
        if isinstance(answer, str) or answer.status_code >= 500:
            wrong.append(f"{path} failed: {answer}"[:300])
        elif answer.status_code == 200 and name not in ("login", "jsi18n"):
            user = User.objects.get(username=role) if role in (*ROLES, "nobody") else None
            if user is None or not may(user, name):
                wrong.append(f"{path} is open")
    assert wrong == []


@pytest.mark.parametrize("role", ["anonymous", "customer", "nobody", *ROLES])
def test_nothing_is_done_for_those_who_may_not(shop, role):
    client = sign_in(role)
    user = User.objects.filter(username=role).first()
    rows = {m: m._default_manager.count() for m in apps.get_models() if m._meta.app_label != "sessions"}
    wrong = []
    for key, path in addresses(shop).items():
        name = key.split()[0].removeprefix("admin:")
        answer = ask(client, "post", path)
        if isinstance(answer, str) or answer.status_code >= 500:
            wrong.append(f"{path} failed: {answer}"[:300])
        elif name in ACTS and answer.status_code not in (403, 405):
            signed_in = "/login/" not in answer.get("Location", "")
            if signed_in and not (user and user.is_staff and user.has_perm(ACTS[name])):
                wrong.append(f"{path} was done")
        if name == "logout":
            client = client if user is None else _again(user)
    assert wrong == []
    audit = apps.get_model("accounts", "AuditEntry")
    if not user or not user.groups.filter(name__in=("marketer", "approver", "analyst", "admin")).exists():
        assert {m: m._default_manager.count() for m in rows} == rows
    assert not audit.objects.filter(action__startswith="api_key").exists()


@pytest.mark.parametrize("path", ["campaigns/{}/pause/", "campaigns/{}/review/"])
def test_a_foreign_page_cannot_post(shop, path):
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.get(username="alice"))
    assert client.post(f"/admin/{path.format(shop['campaigns_campaign'])}").status_code == 403


def _again(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def filters(path: str) -> list[str]:
    """Return the queries that the filters of a list are asked with strange values by."""
    lists = {
        f"/admin/{m._meta.app_label}/{m._meta.model_name}/": admin for m, admin in site._registry.items()
    }
    found = []
    for entry in lists[path].list_filter if path in lists else []:
        field = entry[0] if isinstance(entry, tuple) else entry
        name = field if isinstance(field, str) else field.parameter_name
        lookups = ["__exact=x", "__exact=%00", "__id__exact=x", "__gte=99999", "__isempty=x", "=x", "=%00"]
        found += [name + lookup for lookup in (lookups[:5] if isinstance(field, str) else lookups[5:])]
    return found


@pytest.mark.parametrize("part", range(3))
def test_strange_queries_of_lists(shop, part, monkeypatch):
    client = sign_in("admin")
    User.objects.filter(username="admin").update(is_superuser=True)
    without_frame(monkeypatch)
    failed, asked = [], 0
    lists = [r for n, r in patterns() if n.endswith(("_changelist", ":search", ":mailbox", ":autocomplete"))]
    for route in lists[part::3]:
        for query in [*STRANGE, *filters(route)]:
            answer = ask(client, "get", f"{route}?{query}")
            asked += 1
            if isinstance(answer, str) or answer.status_code >= 500:
                failed.append(f"{route}?{query[:60]}: {str(answer)[:200]}")
    assert failed == []
    assert asked > 300
