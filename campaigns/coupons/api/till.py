"""REST: the life of a code at the till."""

import time
from datetime import timedelta
from functools import partial
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Scope
from campaigns import checkout
from campaigns.coupons import services
from campaigns.coupons.services import Refused, joining
from campaigns.coupons.throttling import GuessThrottle
from core import clock
from core.idempotency import PARAMETER, idempotent
from core.problems import Problem
from core.serializers import StrictSerializer


class CodeSerializer(checkout.OrderedSerializer):
    """A code, who shows it, and on which order."""

    code = serializers.CharField(max_length=100)
    codes = serializers.ListField(
        child=serializers.CharField(max_length=100),
        max_length=joining.MOST_CODES,
        required=False,
        help_text=(
            "The codes on the cart, as for `/promotions/evaluate`: this one is judged beside them and the"
            " promotions that need none, and refused where these leave it nothing. Absent: by itself."
        ),
    )
    shopper_ip = serializers.IPAddressField(
        required=False, help_text="Of who types the code: a guesser is held up, and nobody else."
    )


class ReserveSerializer(CodeSerializer, checkout.KeepSerializer):
    """As for redeeming, with the minutes for which the use is kept."""


class RollbackSerializer(checkout.UndoSerializer):
    """A code and the order on which its use is taken back, wholly or as far as goods came back."""

    code = serializers.CharField(max_length=100)


#: How long a refusal as unknown takes: longer than the way to it does, whatever the reason.
MISS_SECONDS = 0.1


class ValiditySerializer(serializers.Serializer):  # type: ignore[type-arg]
    """Whether the code would be taken, and what it would give."""

    valid = serializers.BooleanField()
    discount = serializers.DictField(child=serializers.CharField(), allow_null=True)
    reason = serializers.CharField(allow_null=True)
    detail = serializers.CharField(allow_null=True)


class RedeemedSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A use of a code."""

    code = serializers.CharField()
    order = serializers.CharField()
    discount = serializers.DictField(child=serializers.CharField())
    redeemed_at = serializers.DateTimeField()
    replayed = serializers.BooleanField()


class ReservedSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A use kept free."""

    code = serializers.CharField()
    order = serializers.CharField()
    expires_at = serializers.DateTimeField()


class RolledBackSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A use taken back."""

    code = serializers.CharField()
    order = serializers.CharField()
    rolled_back = serializers.BooleanField()


class CouponView(checkout.CheckoutView):
    """What the calls about codes share: throttling against guessing, and how a code is refused."""

    throttle_classes = [GuessThrottle]
    #: A sentence for each reason, where the service has none.
    TITLES = {
        "invalid_code": _("This code cannot be used"),
        "exhausted": _("This code has been used as often as it may be"),
        "ineligible": _("This code does not fit this order"),
        "outdone": _("Another offer on this order is the better one"),
        "twice": _("Another code for the same offer is on this order"),
        "rolled_back": _("This code's use on this order was taken back"),
    }

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Note when the call began."""
        self.began = time.monotonic()
        super().initial(request, *args, **kwargs)

    def read(self, form: type[StrictSerializer]) -> dict[str, Any]:
        """Return the validated body; whom the throttle counts under is its own affair."""
        body = super().read(form)
        body.pop("shopper_ip", None)
        return body

    def note(self, refusal: Refused) -> None:
        """Count a code that does not exist as a guess, and answer no sooner than any other of the kind.

        A code that is expired or somebody else's takes longer to refuse than one that is unknown; the
        fixed moment hides by how much.
        """
        if refusal.reason == "invalid_code":
            GuessThrottle().count_miss(self.request)
            time.sleep(max(0.0, self.began + MISS_SECONDS - time.monotonic()))

    def handle_exception(self, exc: Exception) -> Response:
        """Answer refusals with 409."""
        if isinstance(exc, Refused):
            self.note(exc)
            title = str(self.TITLES[exc.reason])
            exc = Problem(409, exc.reason.replace("_", "-"), title, exc.detail, reason=exc.reason)
        return super().handle_exception(exc)


class ValidateView(CouponView):
    """Ask what a code would give."""

    scopes = {"POST": Scope.COUPONS_READ}

    @extend_schema(
        operation_id="validate_coupon",
        summary="Ask what a code would give on an order",
        request=CodeSerializer,
        responses=ValiditySerializer,
    )
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Answer 200 with the discount or the reason; unknown and expired codes answer alike."""
        try:
            discount = services.validate(**self.read(CodeSerializer), now=clock.now())
        except Refused as refusal:
            self.note(refusal)
            return Response(
                {
                    "valid": False,
                    "discount": None,
                    "reason": refusal.reason,
                    "detail": refusal.detail or str(self.TITLES[refusal.reason]),
                }
            )
        return Response({"valid": True, "discount": discount.as_json(), "reason": None, "detail": None})


class ReserveView(CouponView):
    """Keep a use free while an order is being paid."""

    scopes = {"POST": Scope.COUPONS_WRITE}

    @extend_schema(
        operation_id="reserve_coupon",
        parameters=[PARAMETER],
        summary="Keep a use of a code free for an order",
        request=ReserveSerializer,
        responses=ReservedSerializer,
    )
    @idempotent
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Answer 200 with the moment until which it is kept; again for the same order extends it."""
        body = self.read(ReserveSerializer)
        lasts = timedelta(minutes=body.pop("minutes"))
        reservation = services.reserve(**body, now=clock.now(), lasts=lasts)
        return Response(
            {
                "code": reservation.coupon.code,
                "order": reservation.order_id,
                "expires_at": reservation.expires_at,
            }
        )


class RedeemView(CouponView):
    """Use a code."""

    scopes = {"POST": Scope.COUPONS_WRITE}

    @extend_schema(
        operation_id="redeem_coupon",
        parameters=[PARAMETER],
        summary="Use a code on an order",
        request=CodeSerializer,
        responses=RedeemedSerializer,
    )
    @idempotent
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Answer 200 once and on its replay; 409 where the code is exhausted, ineligible or unknown."""
        done = services.redeem(**self.read(CodeSerializer), now=clock.now())
        return Response(
            {
                "code": done.code,
                "order": done.order_id,
                "discount": done.discount.as_json(),
                "redeemed_at": done.redeemed_at,
                "replayed": done.replayed,
            }
        )


class RollbackView(CouponView):
    """Take a use back."""

    scopes = {"POST": Scope.COUPONS_WRITE}

    @extend_schema(
        operation_id="roll_back_coupon",
        parameters=[PARAMETER],
        summary="Take back a code's use on an order",
        request=RollbackSerializer,
        responses=RolledBackSerializer,
    )
    @idempotent
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Answer 200, also when it was taken back before. With a refund its share of the discount."""
        body, now = self.read(RollbackSerializer), clock.now()
        code = body["code"]
        number = self.undo(
            body, partial(services.roll_back, code, now=now), partial(services.refund, code, now=now)
        )
        return Response({"code": code, "order": number, "rolled_back": True})
