"""Lead the links of texts over us: SMS, push and on-site messages, where an address must be short.

The token names the message, the first bytes of the link's id, and a MAC over the message and the whole
id. So it takes 22 characters, nothing is stored for each recipient, and two links that begin alike are
told apart.
"""

import hmac
import re
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from uuid import UUID

from django.conf import settings

from customers.models import Channel
from delivery.models import Link, Message, Run
from delivery.sources import Rendered
from delivery.tokens import InvalidToken, seal_text, secrets, sign
from delivery.tracking.permission import watched
from delivery.tracking.rewrite import store, utm_of, with_utm
from delivery.tracking.tokens import root

SHORT = "short"
#: Channels whose links are followed here; a webhook's and a task's reader is no customer.
TEXTS = frozenset((Channel.SMS, Channel.PUSH, Channel.ONSITE))
#: Bytes of the link's id, and of the MAC: a guess a second hits a link of ours once in 30,000 years.
_PREFIX, _MAC = 6, 5
# Up to where a person would say that the address ends; Chinese texts have no blank behind it.
_ADDRESS = re.compile(r"https?://[^\s<>\"'，。！？；：、（）【】《》“”]+", re.IGNORECASE)
_TRAILING = ".,;:!?)]}…"


def shorten(run: Run, rendered: Sequence[tuple[Message, Rendered]]) -> list[Rendered]:
    """Return the contents of a batch with tracked links, in their order. Three queries at most.

    The addresses in an SMS and the one that a push or on-site message opens. Whoever may not be watched
    gets them as they are. Left alone: transactional messages, our own addresses, and texts of approved
    templates, in which the operator knows every address.
    """
    contents = [content for _, content in rendered]
    if not settings.TRACKING or run.transactional or run.channel not in TEXTS:
        return contents
    found = [[url for url in _addresses(run, content) if _is_led(url)] for content in contents]
    if not any(found):
        return contents
    may = watched(message.customer_id for message, _ in rendered).clicks
    leads: dict[str, str] = {}
    for content, urls in zip(contents, found, strict=True):
        leads |= {url: with_utm(url, {**utm_of(run), **content.utm}) for url in urls}
    longest = Link._meta.get_field("url").max_length or 0
    leads = {url: lead for url, lead in leads.items() if len(lead) <= longest}
    ids = store(run, set(leads.values()))
    followed = []
    for (message, content), urls in zip(rendered, found, strict=True):
        if message.customer_id in may:
            addresses = {url: short_url(message, ids[leads[url]]) for url in urls if url in leads}
            content = _with(run, content, addresses)
        followed.append(content)
    return followed


def short_url(message: Message, link_id: UUID) -> str:
    """Return the short address under which a message leads to a stored link. About 4 µs."""
    name = _name(message.pk)
    proof = sign(SHORT, settings.SECRET_KEY, name + link_id.bytes)[:_MAC]
    return f"{root()}/t/s/{seal_text(name + link_id.bytes[:_PREFIX] + proof)}"


def read_short(token: str) -> tuple[UUID, int, UUID, str]:
    """Return the run, the message, the link and where it leads. Raises InvalidToken.

    One look into the links' key, none for a link that was followed before.
    """
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError as error:
        raise InvalidToken from error
    name, prefix, given = raw[: -_PREFIX - _MAC], raw[-_PREFIX - _MAC : -_MAC], raw[-_MAC:]
    if not 1 <= len(name) <= 8 or seal_text(raw) != token:
        raise InvalidToken
    for link_id, run_id, url in _links(prefix):
        macs = (sign(SHORT, key, name + link_id.bytes)[:_MAC] for key in secrets())
        if any(hmac.compare_digest(expected, given) for expected in macs):
            return run_id, int.from_bytes(name), link_id, url
    raise InvalidToken


@lru_cache(maxsize=10_000)
def _links(prefix: bytes) -> tuple[tuple[UUID, UUID, str], ...]:
    """Return the links whose id begins so; nearly always one. Raises InvalidToken when there is none."""
    rest = 16 - len(prefix)
    ends = UUID(bytes=prefix + bytes(rest)), UUID(bytes=prefix + b"\xff" * rest)
    rows = Link.objects.filter(pk__range=ends).values_list("pk", "reference", "url")
    found = tuple((pk, UUID(reference), url) for pk, reference, url in rows)
    if not found:
        raise InvalidToken  # and is not remembered: it may be stored a moment later
    return found


def _name(key: int) -> bytes:
    return key.to_bytes(max(1, (key.bit_length() + 7) // 8))


def _addresses(run: Run, content: Rendered) -> list[str]:
    if run.channel != Channel.SMS:
        return [content.url] if content.url else []
    return [] if content.template else [_trimmed(match[0]) for match in _ADDRESS.finditer(content.text)]


def _with(run: Run, content: Rendered, addresses: dict[str, str]) -> Rendered:
    if run.channel != Channel.SMS:
        return replace(content, url=addresses.get(content.url, content.url))

    def lead(match: re.Match[str]) -> str:
        url = _trimmed(match[0])
        return addresses.get(url, url) + match[0][len(url) :]

    return replace(content, text=_ADDRESS.sub(lead, content.text)) if addresses else content


def _trimmed(address: str) -> str:
    return address.rstrip(_TRAILING)


def _is_led(url: str) -> bool:
    """Say whether it is a web address that is not already our own."""
    own = tuple(f"{root()}/{path}/" for path in ("u", "t"))
    return url[:8].lower().startswith(("http://", "https://")) and not url.startswith(own)
