"""Alibaba Cloud SMS (阿里云短信), action SendSms of version 2017-05-25.

Signed by the method V3, ACS3-HMAC-SHA256, as in "Request syntax and signature method V3" of the
provider's documentation; receipts and answers as in its SmsReport and SmsUp.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

import orjson
from django.utils.translation import gettext_lazy as _

from customers.models import Channel
from delivery.channels.base import Connection, Outgoing, ProviderUnreachable, TransportError
from delivery.channels.connection import OneByOne
from delivery.channels.http import Answer, HttpClient, require_success
from delivery.channels.sms.content import check_variables, chinese_number, international
from delivery.providers.kinds import Feedback, Inbound, Kind, Receipt, Setting

_ALGORITHM = "ACS3-HMAC-SHA256"
#: Too many for a number or for the account: later the provider would take it.
_BUSY = {"isv.BUSINESS_LIMIT_CONTROL", "isv.DAY_LIMIT_CONTROL", "Throttling", "Throttling.User"}
#: About the account and not about the message.
_ACCOUNT = {"isv.AMOUNT_NOT_ENOUGH", "isv.OUT_OF_SERVICE", "isv.ACCOUNT_ABNORMAL", "isv.ACCOUNT_NOT_EXISTS"}
#: The number does not exist.
_NUMBER = {"isv.MOBILE_NUMBER_ILLEGAL"}
#: Receipts of numbers that do not exist or are no longer in service.
_GONE = {"MOBILE_NOT_ON_SERVICE", "MOBILE_NUMBER_ILLEGAL", "EMPTY_NUMBER"}


@contextmanager
def connect(configuration: Mapping[str, Any]) -> Iterator[Connection]:
    """Open the way to the account."""
    client = HttpClient()

    def offer(message: Outgoing) -> str:
        check_variables(message.content)
        query = {
            "PhoneNumbers": chinese_number(message.address),
            "SignName": message.content.signature or configuration["signature"],
            "TemplateCode": message.content.template,
            "TemplateParam": orjson.dumps(message.content.variables).decode(),
            "OutId": str(message.key),
        }
        url, headers = signed(configuration, query, at=message.date, nonce=secrets.token_hex(16))
        return _reference(client.post(url, b"", headers), message)

    try:
        yield OneByOne(offer)
    finally:
        client.close()


def signed(
    configuration: Mapping[str, Any], query: Mapping[str, str], *, at: datetime, nonce: str
) -> tuple[str, dict[str, str]]:
    """Return the address with its query, and the signed headers, of a call."""
    endpoint = configuration.get("endpoint") or "https://dysmsapi.aliyuncs.com"
    asked = "&".join(f"{quote(k, safe='-_.~')}={quote(query[k], safe='-_.~')}" for k in sorted(query))
    empty = hashlib.sha256(b"").hexdigest()
    headers = {
        "host": urlsplit(endpoint).netloc,
        "x-acs-action": "SendSms",
        "x-acs-content-sha256": empty,
        "x-acs-date": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce,
        "x-acs-version": "2017-05-25",
    }
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    canonical = "\n".join(["POST", "/", asked, lines, names, empty])
    to_sign = f"{_ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = configuration["access_key_secret"].encode()
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    headers["Authorization"] = (
        f"{_ALGORITHM} Credential={configuration['access_key_id']},"
        f"SignedHeaders={names},Signature={signature}"
    )
    headers.pop("host")  # the client writes it
    return f"{endpoint.rstrip('/')}/?{asked}", headers


def _reference(answer: Answer, message: Outgoing) -> str:
    """Return the provider's id, or raise what its code means. Refusals come as 200 as well as 400."""
    if answer.status != 400:
        require_success(answer, now=message.date)
    found = answer.members()
    code = str(found.get("Code", ""))
    if code == "OK":
        return str(found.get("BizId", ""))
    if code in _BUSY:
        raise TransportError(f"The provider asks to wait ({code}).", permanent=False)
    if code in _ACCOUNT or code.startswith(("InvalidAccessKey", "SignatureDoesNotMatch", "Forbidden")):
        raise ProviderUnreachable(f"The provider does not accept our account ({code}).")
    raise TransportError(f"The provider refused ({code[:80]}).", permanent=True, bounced=code in _NUMBER)


def feedback(body: Any) -> Feedback:
    """Read a call of SmsReport or SmsUp: both are lists, told apart by their members."""
    if not isinstance(body, list):
        raise ValueError("Alibaba Cloud sends lists.")
    receipts, inbound = [], []
    for entry in body:
        if "biz_id" in entry:
            code = str(entry.get("err_code", ""))
            ok = entry.get("success") in (True, "true")
            receipts.append(Receipt(str(entry["biz_id"]), ok, "" if ok else code, bounced=code in _GONE))
        else:
            number = international("86", str(entry["phone_number"]))
            key = entry.get("sequence_id") or f"{number}:{entry.get('send_time')}"
            inbound.append(Inbound(str(key), number, str(entry["content"])))
    return Feedback(receipts, inbound)


KIND = Kind(
    name="sms-aliyun",
    title=_("Alibaba Cloud SMS"),
    channel=Channel.SMS,
    open=connect,
    feedback=feedback,
    thanks={"code": 0, "msg": "OK"},
    settings=(
        Setting("access_key_id", _("Access key id")),
        Setting("access_key_secret", _("Access key secret"), secret=True),
        Setting("signature", _("Signature"), _("The approved 签名, without the brackets.")),
        Setting(
            "endpoint", _("Address"), _("Only for other regions."), required=False, is_url=True,
            default="https://dysmsapi.aliyuncs.com",
        ),
    ),
)  # fmt: skip
