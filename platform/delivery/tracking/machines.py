"""What gives a machine away at the first look: how it names itself, and from where it comes.

Sources: Apple's Mail Privacy Protection loads every picture through relays that say no more than
"Mozilla/5.0"; Gmail's and Yahoo's proxies name themselves, load some pictures ahead and the others when
the person opens the mail, so they count as machines only right after the delivery.
"""

import ipaddress
import re
from collections.abc import Iterable
from functools import lru_cache

from django.conf import settings

from core.encryption import keyed_hash

PROXY, SCANNER, NETWORK, AHEAD = "proxy", "scanner", "network", "ahead"
_APPLE = "Mozilla/5.0"
_IMAGE_PROXIES = re.compile(r"GoogleImageProxy|YahooMailProxy", re.IGNORECASE)
_SCANNERS = re.compile(
    r"bot\b|crawl|spider|slurp|preview|scan|barracuda|mimecast|proofpoint|urldefense|safelinks|trendmicro"
    r"|symantec|forcepoint|fireeye|curl/|wget/|python-|go-http|java/|okhttp|libwww|headless|facebookexternalhit",
    re.IGNORECASE,
)


def hint(agent: str, address: str, *, opened: bool) -> str:
    """Return what gives a visitor away as a machine, or an empty string."""
    if not agent or _SCANNERS.search(agent):
        return SCANNER
    if agent == _APPLE:
        return PROXY
    if opened and _IMAGE_PROXIES.search(agent):
        return AHEAD  # a person, unless it was right after the delivery: delivery.tracking.judge decides
    if _in_machine_network(address):
        return NETWORK
    return ""


def network_hash(address: str) -> str:
    """Return a keyed hash of the visitor's /24 or /48 network; the address itself is kept nowhere."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return ""
    network = ipaddress.ip_network((ip, 24 if ip.version == 4 else 48), strict=False)
    return keyed_hash("network", str(network))[:16]


def _in_machine_network(address: str) -> bool:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(ip in network for network in _networks(tuple(settings.TRACKING_MACHINE_NETWORKS)))


@lru_cache(maxsize=4)
def _networks(texts: Iterable[str]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    return [ipaddress.ip_network(text) for text in texts]
