"""REST: products."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import re_path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Scope
from catalog import selectors, services
from catalog.categories import MAX_DEPTH
from catalog.models import Category, Product
from catalog.prices import reductions
from core import clock
from core.bulk import bulk_body, rows_of, validate_rows
from core.idempotency import PARAMETER, idempotent
from core.money import Money
from core.openapi import PROBLEMS, path_parameter
from core.pagination import CursorPagination
from core.problems import Problem
from core.serializers import BulkResultSerializer, MoneySerializer, ObjectField, StrictSerializer

SKU = path_parameter("sku", "The product's number in the shop.")
_INT = 2_147_483_647
_STEPS = 500


class ProductSerializer(StrictSerializer):
    """A product as partners see and write it. Absent fields stay as they are, null clears."""

    name = serializers.CharField(max_length=300, required=False, allow_null=True)
    category = serializers.ListField(
        child=serializers.CharField(max_length=80), max_length=MAX_DEPTH, required=False, allow_null=True,
        help_text="Names on the way from the root, like [“Grocery”, “Cheese”].",
    )  # fmt: skip
    brand = serializers.CharField(max_length=200, required=False, allow_null=True, allow_blank=True)
    attributes = ObjectField(required=False, allow_null=True)
    price = MoneySerializer(required=False, allow_null=True)
    cost = MoneySerializer(
        required=False,
        allow_null=True,
        help_text="What one costs the shop; margins of offers are worked out from it.",
    )
    stock = serializers.IntegerField(min_value=-_INT, max_value=_INT, required=False, allow_null=True)
    active = serializers.BooleanField(required=False)
    url = serializers.URLField(max_length=500, required=False, allow_null=True, allow_blank=True)
    image_url = serializers.URLField(max_length=500, required=False, allow_null=True, allow_blank=True)
    images = serializers.ListField(
        child=serializers.URLField(max_length=500), max_length=20, required=False, allow_null=True
    )

    def validate_cost(self, value: Money | None) -> Money | None:
        """Refuse what would be a margin above the price."""
        if value is not None and value.amount < 0:
            raise serializers.ValidationError(_("A cost cannot be negative."))
        return value


class ProductRowSerializer(ProductSerializer):
    """A product in a bulk call."""

    sku = serializers.RegexField(
        r"^[^/]+$", max_length=200,
        error_messages={"invalid": gettext_lazy("The sku stands in addresses, so it cannot hold a slash.")},
    )  # fmt: skip


class ReductionSerializer(serializers.Serializer[Any]):
    """A price that came down, and the lowest of the 30 days before, which the law wants shown beside it."""

    since = serializers.DateTimeField()
    before = MoneySerializer()
    lowest_30_days = MoneySerializer(source="lowest")
    percent = serializers.DecimalField(max_digits=5, decimal_places=1)


class ProductAnswerSerializer(ProductRowSerializer):
    """A product as it is stored."""

    reduction = ReductionSerializer(read_only=True, allow_null=True)
    is_stub = serializers.BooleanField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)

    def to_representation(self, instance: Product) -> dict[str, Any]:
        """Return the product with its category as names and its price and cost as money."""
        price = None if instance.price is None else Money(instance.price, instance.currency)
        cost = None if instance.cost is None else Money(instance.cost, instance.cost_currency)
        special = ("category", "price", "cost", "reduction")
        plain = [str(name) for name in self.fields if str(name) not in special]
        body = super().to_representation(
            {name: getattr(instance, name) for name in plain}
            | {"category": selectors.category_names(instance.category), "price": price, "cost": cost}
            | {"reduction": reductions([instance.pk], as_of=clock.now()).get(instance.pk)}
        )
        return dict(body)


class CategorySerializer(StrictSerializer):
    """A category by the names on the way to it; missing ones on the way are made, too."""

    names = serializers.ListField(
        child=serializers.CharField(max_length=80), min_length=1, max_length=MAX_DEPTH,
        help_text="Names on the way from the root, like [“Grocery”, “Cheese”].",
    )  # fmt: skip
    recommendable = serializers.BooleanField(
        required=False, help_text="False for what is sold but never advertised."
    )


class CategoryAnswerSerializer(serializers.ModelSerializer[Category]):
    """A node of the tree; those below it have its path as the beginning of theirs."""

    parent = serializers.CharField(source="parent.path", allow_null=True, default=None)

    class Meta:
        model = Category
        fields = ["path", "name", "parent", "recommendable"]


class ByPath(CursorPagination):
    """The tree, every branch after its root."""

    ordering = "path"


class CategoriesView(ListAPIView[Category]):
    """The tree of categories."""

    scopes = {"GET": Scope.PRODUCTS_READ, "POST": Scope.PRODUCTS_WRITE}
    serializer_class = CategoryAnswerSerializer
    pagination_class = ByPath
    queryset = Category.objects.select_related("parent")

    def get_queryset(self) -> QuerySet[Category]:
        """Return the tree, or the branch under `?under=grocery/cheese`."""
        under = self.request.query_params.get("under")
        if under is None:
            return super().get_queryset()
        if "\0" in under:
            return Category.objects.none()
        return super().get_queryset().filter(Q(path=under) | Q(path__startswith=f"{under}/"))

    @extend_schema(
        operation_id="list_categories",
        parameters=[OpenApiParameter("under", str, description="A path: only this branch.")],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return the categories, page by page, each branch after its root."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="upsert_categories",
        parameters=[PARAMETER],
        request=CategorySerializer(many=True),
        responses={200: BulkResultSerializer, **PROBLEMS},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Create or update 1 to 1,000 categories. Names that differ in case or signs only are one."""
        good, rejected = validate_rows(CategorySerializer, rows_of(request.data, "categories"))
        if good:
            services.upsert_categories(list(good.values()))
        return Response(bulk_body(len(good), rejected))


