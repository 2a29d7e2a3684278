"""What the delivery pages share: their tabs."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from console.page import Page

#: Name, address, permission.
TABS = (
    (_("Sendings"), "delivery_runs", "delivery.view_run"),
    (_("Delivery log"), "delivery_log", "delivery.view_message"),
    (_("Who did not get it"), "delivery_unreached", "delivery.view_message"),
    (_("Providers"), "delivery_providers", "delivery.view_provider"),
    (_("Staff tasks"), "delivery_staff", "delivery.view_stafftask"),
    (_("Deliverability"), "delivery_deliverability", "delivery.view_return"),
    (_("Sending rules"), "delivery_rules", "delivery.view_quiethours"),
    (_("Suppressed addresses"), "delivery_suppression", "customers.view_suppression"),
)


class DeliveryPage(Page):
    """A page under the tabs; `tab` is the address of the one it stands under."""

    tab = ""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the tabs that the person may open."""
        user = self.request.user
        tabs = [(title, name, name == self.tab) for title, name, code in TABS if user.has_perm(code)]
        return super().get_context_data(tabs=tabs, **kwargs)


def clean(text: str | None) -> str:
    """Return a query's value as a column can be compared with it."""
    return (text or "").strip().replace("\0", "")[:400]
