"""Ctrl+K: find records by name, at most a few of each kind, and only what the person may see."""

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from unfold.dataclasses import SearchResult

from campaigns.content.models import Template
from campaigns.coupons.models import Coupon
from campaigns.experiments.models import Experiment
from campaigns.models import Campaign
from catalog.models import Product
from core.search import email_hash
from customers.models import Customer, Identifier
from segments.models import Segment
from segments.selectors import display_name

EACH = 8


def search(request: HttpRequest, term: str) -> list[SearchResult]:
    """Return records whose name, id, sku, code or exact e-mail address fits the words.

    At most EACH of a kind: seven indexed or small queries, whatever the shop's size.
    """
    term = term.strip()
    if len(term) < 2:
        return []
    found: list[SearchResult] = []
    for permission, finder in _FINDERS:
        if request.user.has_perm(permission):
            found += finder(term)
    return found


def customers_like(term: str) -> QuerySet[Customer]:
    """Return customers by the beginning of id or name, or by their exact e-mail address; by indexes."""
    match = Q(external_id__startswith=term) | Q(external_id__iexact=term)
    match |= Q(first_name__istartswith=term) | Q(last_name__istartswith=term)
    if hashed := email_hash(term):
        match = Q(
            pk__in=Identifier.objects.filter(kind=Identifier.Kind.EMAIL, value_hash=hashed).values("customer")
        )
    return Customer.objects.filter(match).defer("attributes")


def _customers(term: str) -> list[SearchResult]:
    return [
        _result(str(c), f"{_('Customer')} {c.external_id}", "person", "admin:customer_360", c.pk)
        for c in customers_like(term)[:EACH]
    ]


def _products(term: str) -> list[SearchResult]:
    products = Product.objects.filter(Q(sku__startswith=term) | Q(name__istartswith=term))
    return [
        _result(p.name, f"{_('Product')} {p.sku}", "inventory_2", "admin:catalog_product_change", p.pk)
        for p in products.only("name", "sku")[:EACH]
    ]


def _segments(term: str) -> list[SearchResult]:
    return [
        _result(display_name(s), _("Segment"), "pie_chart", "admin:segment", s.pk)
        for s in Segment.objects.filter(name__icontains=term)[:EACH]
    ]


def _campaigns(term: str) -> list[SearchResult]:
    return [
        _result(c.name, _("Campaign"), "campaign", "admin:campaign_report", c.pk)
        for c in Campaign.objects.filter(name__icontains=term)[:EACH]
    ]


def _templates(term: str) -> list[SearchResult]:
    return [
        _result(t.name, _("E-mail template"), "mail", "admin:template_edit", t.pk)
        for t in Template.objects.filter(name__icontains=term)[:EACH]
    ]


def _experiments(term: str) -> list[SearchResult]:
    return [
        _result(e.name, _("Experiment"), "science", "admin:experiment_report", e.pk)
        for e in Experiment.objects.filter(name__icontains=term)[:EACH]
    ]


def _coupons(term: str) -> list[SearchResult]:
    return [
        _result(c.code, _("Coupon"), "sell", "admin:coupons_coupon_change", c.pk)
        for c in Coupon.objects.filter(code=term.upper())[:EACH]
    ]


def _result(title: str, description: str, icon: str, url: str, pk: object) -> SearchResult:
    return SearchResult(title=title, description=description, icon=icon, link=reverse(url, args=[pk]))


_FINDERS = [
    ("customers.view_customer", _customers),
    ("segments.view_segment", _segments),
    ("campaigns.view_campaign", _campaigns),
    ("content.view_template", _templates),
    ("experiments.view_experiment", _experiments),
    ("coupons.view_coupon", _coupons),
    ("catalog.view_product", _products),
]
