"""SMS: to the phone number, through the providers of the channel."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import phonenumbers

from core.encryption import keyed_hash
from customers.models import Channel, Customer
from delivery.channels.base import Connection, Guard, Outgoing
from delivery.channels.sink import sink_of
from delivery.channels.sms import aliyun, gateway, tencent
from delivery.channels.sms.content import text_of
from delivery.channels.sms.parts import measure
from delivery.providers.routing import Routed

KINDS = (gateway.KIND, aliyun.KIND, tencent.KIND)


class SmsChannel:
    """Messages to the customer's phone number."""

    def addresses(self, customers: Sequence[Customer]) -> dict[int, str]:
        """Return the numbers, in E.164, of those who have one that exists. No query."""
        return {customer.pk: customer.phone for customer in customers if _usable(customer.phone)}

    def address_hash(self, address: str) -> str:
        """Return the keyed hash of a number."""
        return keyed_hash("phone", address)

    def connect(self, guard: Guard | None = None) -> AbstractContextManager[Connection]:
        """Return a connection over the SMS providers, or to the sink."""
        return Routed(Channel.SMS, sink_of(Channel.SMS, payload), guard)


def payload(message: Outgoing) -> dict[str, Any]:
    """Return what the sink shows of a message. Raises TransportError for one that no provider takes."""
    text = text_of(message.content)
    length = measure(text)
    content = message.content
    return {
        "text": text,
        "encoding": length.encoding,
        "parts": length.parts,
        "template": content.template,
        "variables": content.variables,
        "signature": content.signature,
    }


def _usable(phone: str | None) -> bool:
    try:
        return phone is not None and phonenumbers.is_possible_number(phonenumbers.parse(phone))
    except phonenumbers.NumberParseException:
        return False
