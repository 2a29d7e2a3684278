"""What carried a product's place for one customer: the items, neighbours or attributes themselves."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from catalog.models import Product
from recommendations.artifacts import fitted
from recommendations.models import ModelVersion
from recommender.errors import DataError

if TYPE_CHECKING:
    from recommender import Because, Recommender

_PARTS = 3


def explain(
    version: ModelVersion, customer_id: int, product_ids: Sequence[int], objective: str
) -> dict[int, list[dict[str, Any]]]:
    """Return per product the largest parts of its score, as `{"kind", "share", "sku", "name"}`.

    Kinds: own (bought before), item (goes with that product), neighbour (customers alike), attribute,
    popular. Loads the stored model; about 10 ms a product. One query for the names.
    """
    model = fitted(version)
    found = {pk: _because(model, customer_id, pk, objective) for pk in product_ids}
    named = {int(part.id) for parts in found.values() for part in parts if part.kind in ("own", "item")}
    products = Product.objects.in_bulk(named)
    return {pk: [_as_json(part, parts, products) for part in parts] for pk, parts in found.items()}


def _because(model: "Recommender", customer_id: int, product_id: int, objective: str) -> "list[Because]":
    try:
        return list(model.explain(str(customer_id), str(product_id), _PARTS, objective).because)
    except DataError:
        # The product came into the catalogue after this training.
        return []


def _as_json(part: "Because", parts: "list[Because]", products: dict[int, Product]) -> dict[str, Any]:
    total = sum(abs(other.value) for other in parts) or 1.0
    said: dict[str, Any] = {"kind": part.kind, "share": round(abs(part.value) / total, 3)}
    if part.kind in ("own", "item") and (product := products.get(int(part.id))):
        said |= {"sku": product.sku, "name": product.name}
    elif part.kind == "attribute":
        said["attribute"] = part.id
    # A neighbour is another customer: counted, never named.
    return said