class ProductsView(APIView):
    """Many products at once."""

    scopes = {"POST": Scope.PRODUCTS_WRITE}

    @extend_schema(
        operation_id="upsert_products",
        parameters=[PARAMETER],
        request=ProductRowSerializer(many=True),
        responses={200: BulkResultSerializer, **PROBLEMS},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Create or update 1 to 1,000 products by their sku; absent fields stay, null clears."""
        good, rejected = validate_rows(ProductRowSerializer, rows_of(request.data, "products"))
        if good:
            services.upsert_products(list(good.values()), clock.now())
        return Response(bulk_body(len(good), rejected))


class ProductView(APIView):
    """One product."""

    scopes = {
        "GET": Scope.PRODUCTS_READ,
        "PUT": Scope.PRODUCTS_WRITE,
        "PATCH": Scope.PRODUCTS_WRITE,
    }

    @extend_schema(
        operation_id="get_product", parameters=[SKU], responses={200: ProductAnswerSerializer, **PROBLEMS}
    )
    def get(self, request: Request, sku: str) -> Response:
        """Return the product."""
        return Response(ProductAnswerSerializer(_find(sku)).data)

    @extend_schema(
        operation_id="put_product",
        parameters=[SKU, PARAMETER],
        request=ProductSerializer,
        responses={200: ProductAnswerSerializer, 201: ProductAnswerSerializer, **PROBLEMS},
    )
    @idempotent
    def put(self, request: Request, sku: str) -> Response:
        """Create the product or replace it whole: what is absent is cleared."""
        return _write(sku, request.data, replace=True)

    @extend_schema(
        operation_id="patch_product",
        parameters=[SKU, PARAMETER],
        request=ProductSerializer,
        responses={200: ProductAnswerSerializer, **PROBLEMS},
    )
    @idempotent
    def patch(self, request: Request, sku: str) -> Response:
        """Change what is sent: absent fields stay, null clears."""
        return _write(_find(sku).sku, request.data, replace=False)


def _find(sku: str) -> Product:
    product = selectors.by_sku(sku)
    if product is None:
        raise Problem(404, "unknown-product", _("There is no product with this sku"))
    return product


def _write(sku: str, data: Any, *, replace: bool) -> Response:
    body = dict(data) if isinstance(data, Mapping) else data
    if isinstance(body, dict) and body.setdefault("sku", sku) != sku:
        raise serializers.ValidationError({"sku": [_("Differs from the sku in the address.")]})
    row = ProductRowSerializer(data=body)
    row.is_valid(raise_exception=True)
    now = clock.now()
    services.upsert_products([row.validated_data], now, replace=replace)
    product = _find(sku)
    return Response(ProductAnswerSerializer(product).data, status=201 if product.created_at == now else 200)


class StepSerializer(serializers.Serializer[Any]):
    """A price or a stock level, and since when."""

    at = serializers.DateTimeField()
    price = MoneySerializer(required=False)
    stock = serializers.IntegerField(required=False)


class HistorySerializer(serializers.Serializer[Any]):
    """What a product cost and how many there were, the latest first."""

    prices = StepSerializer(many=True)
    stocks = StepSerializer(many=True)


class HistoryView(APIView):
    """A product's prices and stock over time."""

    scopes = {"GET": Scope.PRODUCTS_READ}

    @extend_schema(
        operation_id="product_history", parameters=[SKU], responses={200: HistorySerializer, **PROBLEMS}
    )
    def get(self, request: Request, sku: str) -> Response:
        """Return the last 500 changes of each."""
        product = _find(sku)
        prices = product.price_changes.order_by("-at", "-id")[:_STEPS]
        stocks = product.stock_changes.order_by("-at", "-id")[:_STEPS]
        return Response(
            {
                "prices": [{"at": p.at, "price": Money(p.price, p.currency).as_json()} for p in prices],
                "stocks": [{"at": s.at, "stock": s.stock} for s in stocks],
            }
        )


urlpatterns = [
    re_path(r"^categories/?$", CategoriesView.as_view(), name="api-categories"),
    re_path(r"^products/(?P<sku>[^/]+)/history/?$", HistoryView.as_view(), name="api-product-history"),
    re_path(r"^products/?$", ProductsView.as_view(), name="api-products"),
    re_path(r"^products/(?P<sku>[^/]+)/?$", ProductView.as_view(), name="api-product"),
]
