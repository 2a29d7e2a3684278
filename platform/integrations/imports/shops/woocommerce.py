"""WooCommerce's order and customer exports.

Two families of columns: those of *Import Export Suite for WooCommerce*
(https://woocommerce.com/document/import-and-export-of-woocommerce-orders/ and …-users/), which puts an order
into one row with its lines in `line_item_1`, `line_item_2`, … and, when asked, in `Product Item 1 Name`, …
(see kinds.order_lines); and those of *Customer/Order/Coupon Export* with one row an item (`item_sku`,
`item_total`), whose documentation promises that names never change.
"""

from integrations.imports.shops.base import Export

_ORDER = {
    "order_id": "order_id",
    "order_number": "",
    "order_date": "ordered_at",
    "date": "ordered_at",
    "status": "status",
    "order_status": "status",
    "order_currency": "currency",
    "currency": "currency",
    "customer_id": "external_id",
    "customer_email": "email",
    "billing_email": "email",
    "billing_phone": "phone",
    "billing_first_name": "first_name",
    "billing_last_name": "last_name",
    "billing_country": "country",
    "discount_total": "order_discount",
    "cart_discount": "order_discount",
    "order_total": "order_total",
    "refunded_total": "refunded",
    "item_sku": "sku",
    "item_name": "product",
    "item_quantity": "quantity",
    "item_subtotal": "line_subtotal",
    "item_total": "line_total",
    "line_items": "lines",
    "item_refunded": "line_refunded",
}
_CUSTOMER = {
    "customer_id": "external_id",
    "user_email": "email",
    "email": "email",
    "first_name": "first_name",
    "last_name": "last_name",
    "billing_phone": "phone",
    "billing_country": "country",
    "locale": "locale",
    "user_registered": "known_since",
    "date_registered": "known_since",
    "billing_city": "attributes.city",
    "billing_company": "attributes.company",
    "roles": "attributes.roles",
}


def _export(kind: str, known_by: set[str], columns: dict[str, str]) -> Export:
    return Export("woocommerce", "WooCommerce", kind, frozenset(known_by), columns)


EXPORTS = (
    _export("orders", {"order_id", "order_total", "billing_email", "item_sku"}, _ORDER),
    _export("orders", {"order_id", "order_total", "billing_email", "payment_method"}, _ORDER),
    _export("orders", {"order_id", "order_total", "customer_email"}, _ORDER),
    _export("customers", {"customer_id", "user_email", "user_registered"}, _CUSTOMER),
    _export("customers", {"customer_id", "email", "date_registered", "billing_phone"}, _CUSTOMER),
)
