"""Addresses that are never written to: found, added and lifted by the address itself."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from accounts.models import User
from console.delivery.base import DeliveryPage, clean
from core import clock
from customers.models import Channel, Suppression
from delivery.suppression import add, hashes_of, lift

PER_PAGE = 25


class Suppressions(DeliveryPage):
    """The list; only keyed hashes are kept, so search is by the whole address."""

    permission_required = ("customers.view_suppression",)
    template_name = "console/delivery/suppression.html"
    title = gettext_lazy("Suppressed addresses")
    tab = "delivery_suppression"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return one page, or what is known of the address asked for."""
        words = clean(self.request.GET.get("q"))
        found = Suppression.objects.order_by("-pk")
        if words:
            found = found.filter(address_hash__in=hashes_of(words))
        after = self.request.GET.get("after", "")
        if after.isdigit() and len(after) < 19:
            found = found.filter(pk__lt=int(after))
        rows = list(found[: PER_PAGE + 1])
        user = self.request.user
        return super().get_context_data(
            rows=rows[:PER_PAGE],
            more=rows[PER_PAGE - 1].pk if len(rows) > PER_PAGE else "",
            words=words,
            channels=Channel.choices,
            may_add=user.has_perm("customers.add_suppression"),
            may_lift=user.has_perm("customers.delete_suppression"),
            **kwargs,
        )


class SuppressionAdd(PermissionRequiredMixin, View):
    """Suppress an address by hand."""

    permission_required = ("customers.add_suppression",)
    raise_exception = True

    def post(self, request: HttpRequest) -> HttpResponse:
        """Add, or say what is wrong with the address."""
        address, channel = clean(request.POST.get("address")), request.POST.get("channel", "")
        user = request.user
        assert isinstance(user, User)  # noqa: S101  the admin lets nobody else in
        try:
            add(channel, address, user=user, now=clock.now())
        except ValueError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("Nothing will be sent to this address any more."))
        return redirect("admin:delivery_suppression")


class SuppressionLift(PermissionRequiredMixin, View):
    """Lift a suppression, with the reason why."""

    permission_required = ("customers.delete_suppression",)
    raise_exception = True

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Lift, unless the reason is missing or the person was erased."""
        row = get_object_or_404(Suppression, pk=pk)
        user = request.user
        assert isinstance(user, User)  # noqa: S101  the admin lets nobody else in
        try:
            lift(row, reason=clean(request.POST.get("why")), user=user, now=clock.now())
        except ValueError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("The address may be written to again, where consent allows it."))
        return redirect("admin:delivery_suppression")
