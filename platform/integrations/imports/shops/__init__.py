"""Ready mappings for what shop systems export."""

from integrations.imports.shops.base import Export
from integrations.imports.shops.shopify import EXPORTS as SHOPIFY
from integrations.imports.shops.woocommerce import EXPORTS as WOOCOMMERCE
from integrations.imports.shops.youzan import EXPORTS as YOUZAN

#: The more columns an export is known by, the earlier it is tried.
EXPORTS: tuple[Export, ...] = tuple(
    sorted((*SHOPIFY, *WOOCOMMERCE, *YOUZAN), key=lambda export: -len(export.known_by))
)


def export_of(columns: list[str], kind: str | None = None) -> Export | None:
    """Return the export that a file's columns show, among those of a kind when one is given."""
    names = set(columns)
    return next((e for e in EXPORTS if e.known_by <= names and kind in (None, "", e.kind)), None)


def export_named(name: str) -> Export | None:
    """Return a ready mapping by its name, as `shopify.orders`."""
    return next((export for export in EXPORTS if export.name == name), None)
