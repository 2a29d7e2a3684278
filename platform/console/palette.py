"""Ctrl+K: actions, pages and records by name; a few of each kind, and only what the person may see.

Records are found by what people have in hand: a name's or an id's beginning, a whole e-mail address, a
code. Every finder is one small query, by index where the table is large (0.5 ms at 200,000 customers).
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy, override
from django.utils.translation import gettext as _

from campaigns.content.models import Template
from campaigns.coupons.codes import CodeInvalid, normalise, shown
from campaigns.coupons.models import Coupon, CouponPool
from campaigns.experiments.models import Experiment
from campaigns.models import Campaign
from campaigns.promotions.models import Promotion
from catalog.models import Product
from core.search import email_hash
from customers.models import Customer, Identifier
from segments.models import Segment
from segments.selectors import display_name

EACH = 8
LONGEST = 100
#: Records are looked for from so many letters on; a Chinese character says more than a letter.
ENOUGH = 2
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")


@dataclass(frozen=True, slots=True)
class Found:
    """One line of the palette. `kept` is what the browser may remember of it, never a person's name."""

    title: str
    note: str
    icon: str
    link: str
    kept: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """Something to begin from anywhere, with what else people call it."""

    title: Any
    icon: str
    url: str
    permission: str
    words: str = ""


ACTIONS = [
    Action(gettext_lazy("New campaign"), "campaign", "campaign_new", "campaigns.add_campaign",
           "create send email newsletter 发送 新建 邮件"),
    Action(gettext_lazy("New segment"), "pie_chart", "segment_new", "segments.add_segment",
           "create audience filter 新建 人群"),
    Action(gettext_lazy("New list of customers"), "playlist_add", "segment_list_new", "segments.add_segment",
           "static paste 名单"),
    Action(gettext_lazy("New promotion"), "sell", "promotion_new", "promotions.add_promotion",
           "create offer discount sale 新建 折扣 促销"),
    Action(gettext_lazy("Look up a coupon code"), "confirmation_number", "offer_pools", "coupons.view_coupon",
           "find voucher 优惠码"),
    Action(gettext_lazy("Write a message"), "edit_note", "templates", "content.add_template",
           "new template email sms push 模板"),
    Action(gettext_lazy("Import customers"), "upload_file", "imports", "integrations.add_importrun",
           "upload csv excel orders products 上传 导入"),
    Action(gettext_lazy("Suppress an address"), "block", "delivery_suppression", "customers.add_suppression",
           "unsubscribe stop bounce 退订"),
    Action(gettext_lazy("Add somebody to the team"), "person_add", "accounts_user_add", "accounts.add_user",
           "invite user colleague 成员"),
    Action(gettext_lazy("Change my password"), "key", "password_change", "", "security 密码"),
    Action(gettext_lazy("Read notices"), "notifications", "notices", "", "bell news 通知"),
]  # fmt: skip


def answer(request: HttpRequest) -> HttpResponse:
    """Return the palette's lines for the words in `s`; without words, what can be begun."""
    term = request.GET.get("s", "").replace("\0", "").strip()[:LONGEST]
    return render(request, "console/palette.html", {"groups": groups(request, term), "term": term})


def groups(request: HttpRequest, term: str) -> list[tuple[str, list[Found]]]:
    """Return the lines under their headings; a heading without lines is left out."""
    found = [(_("Actions"), _actions(request, term))]
    if term:
        found.append((_("Pages"), _pages(request, term)))
    if len(term) >= ENOUGH or _HAN.search(term):
        for heading, permission, finder in _FINDERS:
            if request.user.has_perm(permission):
                found.append((str(heading), finder(term)))
    return [(heading, lines) for heading, lines in found if lines]


def _actions(request: HttpRequest, term: str) -> list[Found]:
    can = request.user.has_perm
    return [
        Found(str(a.title), "", a.icon, reverse(f"admin:{a.url}"), str(a.title))
        for a in ACTIONS
        if (not a.permission or can(a.permission)) and _fits(term, _names(a.title) + a.words)
    ][:EACH]


def _pages(request: HttpRequest, term: str) -> list[Found]:
    """Return pages of the sidebar and lists under tabs. The names are matched in English as well."""
    lines: dict[str, Found] = {}
    for group in admin.site.get_sidebar_list(request):
        for item in group["items"]:
            if item["has_permission"] and _fits(term, _names(item["title"])):
                note = str(group.get("title") or "")
                lines[str(item["link"])] = _page(item, note, item["icon"])
    for row in admin.site.get_tabs_list(request):
        for item in row["items"]:
            permitted = item.get("has_permission", True)
            if permitted and str(item["link"]) not in lines and _fits(term, _names(item["title"])):
                lines[str(item["link"])] = _page(item, str(row["items"][0]["title"]), "tab")
    return list(lines.values())[:EACH]


def _page(item: dict[str, Any], note: str, icon: str) -> Found:
    title = str(item["title"])
    return Found(title, note if note != title else "", icon, str(item["link"]), title)


def _names(title: Any) -> str:
    """Return a title in the language of the page and in English."""
    here = str(title)
    if (get_language() or "").startswith("en"):
        return f"{here} "
    with override("en"):
        return f"{here} {title} "


