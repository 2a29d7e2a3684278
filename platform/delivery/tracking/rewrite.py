"""Lead the links of rendered mails over us, and add the pixel.

Only links to stored destinations are made: an address that is not in `Link` cannot be reached by /t/c.
"""

import html
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import UUID, uuid5

from django.conf import settings

from delivery.models import Link, Message, Run
from delivery.sources import Rendered
from delivery.tracking.permission import watched
from delivery.tracking.tokens import TRAP, click_url, open_url

# The address of an <a> or <area>, in quotes, as every mail compiler writes it.
_HREF = re.compile(r"""<a(?:rea)?\b[^>]*?\shref\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_END = re.compile(r"</body\s*>", re.IGNORECASE)
_LONGEST = Link._meta.get_field("url").max_length or 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a destination stands in the HTML, and which one."""

    start: int
    end: int
    url: str


def follow(run: Run, rendered: Sequence[tuple[Message, Rendered]]) -> list[Rendered]:
    """Return the contents of a batch with tracked links and pixel, in their order.

    Two to four queries for a batch; about 0.15 ms for a mail of 20 links. Whoever may not be watched
    gets the plain destinations; transactional mail is not measured. The text part stays as it is, so
    that it can be read.
    """
    has_html = any(content.html for _, content in rendered)
    if not settings.TRACKING or run.transactional or not has_html:
        return [content for _, content in rendered]
    may = watched(message.customer_id for message, _ in rendered)
    own = f"{str(settings.PUBLIC_URL).rstrip('/')}/"
    found = [
        places(content.html, {**utm_of(run), **content.utm}, keep=(f"{own}u/", f"{own}t/", f"{own}v/"))
        for _, content in rendered
    ]
    ids = store(run, {p.url for ps in found for p in ps})
    followed = []
    for (message, content), theirs in zip(rendered, found, strict=True):
        if not content.html:
            followed.append(content)
            continue
        clicks = message.customer_id in may.clicks
        body = rewrite(
            content.html,
            theirs,
            _leads(message, ids) if clicks else str,
            pixel=open_url(message) if message.customer_id in may.opens else "",
            trap=click_url(message, TRAP) if clicks and theirs and settings.TRACKING_TRAP else "",
        )
        followed.append(replace(content, html=body))
    return followed


def places(source: str, utm: Mapping[str, str], *, keep: Sequence[str] = ()) -> list[Place]:
    """Return the web addresses that a mail links to, with UTM parameters added.

    Left alone: mailto:, tel: and the like, fragments, relative addresses, those that begin with one of
    `keep`, and what is too long to store.
    """
    found = []
    for match in _HREF.finditer(source):
        group = 1 if match[1] is not None else 2
        url = html.unescape(match[group]).strip()
        if url[:8].lower().startswith(("http://", "https://")) and not url.startswith(tuple(keep)):
            url = with_utm(url, utm)
            if len(url) <= _LONGEST:
                found.append(Place(match.start(group), match.end(group), url))
    return found


def with_utm(url: str, utm: Mapping[str, str]) -> str:
    """Add the parameters that an address does not have; what stands there is never changed."""
    return _with_utm(url, tuple(utm.items()))


@lru_cache(maxsize=4096)  # the mails of a run link to the same few addresses
def _with_utm(url: str, utm: tuple[tuple[str, str], ...]) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    known = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    added = urlencode({name: value for name, value in utm if value and name not in known})
    if not added:
        return url
    return urlunsplit(parts._replace(query=f"{parts.query}&{added}" if parts.query else added))


def rewrite(
    source: str, theirs: Iterable[Place], address_of: Callable[[str], str], *, pixel: str = "", trap: str = ""
) -> str:
    """Return the HTML with each place's address replaced, and with the pixel and the trap at its end."""
    parts, done = [], 0
    for place in theirs:
        parts += [source[done : place.start], html.escape(address_of(place.url))]
        done = place.end
    parts.append(source[done:])
    body = "".join(parts)
    extra = _trap(trap) + _pixel(pixel)
    if not extra:
        return body
    last = None
    for last in _END.finditer(body):  # noqa: B007  the last one counts
        pass
    return f"{body[: last.start()]}{extra}{body[last.start() :]}" if last else body + extra


def _leads(message: Message, ids: Mapping[str, UUID]) -> Callable[[str], str]:
    return lambda url: click_url(message, ids[url])


def _pixel(address: str) -> str:
    if not address:
        return ""
    style = "display:block;border:0;height:1px;width:1px"
    return f'<img src="{address}" width="1" height="1" alt="" style="{style}">'


def _trap(address: str) -> str:
    return (
        f'<a href="{address}" tabindex="-1" aria-hidden="true" style="display:none"></a>' if address else ""
    )


def utm_of(run: Run) -> dict[str, str]:
    """Return the UTM parameters that the settings give to every link of a run."""
    return {name: value.replace("{channel}", run.channel) for name, value in settings.TRACKING_UTM.items()}


def store(run: Run, urls: set[str]) -> dict[str, UUID]:
    """Store the destinations of a run and return their ids. One query once they are known.

    An id derives from run and address, so whoever renders the same mail again names the same link.
    """
    reference = str(run.pk)
    ids = {url: uuid5(run.pk, url) for url in urls}
    known = set(Link.objects.filter(pk__in=ids.values()).values_list("pk", flat=True))
    new = sorted(url for url, pk in ids.items() if pk not in known)
    if new:
        Link.objects.bulk_create(
            [Link(id=ids[url], reference=reference, url=url) for url in new], ignore_conflicts=True
        )
    return ids
