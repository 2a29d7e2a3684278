"""Reads of the catalogue."""

from collections.abc import Iterable

from catalog.models import Category, Product


def by_sku(sku: str) -> Product | None:
    """Return the product with the shop's own number, or None."""
    if "\0" in sku:  # PostgreSQL has no such text, so nothing is called so
        return None
    return Product.objects.select_related("category").filter(sku=sku).first()


def ids_by_sku(skus: Iterable[str]) -> dict[str, int]:
    """Return the primary keys of the products that exist. One query."""
    return dict(Product.objects.filter(sku__in=list(skus)).values_list("sku", "id"))


def category_names(category: Category | None) -> list[str] | None:
    """Return the names on the way from the root to a category. One query."""
    if category is None:
        return None
    parts = category.path.split("/")
    paths = ["/".join(parts[: depth + 1]) for depth in range(len(parts))]
    return list(Category.objects.filter(path__in=paths).order_by("path").values_list("name", flat=True))
