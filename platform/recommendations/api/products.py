"""REST: what goes with a product."""

from decimal import Decimal
from typing import Any

from django.urls import re_path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Scope
from catalog.models import Product
from core import clock
from core.money import Money
from core.problems import Problem
from core.serializers import MoneySerializer
from recommendations.api.shapes import AnswerSerializer, FilterSerializer, asked_of, items_body, wish_of
from recommendations.models import ListRule, Objective, ProductList
from recommendations.places import Facts, Place, facts_of
from recommendations.reasons import sentence
from recommendations.rules import apply_rules, matches
from recommendations.selectors import as_items
from recommendations.services.decisions import note
from recommendations.state import state

SKU = OpenApiParameter("sku", str, OpenApiParameter.PATH)


class RelatedView(APIView):
    """Products that go with one, best first."""

    scopes = {"GET": Scope.RECOMMENDATIONS_READ}
    kind = ProductList.Kind.SIMILAR
    part = "similar"

    def answer(self, request: Request, sku: str) -> Response:
        """Answer the list of a kind, as stock and rules have it."""
        asked = asked_of(FilterSerializer, request)
        wish = wish_of(asked, Objective.DISCOVER)
        product = product_of(sku)
        row = (
            ProductList.objects.filter(kind=self.kind, product=product)
            .values_list("product_ids", "scores")
            .first()
        )
        reason = {"part": self.part, "because": product.name}
        places = [Place(pk, score, reason) for pk, score in zip(*row, strict=True)] if row else []
        now = clock.now()
        # What is pinned is for people's lists; beside a product it would be no answer.
        rules = [r for r in state().rules_for(Objective.DISCOVER, now) if r.kind != ListRule.Kind.PIN]
        facts = facts_of((place.product_id for place in places), rules)
        items = as_items(apply_rules(places, facts, rules, wish.limit, wish.plain_filters(facts)), facts)
        decision = note(
            slot=f"api-{self.kind}",
            action=[item.sku for item in items],
            context={"sku": product.sku},
            policy_version=self.kind,
            now=now,
        )
        return Response(
            {
                "decision_id": decision,
                "strategy": self.kind,
                "policy_version": self.kind,
                "propensity": 1.0,
                "items": items_body(items),
            }
        )


class SimilarView(RelatedView):
    """Products that sell to the same customers, else those of the same kind."""

    @extend_schema(
        operation_id="product_similar", parameters=[FilterSerializer, SKU], responses=AnswerSerializer
    )
    def get(self, request: Request, sku: str) -> Response:
        """Answer what is similar."""
        return self.answer(request, sku)


class TogetherView(RelatedView):
    """Products in the same baskets more often than chance would have it."""

    kind = ProductList.Kind.TOGETHER
    part = "together"

    @extend_schema(
        operation_id="product_bought_together", parameters=[FilterSerializer, SKU], responses=AnswerSerializer
    )
    def get(self, request: Request, sku: str) -> Response:
        """Answer what is bought together; empty where nothing is, beyond chance."""
        return self.answer(request, sku)


class BundleSerializer(serializers.Serializer[Any]):
    """A set of products that are bought together, with what it costs in all."""

    skus = serializers.ListField(child=serializers.CharField())
    baskets = serializers.IntegerField(help_text="Orders that held all of them.")
    total = MoneySerializer(allow_null=True)
    reason = serializers.CharField()


class BundlesSerializer(serializers.Serializer[Any]):
    """Bundles with one product, most bought first."""

    decision_id = serializers.UUIDField()
    bundles = BundleSerializer(many=True)


class BundlesView(APIView):
    """Sets of three that a product belongs to, every two of them bought together."""

    scopes = {"GET": Scope.RECOMMENDATIONS_READ}

    @extend_schema(operation_id="product_bundles", parameters=[SKU], responses=BundlesSerializer)
    def get(self, request: Request, sku: str) -> Response:
        """Answer only bundles that can be had whole, now."""
        product = product_of(sku)
        found = ProductList.objects.filter(kind=ProductList.Kind.BUNDLE, product=product).first()
        now = clock.now()
        excluded = [r for r in state().rules_for(Objective.DISCOVER, now) if r.kind == ListRule.Kind.EXCLUDE]
        facts = facts_of([product.pk, *found.product_ids], excluded) if found else {}
        bundles = []
        for *members, baskets in found.detail if found else ():
            whole = [facts.get(pk) for pk in (product.pk, *members)]
            if all(p is not None and not any(matches(r, p) for r in excluded) for p in whole):
                bundles.append(_bundle([p for p in whole if p is not None], baskets))
        decision = note(
            slot="api-bundles",
            action=[bundle["skus"] for bundle in bundles],
            context={"sku": product.sku},
            policy_version="bundle",
            now=now,
        )
        return Response(BundlesSerializer({"decision_id": decision, "bundles": bundles}).data)


def _bundle(products: list[Facts], baskets: int) -> dict[str, Any]:
    prices = [product.price for product in products]
    one_currency = len({product.currency for product in products}) == 1
    total = (
        Money(sum((price for price in prices if price is not None), Decimal(0)), products[0].currency)
        if one_currency and all(price is not None for price in prices)
        else None
    )
    return {
        "skus": [product.sku for product in products],
        "baskets": baskets,
        "total": total,
        "reason": sentence({"part": "together", "because": products[0].name}),
    }


def product_of(sku: str) -> Product:
    """Return a product by the partner's id. Raises Problem."""
    found = None if "\0" in sku else Product.objects.filter(sku=sku).first()
    if found is None:
        raise Problem(404, "unknown-product", _("There is no product with this sku."))
    return found


urlpatterns = [
    re_path(r"^products/(?P<sku>[^/]+)/similar/?$", SimilarView.as_view(), name="api-product-similar"),
    re_path(
        r"^products/(?P<sku>[^/]+)/bought-together/?$",
        TogetherView.as_view(),
        name="api-product-bought-together",
    ),
    re_path(r"^products/(?P<sku>[^/]+)/bundles/?$", BundlesView.as_view(), name="api-product-bundles"),
]
