"""Firebase Cloud Messaging, HTTP v1, signed in by a service account (RFC 7523)."""

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import orjson
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from django.utils.translation import gettext_lazy as _

from customers.models import Channel
from delivery.channels.base import (
    Connection,
    Outcome,
    Outgoing,
    ProviderUnreachable,
    TransportError,
    Verdict,
)
from delivery.channels.connection import settle
from delivery.channels.http import Answer, HttpClient, require_success
from delivery.channels.push.payloads import message_of
from delivery.endpoints.devices import forget, living_tokens
from delivery.providers.kinds import Kind, Setting

_SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_TOKEN_SECONDS = 3600


@contextmanager
def connect(configuration: Mapping[str, Any]) -> Iterator[Connection]:
    """Open the way to a Firebase project. The access token is fetched with the first message."""
    client = HttpClient()
    account = orjson.loads(configuration["service_account"])
    endpoint = (configuration.get("endpoint") or "https://fcm.googleapis.com").rstrip("/")
    url = f"{endpoint}/v1/projects/{account['project_id']}/messages:send"
    signed_in: dict[str, str] = {}

    def push(message: Outgoing, token: str) -> str:
        body = orjson.dumps(message_of(message, token))
        if not signed_in:
            signed_in["Authorization"] = f"Bearer {access_token(client, account, at=message.date)}"
        answer = client.post(url, body, {"Content-Type": "application/json", **signed_in})
        return _reference(answer, message)

    try:
        yield PushConnection(push)
    finally:
        client.close()


class PushConnection:
    """Sends each message to all of its customer's devices; the tokens of a batch are one query."""

    def __init__(self, push: Callable[[Outgoing, str], str]) -> None:
        self.push = push

    def send(self, batch: Sequence[Outgoing]) -> Iterator[Outcome]:
        """A message counts as sent when one device's provider took it; dead tokens are forgotten."""
        tokens = living_tokens([message.customer_id for message in batch])
        unreachable = ""
        for message in batch:
            if unreachable:
                yield Outcome(message.key, Verdict.UNTRIED, unreachable)
                continue
            devices = tokens.get(message.customer_id, {})
            outcomes = [
                (token_hash, settle(message, lambda m, token=token: self.push(m, token)))
                for token_hash, token in devices.items()
            ]
            forget([token_hash for token_hash, o in outcomes if o.bounced], now=message.date)
            outcome = best_of(message.key, [o for _, o in outcomes])
            if outcome.verdict is Verdict.UNTRIED:
                unreachable = outcome.error
            yield outcome


_BEST = (Verdict.SENT, Verdict.UNKNOWN, Verdict.UNTRIED, Verdict.POSTPONED, Verdict.REFUSED)


def best_of(key: int, outcomes: Sequence[Outcome]) -> Outcome:
    """Return what became of a message by what became of it on each device."""
    if not outcomes:
        return Outcome(key, Verdict.REFUSED, "The customer has no device any more.")
    best = min(outcomes, key=lambda o: _BEST.index(o.verdict))
    # A dead token is no reason never to write to the customer again.
    return Outcome(key, best.verdict, best.error, retry_after=best.retry_after, reference=best.reference)


def access_token(client: HttpClient, account: Mapping[str, Any], *, at: datetime) -> str:
    """Exchange a signed assertion for an access token. Raises ProviderUnreachable when refused."""
    issued = int(at.timestamp())
    claims = {
        "iss": account["client_email"],
        "scope": _SCOPE,
        "aud": account["token_uri"],
        "iat": issued,
        "exp": issued + _TOKEN_SECONDS,
    }
    form = urlencode({"grant_type": _GRANT, "assertion": _signed(claims, account["private_key"])})
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    try:
        answer = client.post(account["token_uri"], form.encode(), headers)
        require_success(answer, now=at)
        return str(answer.members()["access_token"])
    except (TransportError, KeyError) as error:
        raise ProviderUnreachable("The provider does not accept our service account.") from error


def _signed(claims: Mapping[str, Any], private_key: str) -> str:
    """Return a JSON web token signed by RS256 (RFC 7515)."""
    key = serialization.load_pem_private_key(private_key.encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ProviderUnreachable("The service account's key is not an RSA key.")
    head = _encoded(orjson.dumps({"alg": "RS256", "typ": "JWT"})) + "." + _encoded(orjson.dumps(claims))
    return f"{head}.{_encoded(key.sign(head.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _reference(answer: Answer, message: Outgoing) -> str:
    """Return FCM's name of the message, or raise what its error means (FCM's ErrorCode)."""
    if answer.status in (400, 403, 404):
        code = _error_code(answer)
        if code in ("UNREGISTERED", "SENDER_ID_MISMATCH"):
            raise TransportError("The device is gone.", permanent=True, bounced=True)
        if code == "INVALID_ARGUMENT":
            raise TransportError("The provider refused (INVALID_ARGUMENT).", permanent=True)
    require_success(answer, now=message.date)
    return str(answer.members().get("name", ""))


def _error_code(answer: Answer) -> str:
    error = answer.members().get("error")
    details = error.get("details", []) if isinstance(error, dict) else []
    return next((str(d["errorCode"]) for d in details if isinstance(d, dict) and "errorCode" in d), "")


KIND = Kind(
    name="push-fcm",
    title=_("Firebase Cloud Messaging (Android, iOS, web)"),
    channel=Channel.PUSH,
    open=connect,
    settings=(
        Setting(
            "service_account", _("Service account"),
            _("The JSON file of Project settings › Service accounts."), secret=True, multiline=True,
        ),
        Setting(
            "endpoint", _("Address"), _("Only for a proxy of your own."), required=False, is_url=True,
            default="https://fcm.googleapis.com",
        ),
    ),
)  # fmt: skip