def _fits(term: str, text: str) -> bool:
    """Say whether every word begins a word of the text; Chinese has no gaps, so there it may stand inside."""
    folded = text.casefold()
    beginnings = re.split(r"[\s/&-]+", folded)
    return all(
        any(b.startswith(word) for b in beginnings) or (_HAN.search(word) is not None and word in folded)
        for word in term.casefold().split()
    )


def customers_like(term: str) -> QuerySet[Customer]:
    """Return customers by the beginning of id or name, or by their exact e-mail address; by indexes.

    Two words are a first and a last name in either order; a Chinese name is also read as family name and
    given name without a gap.
    """
    if hashed := email_hash(term):
        owner = Identifier.objects.filter(kind=Identifier.Kind.EMAIL, value_hash=hashed).values("customer")
        return Customer.objects.filter(pk__in=owner).defer("attributes")
    match = Q(first_name__istartswith=term) | Q(last_name__istartswith=term)
    for spelling in {term, term.upper(), term.lower()}:
        match |= Q(external_id__startswith=spelling)
    if len(words := term.split()) == 2:
        match |= Q(first_name__istartswith=words[0], last_name__istartswith=words[1])
        match |= Q(first_name__istartswith=words[1], last_name__istartswith=words[0])
    elif _HAN.search(term):
        for at in (1, 2):
            if term[at:]:
                match |= Q(last_name__iexact=term[:at], first_name__istartswith=term[at:])
    return Customer.objects.filter(match).defer("attributes")


def _customers(term: str) -> list[Found]:
    return [
        Found(
            str(c),
            c.external_id if str(c) != c.external_id else "",
            "person",
            reverse("admin:customer_360", args=[c.pk]),
            c.external_id,
        )
        for c in customers_like(term)[:EACH]
    ]


def _products(term: str) -> list[Found]:
    products = Product.objects.filter(Q(sku__startswith=term) | Q(name__icontains=term))
    return [
        _named(p.name, p.sku if p.sku != p.name else "", "inventory_2", "product", p.pk)
        for p in products.only("name", "sku")[:EACH]
    ]


def _segments(term: str) -> list[Found]:
    lowered = term.casefold()
    # Ready-made ones are called differently in each language; a shop has some hundreds at most.
    return [
        _named(display_name(s), "", "pie_chart", "segment", s.pk)
        for s in Segment.objects.only("name", "slug", "ready_made").order_by("name")
        if lowered in display_name(s).casefold() or lowered in s.name.casefold()
    ][:EACH]


def _campaigns(term: str) -> list[Found]:
    campaigns = Campaign.objects.filter(Q(name__icontains=term) | Q(slug__startswith=term))
    return [
        _named(c.name, c.get_state_display(), "campaign", "campaign_report", c.pk)
        for c in campaigns.order_by("-created_at")[:EACH]
    ]


def _templates(term: str) -> list[Found]:
    found = Template.objects.filter(name__icontains=term, archived_at=None).defer("draft")
    return [_named(t.name, t.get_channel_display(), "mail", "template_edit", t.pk) for t in found[:EACH]]


def _promotions(term: str) -> list[Found]:
    found = Promotion.objects.filter(Q(name__icontains=term) | Q(slug__startswith=term))
    return [_named(p.name, "", "sell", "promotion_edit", p.pk) for p in found.order_by("-created_at")[:EACH]]


def _pools(term: str) -> list[Found]:
    found = CouponPool.objects.filter(name__icontains=term)
    return [_named(p.name, "", "local_activity", "offer_pool", p.pk) for p in found[:EACH]]


def _coupons(term: str) -> list[Found]:
    try:
        code = normalise(term)
    except CodeInvalid:
        return []
    found = Coupon.objects.filter(code=code).select_related("pool")
    return [_named(shown(c.code), c.pool.name, "confirmation_number", "offer_code", c.pk) for c in found]


def _experiments(term: str) -> list[Found]:
    found = Experiment.objects.filter(Q(name__icontains=term) | Q(key__startswith=term))
    return [_named(e.name, e.get_state_display(), "science", "experiment_report", e.pk) for e in found[:EACH]]


def _named(title: str, note: str, icon: str, url: str, pk: object) -> Found:
    return Found(title, note, icon, reverse(f"admin:{url}", args=[pk]), title)


_FINDERS: Iterable[tuple[Any, str, Callable[[str], list[Found]]]] = [
    (gettext_lazy("Customers"), "customers.view_customer", _customers),
    (gettext_lazy("Coupon codes"), "coupons.view_coupon", _coupons),
    (gettext_lazy("Campaigns"), "campaigns.view_campaign", _campaigns),
    (gettext_lazy("Segments"), "segments.view_segment", _segments),
    (gettext_lazy("Promotions"), "promotions.view_promotion", _promotions),
    (gettext_lazy("Coupon pools"), "coupons.view_couponpool", _pools),
    (gettext_lazy("E-mail templates"), "content.view_template", _templates),
    (gettext_lazy("Experiments"), "experiments.view_experiment", _experiments),
    (gettext_lazy("Products"), "catalog.view_product", _products),
]
