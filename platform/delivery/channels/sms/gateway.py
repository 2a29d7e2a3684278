"""Any SMS gateway that takes JSON: the seam for providers without an adapter of their own.

    POST <address>  {"to": "+49…", "text": "…", "from": "…", "id": "…", "template", "variables"}
    ← 2xx           {"id": "the gateway's id"}

and for receipts and answers, to the provider's webhook address:

    {"receipts": [{"id": "…", "delivered": true, "error": "", "gone": false}],
     "inbound": [{"id": "…", "from": "+49…", "text": "STOP"}]}
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson
from django.utils.translation import gettext_lazy as _

from customers.models import Channel
from delivery.channels.base import Connection, Outgoing
from delivery.channels.connection import OneByOne
from delivery.channels.http import HttpClient, require_success
from delivery.channels.sms.content import check_number, text_of
from delivery.providers.kinds import Feedback, Inbound, Kind, Receipt, Setting


@contextmanager
def connect(configuration: Mapping[str, Any]) -> Iterator[Connection]:
    """Open the way to a gateway."""
    client = HttpClient()
    headers = {"Content-Type": "application/json"}
    if token := configuration.get("token"):
        headers["Authorization"] = f"Bearer {token}"

    def offer(message: Outgoing) -> str:
        body = {
            "to": check_number(message.address),
            "text": text_of(message.content),
            "from": configuration.get("sender", ""),
            "id": message.message_id,
        }
        if message.content.template:
            body |= {"template": message.content.template, "variables": message.content.variables}
        answer = client.post(configuration["url"], orjson.dumps(body), headers)
        require_success(answer, now=message.date)
        return str(answer.members().get("id") or "")

    try:
        yield OneByOne(offer)
    finally:
        client.close()


def feedback(body: Any) -> Feedback:
    """Read a call of the webhook."""
    if not isinstance(body, dict):
        raise ValueError("Send an object with receipts and inbound.")
    return Feedback(
        receipts=[
            Receipt(str(r["id"]), bool(r["delivered"]), str(r.get("error", "")), bool(r.get("gone")))
            for r in body.get("receipts", [])
        ],
        inbound=[Inbound(str(m["id"]), str(m["from"]), str(m["text"])) for m in body.get("inbound", [])],
    )


KIND = Kind(
    name="sms-http",
    title=_("SMS gateway (HTTP and JSON)"),
    channel=Channel.SMS,
    open=connect,
    feedback=feedback,
    settings=(
        Setting("url", _("Address"), _("Where messages are posted, with https://."), is_url=True),
        Setting("token", _("Token"), _("Sent as “Authorization: Bearer …”."), secret=True, required=False),
        Setting("sender", _("Sender"), _("Name or number shown to customers."), required=False),
    ),
)
