"""The life of one code: made, given, reserved, redeemed, taken back, revoked; when and for which order."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.generic import View

from accounts.models import AuditEntry
from campaigns.coupons.codes import shown
from campaigns.coupons.models import Coupon
from campaigns.coupons.services import revoke
from campaigns.models import Campaign
from console.offers.base import OffersPage
from console.offers.words import in_words
from core import clock
from core.figures import money_text


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened to a code; `look` colours its sign."""

    at: datetime
    icon: str
    look: str
    title: str
    detail: str = ""


class Code(OffersPage):
    """A code with its timeline."""

    permission_required = ("coupons.view_coupon",)
    template_name = "console/offers/code.html"
    tab = "offer_pools"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the code and its steps, the newest first. Six queries."""
        now, can = clock.now(), self.request.user.has_perm
        coupon = get_object_or_404(
            Coupon.objects.select_related("pool__promotion", "customer"), pk=self.kwargs["pk"]
        )
        self.title = shown(coupon.code)
        sees = can("customers.view_customer")
        steps = sorted(_steps(coupon, now, sees), key=lambda step: step.at, reverse=True)
        return super().get_context_data(
            coupon=coupon,
            promotion=coupon.pool.promotion,
            words=in_words(coupon.pool.promotion),
            steps=steps,
            state=_state(coupon, now),
            usable=_usable(coupon, now),
            may_revoke=can("coupons.change_coupon"),
            sees_people=sees,
            **kwargs,
        )


def _usable(coupon: Coupon, now: datetime) -> bool:
    return coupon.used < coupon.limit and (coupon.expires_at is None or coupon.expires_at > now)


def _state(coupon: Coupon, now: datetime) -> tuple[str, str]:
    """Return what a person at the till asks: its name and the look of its pill."""
    if coupon.used >= coupon.limit and coupon.limit:
        return _("used"), "info"
    if not coupon.limit:
        return _("revoked"), "bad"
    if coupon.expires_at and coupon.expires_at <= now:
        return _("expired"), "warn"
    return (_("with a customer"), "ok") if coupon.customer_id else (_("free"), "")


def _steps(coupon: Coupon, now: datetime, sees: bool) -> list[Step]:
    currency = coupon.pool.promotion.currency
    found = [Step(coupon.created_at, "add", "", _("Came into the pool"), coupon.pool.name)]
    if coupon.assigned_at and coupon.customer_id:
        who = str(coupon.customer) if sees and coupon.customer else _("a customer")
        detail = _("for %(what)s") % {"what": _campaign(coupon)} if coupon.assigned_for else ""
        found.append(Step(coupon.assigned_at, "person", "info", _("Given to %(who)s") % {"who": who}, detail))
    redeemed = list(coupon.redemptions.all())
    orders = {redemption.order_id for redemption in redeemed}
    for kept in coupon.reservations.all():
        order = _("order %(order)s") % {"order": kept.order_id}
        if kept.released_at:
            found.append(Step(kept.released_at, "lock_open", "", _("Reservation given back"), order))
        elif kept.expires_at <= now and kept.order_id not in orders:
            found.append(Step(kept.expires_at, "lock_open", "", _("Reservation ran out"), order))
        elif kept.order_id not in orders:
            # The moment it was made is not kept; it is known that it stands now.
            found.append(Step(now, "lock", "warn", _("Reserved at this moment"), order))
    for use in redeemed:
        order = _("order %(order)s") % {"order": use.order_id}
        worth = money_text(use.discount, use.currency) if use.discount is not None else ""
        found.append(
            Step(use.redeemed_at, "sell", "ok", _("Redeemed"), f"{order} · {worth}" if worth else order)
        )
        if use.rolled_back_at:
            found.append(Step(use.rolled_back_at, "undo", "warn", _("Taken back"), order))
        elif use.refunded:
            back = money_text(use.given_back, currency)
            detail = _("%(order)s, %(amount)s of the discount came back") % {"order": order, "amount": back}
            found.append(Step(use.redeemed_at, "undo", "warn", _("Refunded in part"), detail))
    revoked = AuditEntry.objects.filter(action="revoke_code", after__code_id=coupon.pk).first()
    if revoked:
        found.append(Step(revoked.at, "block", "bad", _("Revoked"), _("by %(who)s") % {"who": revoked.actor}))
    elif coupon.expires_at and coupon.expires_at <= now and not coupon.used:
        found.append(Step(coupon.expires_at, "event_busy", "", _("Expired unused")))
    return found


def _campaign(coupon: Coupon) -> str:
    try:
        campaign = Campaign.objects.filter(pk=coupon.assigned_for).only("name").first()
    except (ValueError, ValidationError):
        campaign = None
    return campaign.name if campaign else coupon.assigned_for


class Revoke(PermissionRequiredMixin, View):
    """Take a code out of use for good."""

    permission_required = ("coupons.change_coupon",)
    raise_exception = True

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Revoke it once."""
        user: Any = request.user
        coupon = get_object_or_404(Coupon.objects.select_related("pool"), pk=pk)
        if revoke(coupon, now=clock.now(), user=user):
            messages.success(request, _("The code is revoked: no till takes it any more."))
        else:
            messages.error(request, _("The code could not be used any more before, so nothing changed."))
        return redirect("admin:offer_code", pk=pk)
