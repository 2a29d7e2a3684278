"""Mail through providers' APIs, by django-anymail.

Anymail knows each provider's way of writing a message and of answering. A backend is opened once and
keeps its connections. Where a provider takes several different messages in one call, a chunk is one
call; elsewhere each message is one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests
from anymail.backends.base_requests import AnymailRequestsBackend
from anymail.exceptions import (
    AnymailAPIError,
    AnymailError,
    AnymailInvalidAddress,
    AnymailRecipientsRefused,
    AnymailSerializationError,
    AnymailUnsupportedFeature,
)
from django.core.mail import EmailMultiAlternatives, get_connection
from django.utils.translation import gettext_lazy as _
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from customers.models import Channel
from delivery.channels.base import (
    Connection,
    Outcome,
    OutcomeUnknown,
    Outgoing,
    ProviderUnreachable,
    TransportError,
    Verdict,
)
from delivery.channels.connection import OneByOne, settle
from delivery.channels.email.mime import email_message
from delivery.channels.http import Answer, require_success
from delivery.providers.kinds import Kind, Setting

SECONDS = 20
_NEVER_LEFT = (NewConnectionError, ConnectTimeoutError, NameResolutionError)


@dataclass(frozen=True, slots=True)
class Batch:
    """How a provider takes several messages in one call, and how it answers for each of them."""

    path: str
    most: int
    read: Callable[[Any, Sequence[Outgoing]], list[Outcome]]


@dataclass(frozen=True, slots=True)
class Esp:
    """A provider that Anymail speaks to."""

    name: str
    title: str
    settings: tuple[Setting, ...]
    batch: Batch | None = None


class EspConnection:
    """One open backend."""

    def __init__(self, backend: AnymailRequestsBackend, batch: Batch | None) -> None:
        self.backend = backend
        self.batch = batch

    def send(self, batch: Sequence[Outgoing]) -> Iterator[Outcome]:
        """Offer the messages, as many in one call as the provider takes."""
        if self.batch is None or len(batch) == 1:
            yield from OneByOne(self._offer).send(batch)
            return
        waiting, unreachable = list(batch), ""
        while waiting and not unreachable:
            chunk, waiting = waiting[: self.batch.most], waiting[self.batch.most :]
            for outcome in self._together(chunk, self.batch):
                unreachable = outcome.error if outcome.verdict is Verdict.UNTRIED else ""
                yield outcome
        for message in waiting:
            yield Outcome(message.key, Verdict.UNTRIED, unreachable)

    def _offer(self, message: Outgoing) -> str:
        mail = prepared(message)
        try:
            self.backend.send_messages([mail])
        except AnymailError as error:
            raise _meaning(error, message.date) from error
        [status] = mail.anymail_status.recipients.values()
        if status.status not in ("sent", "queued"):
            raise OutcomeUnknown(f"The provider does not say whether it took the mail ({status.status}).")
        return str(status.message_id or "")

    def _together(self, chunk: Sequence[Outgoing], batch: Batch) -> list[Outcome]:
        """Send a chunk in one call. What cannot be written is refused; the others still go."""
        written: list[Outgoing] = []
        bodies: list[str] = []
        outcomes: dict[int, Outcome] = {}
        call: dict[str, Any] = {}
        for message in chunk:
            try:
                payload = self.backend.build_message_payload(prepared(message), self.backend.send_defaults)
                call = payload.get_request_params(self.backend.api_url)
            except TransportError as error:
                outcomes[message.key] = Outcome(message.key, Verdict.REFUSED, str(error))
            except AnymailError as error:
                outcomes[message.key] = Outcome(
                    message.key, Verdict.REFUSED, str(_meaning(error, message.date))
                )
            else:
                written.append(message)
                bodies.append(str(call["data"]))
        if written:
            call |= {"url": f"{self.backend.api_url.rstrip('/')}/{batch.path}", "timeout": SECONDS}
            call["data"] = f"[{','.join(bodies)}]".encode()
            outcomes |= {o.key: o for o in self._call(call, written, batch)}
        return [outcomes[message.key] for message in chunk]

    def _call(self, call: dict[str, Any], written: Sequence[Outgoing], batch: Batch) -> list[Outcome]:
        def post(first: Outgoing) -> str:
            try:
                response = self.backend.session.request(**call)
            except requests.RequestException as error:
                raise _silence(error) from error
            answer = Answer(response.status_code, dict(response.headers), response.content)
            require_success(answer, now=first.date)
            found.extend(batch.read(answer.json(), written))
            return ""

        found: list[Outcome] = []
        whole = settle(written[0], post)
        if whole.verdict is Verdict.SENT:
            return found
        if whole.verdict is Verdict.REFUSED:
            # One bad message makes some providers refuse them all: nothing was sent, so each goes alone.
            return list(OneByOne(self._offer).send(written))
        return [Outcome(m.key, whole.verdict, whole.error, retry_after=whole.retry_after) for m in written]


def prepared(message: Outgoing) -> EmailMultiAlternatives:
    """Return the mail for Anymail. Raises TransportError (permanent) for one that is not fit to be sent."""
    mail = email_message(message)
    # Read by Anymail; webhooks bring them back, and `ref` proves which message they are about.
    ref = message.return_path or message.unsubscribe_url.rpartition("/")[2]
    mail.metadata = {"message": message.message_id, "ref": ref}  # type: ignore[attr-defined]
    return mail


def _meaning(error: AnymailError, now: datetime) -> Exception:
    """Return what an error of Anymail's means for the message. Its own text may hold the address."""
    if isinstance(error, AnymailRecipientsRefused):
        statuses = {s.status for s in error.email_message.anymail_status.recipients.values()}
        return TransportError(
            f"The provider refused ({', '.join(sorted(map(str, statuses)))}).",
            permanent=True,
            bounced=statuses == {"invalid"},
        )
    if isinstance(error, (AnymailUnsupportedFeature, AnymailInvalidAddress, AnymailSerializationError)):
        return TransportError("The provider does not take such a mail.", permanent=True)
    if isinstance(error, AnymailAPIError):
        if isinstance(error.__cause__, requests.RequestException):
            return _silence(error.__cause__)
        response = error.response
        if response is None:
            return OutcomeUnknown("The provider's answer cannot be read.")
        try:
            require_success(Answer(response.status_code, dict(response.headers), b""), now=now)
        except (TransportError, ProviderUnreachable) as meant:
            return meant
        return OutcomeUnknown("The provider's answer cannot be read.")
    return TransportError("The provider does not take such a mail.", permanent=True)


