"""REST: ask for a message, and ask what became of it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.urls import re_path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Scope
from core import clock
from core.idempotency import PARAMETER, idempotent
from core.openapi import PROBLEMS
from core.problems import Problem
from core.serializers import ObjectField, StrictSerializer
from core.validation import json_error
from customers.models import Channel, Customer
from delivery.direct import recipients
from delivery.direct.models import DirectMessage
from delivery.direct.selectors import current
from delivery.direct.services import Ask, TooManyRuns, ask, cancel
from delivery.direct.templates import templates
from delivery.models import Handover, MessageState, SkipReason

#: Later than this nobody remembers what was asked for.
FURTHEST = timedelta(days=365)
_LINE = r"^[^\r\n]*$"
_KINDS = {kind: {"type": "string", "minLength": 1, "maxLength": 320} for kind in recipients.KINDS}


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "minLength": 1, "maxLength": 200},
            {"type": "object", "properties": _KINDS, "minProperties": 1, "additionalProperties": False},
        ]
    }
)
class CustomerField(serializers.Field):  # type: ignore[type-arg]
    """Your id of a customer, or an object like {"email": "ada@example.com"}."""

    def to_internal_value(self, data: Any) -> str | dict[str, str]:
        """Return the reference. Refuse what is neither."""
        if isinstance(data, str) and data:
            values = [data]
        elif isinstance(data, Mapping) and data and all(isinstance(v, str) and v for v in data.values()):
            values = [*data, *data.values()]
        else:
            raise serializers.ValidationError(
                _('Send your id of the customer, or an object like {"email": "ada@example.com"}.')
            )
        if error := next(filter(None, map(json_error, values)), None):
            raise serializers.ValidationError(error)
        return data if isinstance(data, str) else dict(data)


def _line(length: int, **options: Any) -> serializers.RegexField:
    return serializers.RegexField(
        _LINE, max_length=length, required=False, allow_blank=True,
        error_messages={"invalid": gettext_lazy("Write it in one line.")}, **options,
    )  # fmt: skip


class ContentSerializer(StrictSerializer):
    """What to say. Each channel takes the parts that it can show."""

    subject = _line(300, help_text="E-mail's subject; the title of push, on-site messages and tasks.")
    text = serializers.CharField(max_length=50_000, required=False, allow_blank=True)
    html = serializers.CharField(max_length=500_000, required=False, allow_blank=True)
    url = serializers.URLField(max_length=1000, required=False)
    image = serializers.URLField(max_length=1000, required=False)
    data = ObjectField(required=False)
    template = _line(100, help_text="SMS: the id of the text that your provider approved.")
    variables = serializers.DictField(
        child=serializers.CharField(max_length=500, allow_blank=True), required=False, help_text="SMS."
    )
    signature = _line(30, help_text="SMS: the approved signature, without brackets.")
    expires_at = serializers.DateTimeField(required=False, help_text="Push and on site: shown until then.")


class NewMessageSerializer(StrictSerializer):
    """A message to be sent: `content`, or an e-mail `template` by its name with a `context`."""

    customer = CustomerField()
    channel = serializers.ChoiceField(Channel.choices)
    content = ContentSerializer(required=False)
    template = serializers.CharField(max_length=150, required=False)
    context = ObjectField(required=False)
    topic = serializers.RegexField(r"^[a-z0-9_-]+$", max_length=40, required=False)
    transactional = serializers.BooleanField(
        default=False,
        help_text="Answers what the customer did, so it needs no consent. Suppressed addresses stay so.",
    )
    send_at = serializers.DateTimeField(required=False)
    expires_at = serializers.DateTimeField(required=False, help_text="Not sent after this moment.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a message that its channel could not send."""
        channel, content = attrs["channel"], attrs.get("content")
        if ("template" in attrs) == (content is not None):
            raise serializers.ValidationError({"content": [_("Send either content or template.")]})
        if "template" in attrs:
            if channel not in templates or not templates.get(channel).exists(attrs["template"]):
                raise serializers.ValidationError({"template": [_("There is no such template.")]})
        elif error := _missing(channel, content or {}):
            raise serializers.ValidationError({"content": [error]})
        if attrs.get("send_at") and attrs["send_at"] > clock.now() + FURTHEST:
            raise serializers.ValidationError({"send_at": [_("That is more than a year ahead.")]})
        return attrs


