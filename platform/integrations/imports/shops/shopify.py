"""Shopify's order and customer exports.

Columns as in https://help.shopify.com/manual/fulfillment/managing-orders/exporting-orders and
https://help.shopify.com/manual/customers/import-export-customers. An order of several lines has a row for
each; the further ones repeat the order's name and leave its own cells empty. Prices are of one piece.
"""

from integrations.imports.shops.base import Export

EXPORTS = (
    Export(
        shop="shopify",
        label="Shopify",
        kind="orders",
        known_by=frozenset({"Name", "Financial Status", "Lineitem quantity", "Lineitem price"}),
        columns={
            "Name": "order_id",
            "Email": "email",
            "Phone": "phone",
            "Billing Name": "name",
            "Billing Country": "country",
            "Financial Status": "payment",
            "Accepts Marketing": "marketing",
            "Currency": "currency",
            "Total": "order_total",
            "Discount Amount": "order_discount",
            "Created at": "ordered_at",
            "Lineitem quantity": "quantity",
            "Lineitem name": "product",
            "Lineitem price": "price",
            "Lineitem sku": "sku",
            "Lineitem discount": "line_discount",
            "Refunded Amount": "refunded",
            "Cancelled at": "cancelled_at",
        },
    ),
    Export(
        shop="shopify",
        label="Shopify",
        kind="customers",
        known_by=frozenset({"First Name", "Last Name", "Email", "Total Spent", "Total Orders"}),
        columns={
            "Customer ID": "external_id",
            "First Name": "first_name",
            "Last Name": "last_name",
            "Email": "email",
            "Phone": "phone",
            "Default Address Country Code": "country",
            "Country Code": "country",
            "Accepts Email Marketing": "email_consent",
            "Accepts Marketing": "email_consent",
            "Accepts SMS Marketing": "sms_consent",
            "Tags": "attributes.tags",
            "Default Address City": "attributes.city",
            "Default Address Company": "attributes.company",
        },
    ),
)