def _silence(error: requests.RequestException) -> Exception:
    """Tell a call that never left from one whose answer never came."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    unsent = (requests.exceptions.ConnectTimeout, requests.exceptions.SSLError)
    if isinstance(error, unsent) or isinstance(reason, _NEVER_LEFT):
        return ProviderUnreachable(f"The provider cannot be reached ({type(error).__name__}).")
    return OutcomeUnknown(f"The provider never answered ({type(error).__name__}).")


def _postmark(found: Any, written: Sequence[Outgoing]) -> list[Outcome]:
    """Read Postmark's list: an ErrorCode for each message, in their order."""
    if not isinstance(found, list) or len(found) != len(written):
        raise OutcomeUnknown("The provider's answer cannot be read.")
    outcomes = []
    for message, entry in zip(written, found, strict=True):
        code = entry.get("ErrorCode") if isinstance(entry, dict) else None
        if code == 0:
            outcomes.append(
                Outcome(message.key, Verdict.SENT, reference=str(entry.get("MessageID", ""))[:200])
            )
        elif code in _POSTMARK_BUSY:
            outcomes.append(Outcome(message.key, Verdict.POSTPONED, f"The provider asks to wait ({code})."))
        else:
            # 406: Postmark holds the address for dead or has a complaint from it.
            outcomes.append(Outcome(message.key, Verdict.REFUSED, f"The provider refused ({code})."))
    return outcomes


#: Postmark: rate limit, maintenance.
_POSTMARK_BUSY = {100, 429}


def _resend(found: Any, written: Sequence[Outgoing]) -> list[Outcome]:
    """Read Resend's list of ids, in the messages' order: it takes all or none."""
    ids = found.get("data") if isinstance(found, dict) else None
    if not isinstance(ids, list) or len(ids) != len(written):
        raise OutcomeUnknown("The provider's answer cannot be read.")
    return [
        Outcome(message.key, Verdict.SENT, reference=str(entry.get("id", ""))[:200])
        for message, entry in zip(written, ids, strict=True)
    ]


def _key(name: str, label: Any) -> Setting:
    return Setting(name, label, secret=True)


_API_KEY = _key("api_key", _("API key"))
ESPS = (
    Esp("mailgun", "Mailgun", (_API_KEY, Setting("sender_domain", _("Sender's domain")))),
    Esp(
        "postmark",
        "Postmark",
        (
            _key("server_token", _("Server token")),
            Setting("message_stream", _("Message stream"), required=False),
        ),
        Batch("email/batch", 500, _postmark),
    ),
    Esp("sendgrid", "SendGrid", (_API_KEY,)),
    Esp("brevo", "Brevo", (_API_KEY,)),
    Esp("resend", "Resend", (_API_KEY,), Batch("emails/batch", 100, _resend)),
    Esp("mailjet", "Mailjet", (_API_KEY, _key("secret_key", _("Secret key")))),
    Esp("sparkpost", "SparkPost", (_API_KEY,)),
    Esp("mailersend", "MailerSend", (_key("api_token", _("API token")),)),
)


def kind_of(esp: Esp) -> Kind:
    """Return a provider of Anymail's as one of our kinds."""

    @contextmanager
    def connect(configuration: Mapping[str, Any]) -> Iterator[Connection]:
        wanted = {k: v for k, v in configuration.items() if v}
        backend = get_connection(f"anymail.backends.{esp.name}.EmailBackend", timeout=SECONDS, **wanted)
        backend.open()
        try:
            yield EspConnection(backend, esp.batch)  # type: ignore[arg-type]  # Anymail's, by its name
        finally:
            backend.close()

    return Kind(
        name=f"email-{esp.name}",
        title=esp.title,
        channel=Channel.EMAIL,
        open=connect,
        settings=(
            *esp.settings,
            Setting("api_url", _("Address"), _("Only for other regions."), required=False, is_url=True),
        ),
    )


KINDS = tuple(kind_of(esp) for esp in ESPS)
