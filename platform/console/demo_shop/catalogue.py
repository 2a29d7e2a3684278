"""What the storefront shows of the catalogue: the products people buy most, by category."""

from collections.abc import Iterable
from datetime import timedelta

import redis
from django.core.cache import cache
from django.db.models import Count, QuerySet

from catalog.models import Category, Product
from core import clock
from events.models import Event, EventType

#: What the shop keeps on its shelves; the rest of 92,000 products sold once or twice in a year.
ASSORTMENT = 3000
PER_PAGE = 24
_SECONDS = 3600
_DAYS = 92


def assortment() -> list[int]:
    """Return the ids of the products bought most in the last quarter, best first.

    Counted once an hour: about 0.4 s on the whole demo.
    """
    key = "demo_shop:assortment"
    try:
        found = cache.get(key)
    except redis.RedisError:
        found = None
    if not found:
        until = clock.knowledge_now()
        bought = Event.objects.filter(
            type=EventType.PURCHASE,
            product__isnull=False,
            occurred_at__lt=until,
            occurred_at__gte=until - timedelta(days=_DAYS),
        )
        counted = bought.values("product").annotate(n=Count("*")).order_by("-n", "product")
        offered = _offered().filter(pk__in=counted.values_list("product", flat=True)[: ASSORTMENT * 2])
        ranks = {
            pk: rank for rank, pk in enumerate(counted.values_list("product", flat=True)[: ASSORTMENT * 2])
        }
        found = sorted(offered.values_list("pk", flat=True), key=lambda pk: ranks.get(pk, len(ranks)))[
            :ASSORTMENT
        ]
        try:
            cache.set(key, found, _SECONDS)
        except redis.RedisError:
            return found
    return list(found)


def _offered() -> QuerySet[Product]:
    """Return what a shop can show: active, described, priced, in a category that is advertised."""
    return (
        Product.objects.filter(active=True, is_stub=False, price__gt=0, category__recommendable=True)
        .exclude(stock__lte=0)
        .select_related("category")
    )


def departments() -> list[Category]:
    """Return the roots of the category tree that have something on the shelves, by name."""
    paths = Product.objects.filter(pk__in=assortment()).values_list("category__path", flat=True).distinct()
    roots = {path.partition("/")[0] for path in paths if path}
    return list(Category.objects.filter(path__in=roots).order_by("name"))


def subcategories(category: Category) -> list[Category]:
    """Return the children of a category that have something on the shelves."""
    paths = (
        Product.objects.filter(pk__in=assortment(), category__path__startswith=f"{category.path}/")
        .values_list("category__path", flat=True)
        .distinct()
    )
    depth = category.path.count("/") + 2
    wanted = {"/".join(path.split("/")[:depth]) for path in paths}
    return list(Category.objects.filter(path__in=wanted).order_by("name"))


def on_shelf(category: Category | None = None) -> list[int]:
    """Return the ids on the shelves, of a category and all below it, best first."""
    ids = assortment()
    if category is None:
        return ids
    inside = set(
        Product.objects.filter(pk__in=ids, category__path=category.path).values_list("pk", flat=True)
    ) | set(
        Product.objects.filter(pk__in=ids, category__path__startswith=f"{category.path}/").values_list(
            "pk", flat=True
        )
    )
    return [pk for pk in ids if pk in inside]


def products(ids: Iterable[int]) -> list[Product]:
    """Return the products in the order of their ids."""
    wanted = list(ids)
    found = Product.objects.select_related("category").in_bulk(wanted)
    return [found[pk] for pk in wanted if pk in found]


def search(words: str) -> list[int]:
    """Return the ids whose name or brand holds every word, best first."""
    found = Product.objects.filter(pk__in=assortment())
    for word in words.split()[:6]:
        found = found.filter(name__icontains=word) | found.filter(brand__icontains=word)
    inside = set(found.values_list("pk", flat=True))
    return [pk for pk in assortment() if pk in inside]


def by_skus(skus: list[str]) -> list[Product]:
    """Return the products that are still offered, in the order of their numbers."""
    found = {p.sku: p for p in Product.objects.filter(sku__in=skus, active=True).select_related("category")}
    return [found[sku] for sku in skus if sku in found]
