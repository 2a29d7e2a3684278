"""Coupons as a file."""

from core.exports import Column, ExportList, lists


def register() -> None:
    """Offer the chosen codes."""
    columns = (
        Column("code", lambda c: c.code),
        Column("pool", lambda c: c.pool.name),
        Column("customer id", lambda c: c.customer.external_id if c.customer else ""),
        Column("assigned", lambda c: c.assigned_at.isoformat() if c.assigned_at else ""),
        Column("expires", lambda c: c.expires_at.isoformat() if c.expires_at else ""),
        Column("used", lambda c: c.used),
        Column("times at most", lambda c: c.limit),
    )
    coupons = ExportList(
        "coupons",
        "coupons",
        "integrations.export_coupons",
        columns,
        lambda chosen: chosen.select_related("pool", "customer"),
    )
    lists.add("coupons.coupon", coupons)
