"""The signed addresses of the pixel and of tracked links."""

from uuid import UUID

from django.conf import settings

from delivery.models import Message
from delivery.tokens import InvalidToken, seal, unseal

OPEN, CLICK = "open", "click"
#: A link that no person sees; who follows it is a machine.
TRAP = UUID(int=0)


def open_url(message: Message) -> str:
    """Return the address of a message's pixel."""
    return f"{root()}/t/o/{seal(OPEN, _name(message))}"


def click_url(message: Message, link_id: UUID) -> str:
    """Return the address under which a message leads to a stored link. About 4 µs."""
    return f"{root()}/t/c/{seal(CLICK, _name(message) + link_id.bytes)}"


def read_open(token: str) -> tuple[UUID, int]:
    """Return the run and the message of a pixel. Raises InvalidToken."""
    return _read(unseal(OPEN, token), 24)


def read_click(token: str) -> tuple[UUID, int, UUID]:
    """Return the run, the message and the link of a click. Raises InvalidToken."""
    payload = unseal(CLICK, token)
    run_id, key = _read(payload, 40)
    return run_id, key, UUID(bytes=payload[24:])


def _name(message: Message) -> bytes:
    return message.run_id.bytes + message.pk.to_bytes(8)


def _read(payload: bytes, length: int) -> tuple[UUID, int]:
    if len(payload) != length:
        raise InvalidToken
    return UUID(bytes=payload[:16]), int.from_bytes(payload[16:24])


def root() -> str:
    """Return our public address, without a slash at its end."""
    return str(settings.PUBLIC_URL).rstrip("/")
