"""Tencent Cloud SMS (腾讯云短信), action SendSms of version 2021-01-11.

Signed by TC3-HMAC-SHA256 as in "Signature v3" of the provider's documentation; receipts and answers as
in its "SMS Sending Status Notification" and "SMS Reply Notification".
"""

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import orjson
from django.utils.translation import gettext_lazy as _

from customers.models import Channel
from delivery.channels.base import (
    Connection,
    OutcomeUnknown,
    Outgoing,
    ProviderUnreachable,
    TransportError,
)
from delivery.channels.connection import OneByOne
from delivery.channels.http import Answer, HttpClient, require_success
from delivery.channels.sms.content import check_number, check_variables, international
from delivery.providers.kinds import Feedback, Inbound, Kind, Receipt, Setting

_ALGORITHM = "TC3-HMAC-SHA256"
_JSON = "application/json; charset=utf-8"
_BUSY = ("LimitExceeded", "RequestLimitExceeded", "InternalError")
_ACCOUNT = (
    "AuthFailure", "UnauthorizedOperation", "FailedOperation.InsufficientBalanceInSmsPackage",
    "ResourceInsufficient",
)  # fmt: skip
_NUMBER = "InvalidParameterValue.IncorrectPhoneNumber"


@contextmanager
def connect(configuration: Mapping[str, Any]) -> Iterator[Connection]:
    """Open the way to the account."""
    client = HttpClient()
    endpoint = configuration.get("endpoint") or "https://sms.tencentcloudapi.com"

    def offer(message: Outgoing) -> str:
        check_variables(message.content)
        body = orjson.dumps(
            {
                "PhoneNumberSet": [check_number(message.address)],
                "SmsSdkAppId": configuration["app_id"],
                "SignName": message.content.signature or configuration["signature"],
                "TemplateId": message.content.template,
                # Tencent's variables are numbered: {1}, {2}, …
                "TemplateParamSet": list(message.content.variables.values()),
                "SessionContext": str(message.key),
            }
        )
        return _reference(client.post(endpoint, body, signed(configuration, body, at=message.date)), message)

    try:
        yield OneByOne(offer)
    finally:
        client.close()


def signed(configuration: Mapping[str, Any], body: bytes, *, at: datetime) -> dict[str, str]:
    """Return the signed headers of a call."""
    host = urlsplit(configuration.get("endpoint") or "https://sms.tencentcloudapi.com").netloc
    stamp, day = int(at.timestamp()), at.astimezone(UTC).strftime("%Y-%m-%d")
    canonical = "\n".join(
        ["POST", "/", "", f"content-type:{_JSON}\nhost:{host}\n", "content-type;host", _sha(body)]
    )
    scope = f"{day}/sms/tc3_request"
    to_sign = "\n".join([_ALGORITHM, str(stamp), scope, _sha(canonical.encode())])
    key = f"TC3{configuration['secret_key']}".encode()
    for part in (day, "sms", "tc3_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    return {
        "Authorization": f"{_ALGORITHM} Credential={configuration['secret_id']}/{scope}, "
        f"SignedHeaders=content-type;host, Signature={signature}",
        "Content-Type": _JSON,
        "X-TC-Action": "SendSms",
        "X-TC-Version": "2021-01-11",
        "X-TC-Timestamp": str(stamp),
        "X-TC-Region": configuration.get("region") or "ap-guangzhou",
    }


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _reference(answer: Answer, message: Outgoing) -> str:
    """Return the provider's id, or raise what its code means. Every answer is a 200."""
    require_success(answer, now=message.date)
    found = answer.members().get("Response")
    if not isinstance(found, dict):
        raise OutcomeUnknown("The provider's answer cannot be read.")
    statuses = found.get("SendStatusSet") or [{}]
    code = str((found.get("Error") or statuses[0]).get("Code", ""))
    if code == "Ok":
        return str(statuses[0].get("SerialNo", ""))
    if not code:
        raise OutcomeUnknown("The provider's answer cannot be read.")
    if code.startswith(_BUSY):
        raise TransportError(f"The provider asks to wait ({code}).", permanent=False)
    if code.startswith(_ACCOUNT):
        raise ProviderUnreachable(f"The provider does not accept our account ({code}).")
    raise TransportError(f"The provider refused ({code[:80]}).", permanent=True, bounced=code == _NUMBER)


def feedback(body: Any) -> Feedback:
    """Read a notification: receipts are a list, an answer is an object."""
    if isinstance(body, dict):
        number = international(str(body.get("nationcode", "86")), str(body["mobile"]))
        key = f"{number}:{body.get('time')}:{hashlib.sha256(str(body['text']).encode()).hexdigest()[:16]}"
        return Feedback(inbound=[Inbound(key, number, str(body["text"]))])
    if not isinstance(body, list):
        raise ValueError("Tencent Cloud sends a list or an object.")
    receipts = []
    for entry in body:
        ok = entry.get("report_status") == "SUCCESS"
        error = "" if ok else str(entry.get("errmsg", ""))
        receipts.append(Receipt(str(entry["sid"]), ok, error, bounced=error == "MOBILE_NOT_EXIST"))
    return Feedback(receipts)


KIND = Kind(
    name="sms-tencent",
    title=_("Tencent Cloud SMS"),
    channel=Channel.SMS,
    open=connect,
    feedback=feedback,
    thanks={"result": 0, "errmsg": "OK"},
    settings=(
        Setting("secret_id", _("Secret id")),
        Setting("secret_key", _("Secret key"), secret=True),
        Setting("app_id", _("Application id"), _("SmsSdkAppId.")),
        Setting("signature", _("Signature"), _("The approved 签名, without the brackets.")),
        Setting("region", _("Region"), required=False, default="ap-guangzhou"),
        Setting(
            "endpoint", _("Address"), _("Only for other regions."), required=False, is_url=True,
            default="https://sms.tencentcloudapi.com",
        ),
    ),
)  # fmt: skip
