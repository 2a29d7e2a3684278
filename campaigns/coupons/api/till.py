"""REST: the life of a code at the till."""

import time
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Scope
from campaigns.coupons import services
from campaigns.coupons.services import Refused
from campaigns.coupons.throttling import GuessThrottle
from campaigns.promotions.orders import BadRefund
from campaigns.promotions.vocabulary import RuleInvalid
from campaigns.serializers import OrderSerializer, RefundSerializer, order_of
from core import clock
from core.idempotency import PARAMETER, idempotent
from core.problems import Problem
from core.serializers import StrictSerializer
from core.throttling import KeyThrottle
from customers.selectors import by_external_id


class CodeSerializer(StrictSerializer):
    """A code, who shows it, and on which order."""

    code = serializers.CharField(max_length=100)
    customer = serializers.CharField(max_length=200, required=False, allow_null=True, default=None)
    shopper_ip = serializers.IPAddressField(
        required=False, help_text="Of who types the code: a guesser is held up, and nobody else."
    )
    order = OrderSerializer()


class ReserveSerializer(CodeSerializer):
    """As for redeeming, with the minutes for which the use is kept."""

    minutes = serializers.IntegerField(min_value=1, max_value=24 * 60, default=15)


#: How long a refusal as unknown takes: longer than the way to it does, whatever the reason.
MISS_SECONDS = 0.1


class OrderIdSerializer(StrictSerializer):
    """An order by its number."""

    id = serializers.CharField(max_length=100)


class RollbackSerializer(StrictSerializer):
    """A code and the order on which its use is taken back, wholly or as far as goods came back."""

    code = serializers.CharField(max_length=100)
    order = OrderIdSerializer()
    refund = RefundSerializer(required=False)


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


class CouponView(APIView):
    """What the calls share: throttling against guessing, and how refusals are answered."""

    throttle_classes = [KeyThrottle, GuessThrottle]
    #: A sentence for each reason, where the service has none.
    TITLES = {
        "invalid_code": gettext_lazy("This code cannot be used"),
        "exhausted": gettext_lazy("This code has been used as often as it may be"),
        "ineligible": gettext_lazy("This code does not fit this order"),
        "rolled_back": gettext_lazy("This code's use on this order was taken back"),
    }

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Note when the call began."""
        self.began = time.monotonic()
        super().initial(request, *args, **kwargs)

    def read(self, form_class: type[StrictSerializer], request: Request) -> dict[str, Any]:
        """Return the validated body; for an order, as the services take it."""
        form = form_class(data=request.data)
        form.is_valid(raise_exception=True)
        body = dict(form.validated_data)
        body.pop("shopper_ip", None)
        if "lines" in body["order"]:
            body["order"] = order_of(body["order"])
            # A customer we do not know yet may use a generic code; a personal one is refused below.
            body["customer"] = by_external_id(body["customer"] or "")
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
        """Answer refusals with 409 and unreadable carts with 400."""
        if isinstance(exc, Refused):
            self.note(exc)
            title = str(self.TITLES[exc.reason])
            exc = Problem(409, exc.reason.replace("_", "-"), title, exc.detail, reason=exc.reason)
        elif isinstance(exc, BadRefund):
            exc = Problem(422, "invalid-refund", _("This refund cannot be booked"), str(exc))
        elif isinstance(exc, RuleInvalid):
            exc = Problem(422, "invalid-cart", _("This cart cannot be read"), str(exc))
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
            discount = services.validate(**self.read(CodeSerializer, request), now=clock.now())
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
        body = self.read(ReserveSerializer, request)
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
        done = services.redeem(**self.read(CodeSerializer, request), now=clock.now())
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
        body = self.read(RollbackSerializer, request)
        code, order_id, now = body["code"], body["order"]["id"], clock.now()
        if refund := body.get("refund"):
            services.refund(code, order_id=order_id, reference=refund["id"], amount=refund["amount"], now=now)
        else:
            services.roll_back(code, order_id=order_id, now=now)
        return Response({"code": body["code"], "order": body["order"]["id"], "rolled_back": True})