def _missing(channel: str, content: Mapping[str, Any]) -> str:
    """Say what a channel misses in a content, or nothing."""
    if channel == Channel.EMAIL:
        if not content.get("subject"):
            return _("A mail needs a subject.")
        return "" if content.get("html") or content.get("text") else _("A mail needs html or text.")
    if channel == Channel.SMS:
        return "" if content.get("text") or content.get("template") else _("Write a text or a template.")
    if channel == Channel.STAFF and not content.get("text"):
        return _("Write a text: it tells the person what to say.")
    return "" if any(content.get(part) for part in ("subject", "text", "data")) else _("Write a text.")


class MessageSerializer(serializers.Serializer[Any]):
    """A message and what became of it."""

    id = serializers.UUIDField()
    customer = serializers.CharField(allow_null=True)
    channel = serializers.ChoiceField(Channel.choices)
    topic = serializers.CharField()
    state = serializers.ChoiceField(MessageState.choices)
    reason = serializers.ChoiceField(SkipReason.choices, allow_null=True)
    error = serializers.CharField(allow_null=True)
    attempts = serializers.IntegerField()
    receipt = serializers.ChoiceField(
        [("delivered", "delivered"), ("undelivered", "undelivered")], allow_null=True
    )
    asked_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(allow_null=True)


class MessagesView(APIView):
    """Messages that you ask for."""

    scopes = {"POST": Scope.MESSAGES_WRITE}

    @extend_schema(
        operation_id="send_message",
        parameters=[PARAMETER],
        request=NewMessageSerializer,
        responses={202: MessageSerializer, **PROBLEMS},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Send a message to one customer. It is stored when this answers, and on its way soon after."""
        given = NewMessageSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        wish, now = given.validated_data, clock.now()
        try:
            customer = recipients.find(wish["customer"])
        except ValueError as error:
            raise serializers.ValidationError({"customer": [str(error)]}) from error
        if customer is None:
            raise Problem(404, "unknown-customer", _("There is no customer with this id or address"))
        content = dict(wish.get("content") or {})
        if "template" in wish:
            content = {"template_name": wish["template"], "context": wish.get("context", {})}
        topic = wish.get("topic") or ("transactional" if wish["transactional"] else "marketing")
        try:
            direct = ask(
                Ask(
                    customer_id=customer.pk,
                    channel=wish["channel"],
                    topic=topic,
                    transactional=wish["transactional"],
                    content=content,
                    due_at=max(wish.get("send_at") or now, now),
                    expires_at=wish.get("expires_at"),
                ),
                now=now,
            )
        except TooManyRuns as error:
            raise Problem(
                409, "cancelled", _("Messages of this channel and topic are cancelled for today")
            ) from error
        return Response(_told(direct), status=202)


class MessageView(APIView):
    """One message."""

    scopes = {"GET": Scope.MESSAGES_READ, "DELETE": Scope.MESSAGES_WRITE}

    @extend_schema(operation_id="get_message", responses={200: MessageSerializer, **PROBLEMS})
    def get(self, request: Request, id: UUID) -> Response:
        """Say what became of a message, and why it was not sent where it was not."""
        return Response(_told(_find(id)))

    @extend_schema(operation_id="cancel_message", responses={200: MessageSerializer, **PROBLEMS})
    def delete(self, request: Request, id: UUID) -> Response:
        """Take back a message that still waits; 409 when it is too late."""
        direct = _find(id)
        if not cancel(direct):
            raise Problem(409, "not-waiting", _("The message does not wait any more"))
        return Response(_told(direct))


def _find(pk: UUID) -> DirectMessage:
    direct = DirectMessage.objects.filter(pk=pk).first()
    if direct is None:
        raise Problem(404, "unknown-message", _("There is no message with this id"))
    return direct


def _told(direct: DirectMessage) -> dict[str, Any]:
    """Return the answer about a message. Five queries."""
    message = current(direct)
    receipt = Handover.objects.filter(run_id=message.run_id, message_id=message.pk).exclude(receipt="")
    customer = Customer.objects.filter(pk=message.customer_id).values_list("external_id", flat=True).first()
    return dict(
        MessageSerializer(
            {
                "id": direct.id,
                "customer": customer,
                "channel": message.channel,
                "topic": message.run.topic,
                "state": message.state,
                "reason": message.skip_reason or None,
                "error": message.error or None,
                "attempts": message.attempts,
                "receipt": receipt.values_list("receipt", flat=True).first(),
                "asked_at": direct.created_at,
                "due_at": message.due_at,
                "sent_at": message.sent_at,
            }
        ).data
    )


urlpatterns = [
    re_path(r"^messages/?$", MessagesView.as_view(), name="api-messages"),
    re_path(r"^messages/(?P<id>[0-9a-f]{8}-[0-9a-f-]{27})/?$", MessageView.as_view(), name="api-message"),
]
