"""What the rows of a file can be. Adding a kind is adding a module here."""

from integrations.imports.kinds.base import Context, ImportKind, Outcome
from integrations.imports.kinds.consents import Consents
from integrations.imports.kinds.customers import Customers
from integrations.imports.kinds.events import Events
from integrations.imports.kinds.orders import Orders
from integrations.imports.kinds.products import Products
from integrations.imports.kinds.suppressions import Suppressions
from integrations.models import Kind

KINDS: dict[str, ImportKind] = {
    Kind.CUSTOMERS: Customers(),
    Kind.PRODUCTS: Products(),
    Kind.ORDERS: Orders(),
    Kind.EVENTS: Events(),
    Kind.CONSENTS: Consents(),
    Kind.SUPPRESSIONS: Suppressions(),
}

__all__ = ["KINDS", "Context", "ImportKind", "Outcome"]
