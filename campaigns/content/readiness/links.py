"""Links that lead nowhere: malformed, to hosts that do not exist, to pages that only staff can open."""

import html
import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from urllib.parse import urlsplit

import dns.exception
import dns.resolver
from django.conf import settings
from django.core.cache import cache
from django.utils.translation import gettext as _

from ..blocks import LIQUID
from ..filters import is_safe_url
from .finding import Finding, Level

#: How long all names together may take, and how long an answer is believed.
SECONDS, KEPT_SECONDS = 2.0, 600
MOST_HOSTS = 20
_HREF = re.compile(r"""<a(?:rea)?\b[^>]*?\shref\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)

#: Says whether a host name exists; None when that cannot be known now.
HostExists = Callable[[str], bool | None]


def links_of(source: str) -> list[str]:
    """Return the addresses that a compiled mail links to, each once, in their order."""
    # Liquid may hold quotation marks of its own.
    source = LIQUID.sub("{{}}", source)
    found = (
        html.unescape(match[1] if match[1] is not None else match[2]) for match in _HREF.finditer(source)
    )
    return list(dict.fromkeys(address.strip() for address in found))


def check_links(addresses: Iterable[str], *, exists: HostExists | None = None) -> list[Finding]:
    """Return what is wrong with the addresses. Names are asked for at once, for at most two seconds.

    What holds Liquid is looked at as far as it is written out. A host counts as broken only when the name
    server itself says that there is no such name: without an answer nothing is said.
    """
    found: list[Finding] = []
    hosts: dict[str, str] = {}
    for address in addresses:
        literal = LIQUID.sub("", address)
        if not literal or literal == "#":
            if not address or address == "#":
                found.append(_broken(address or "#", _("it leads nowhere")))
            continue
        if LIQUID.search(address) and not literal.startswith(("http://", "https://")):
            continue
        if not is_safe_url(literal):
            found.append(_broken(address, _("begin with https://, mailto: or tel:")))
            continue
        parts = urlsplit(literal)
        if parts.scheme in ("http", "https") and parts.hostname:
            if problem := _own_page(literal, address):
                found.append(problem)
            hosts.setdefault(parts.hostname, address)
    gone = _gone(list(hosts)[:MOST_HOSTS], exists or host_exists)
    return found + [
        _broken(hosts[host], _("there is no %(host)s") % {"host": host}) for host in hosts if host in gone
    ]


def _broken(address: str, why: str) -> Finding:
    return Finding(
        "link",
        Level.WRONG,
        _("This link is broken: %(address)s (%(why)s).") % {"address": address[:120], "why": why},
    )


def _own_page(url: str, address: str) -> Finding | None:
    """Find links into the pages of the staff. No request is made, so none can be led astray."""
    own = urlsplit(str(settings.PUBLIC_URL))
    parts = urlsplit(url)
    if parts.netloc == own.netloc and parts.path.startswith(("/admin/", "/api/")):
        return _broken(address, _("only staff can open it"))
    return None


def _gone(hosts: list[str], exists: HostExists) -> set[str]:
    names = {host: f"content:host:{host[:200]}" for host in hosts if _is_name(host)}
    known = cache.get_many(names.values())
    answers = {host: known[name] for host, name in names.items() if name in known}
    asked = [host for host in names if host not in answers]
    if asked:
        pool = ThreadPoolExecutor(max_workers=min(8, len(asked)))
        futures = {pool.submit(exists, host): host for host in asked}
        done, _late = wait(futures, timeout=SECONDS)
        pool.shutdown(wait=False, cancel_futures=True)
        fresh = {futures[one]: one.result() for one in done if one.exception() is None}
        answers |= fresh
        cache.set_many({names[host]: answer for host, answer in fresh.items()}, KEPT_SECONDS)
        # Who did not answer in time is not asked again at every keystroke.
        cache.set_many({names[host]: None for host in asked if host not in fresh}, 60)
    return {host for host, answer in answers.items() if answer is False}


def _is_name(host: str) -> bool:
    own = urlsplit(str(settings.PUBLIC_URL)).hostname
    return host != own and host != "localhost" and not re.fullmatch(r"[\d.]+|.*:.*", host)


def host_exists(host: str) -> bool | None:
    """Ask the name servers for a host's addresses, where the settings let this machine ask."""
    if not settings.LINK_HOSTS:
        return None
    try:
        resolver = dns.resolver.Resolver()
        resolver.lifetime = SECONDS
        for kind in ("A", "AAAA"):
            try:
                resolver.resolve(host, kind)
            except dns.resolver.NoAnswer:
                continue
            return True
    except dns.resolver.NXDOMAIN:
        return False
    except (dns.exception.DNSException, OSError, UnicodeError):
        return None
    return False
