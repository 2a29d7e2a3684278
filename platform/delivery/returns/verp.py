"""Variable envelope return paths: each message has a bounce address of its own, signed.

`bounce+<token>@mail.shop.example`; the token holds run, message and the first bytes of the address's
hash, 56 letters and digits, so the local part stays within RFC 5321's 64.
"""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from delivery.models import Message
from delivery.tokens import InvalidToken, seal_local_part, unseal_local_part

_PURPOSE = "bounce"
_MAC = 9  # bytes; each guess costs an SMTP transaction
_ID, _HASH = 6, 4


@dataclass(frozen=True, slots=True)
class Reference:
    """The message that something is about; `hash_start` is empty where the address is not known."""

    run_id: UUID
    message: int
    hash_start: str = ""


def return_path(message: Message, address_hash: str) -> str:
    """Return the envelope sender of a message, or an empty string when bounces are not collected."""
    if not settings.BOUNCE_ADDRESS:
        return ""
    local, _, domain = settings.BOUNCE_ADDRESS.rpartition("@")
    payload = message.run_id.bytes + message.pk.to_bytes(_ID) + bytes.fromhex(address_hash)[:_HASH]
    return f"{local}+{seal_local_part(_PURPOSE, payload, mac=_MAC)}@{domain}"


def is_ours(address: str) -> bool:
    """Say whether an address is the bounce address, with or without a token."""
    if not settings.BOUNCE_ADDRESS:
        return False
    local, _, domain = settings.BOUNCE_ADDRESS.lower().rpartition("@")
    theirs, _, theirs_domain = address.lower().rpartition("@")
    return theirs_domain == domain and (theirs == local or theirs.startswith(f"{local}+"))


def read(address: str) -> Reference:
    """Return what a bounce address names. Raises InvalidToken for one that was not made here."""
    if not is_ours(address):
        raise InvalidToken
    payload = unseal_local_part(_PURPOSE, address.rpartition("@")[0].rpartition("+")[2], mac=_MAC)
    if len(payload) != 16 + _ID + _HASH:
        raise InvalidToken
    return Reference(
        UUID(bytes=payload[:16]),
        int.from_bytes(payload[16 : 16 + _ID]),
        payload[16 + _ID :].hex(),
    )
