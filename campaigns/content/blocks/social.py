"""Where the shop is found elsewhere: `[{"network": "instagram", "url": "https://…"}]`."""

from typing import Any

from django.utils.translation import gettext as _

from .fields import Url, invalid

NETWORKS = {
    "instagram": "Instagram",
    "facebook": "Facebook",
    "tiktok": "TikTok",
    "youtube": "YouTube",
    "pinterest": "Pinterest",
    "linkedin": "LinkedIn",
    "x": "X",
    "wechat": "微信",
    "weibo": "微博",
    "xiaohongshu": "小红书",
    "douyin": "抖音",
    "website": "Website",
}
MOST_LINKS = 8


def read_links(value: Any, path: str) -> tuple[tuple[str, str], ...]:
    """Return (network, address) pairs in their order. Raises TemplateInvalid."""
    if not isinstance(value, list | tuple) or len(value) > MOST_LINKS:
        raise invalid(path, _("Write a list of at most %(most)d links.") % {"most": MOST_LINKS})
    found = []
    for place, link in enumerate(value):
        here = f"{path}.{place}"
        if not isinstance(link, dict) or link.get("network") not in NETWORKS:
            raise invalid(f"{here}.network", _("There are: %(names)s.") % {"names": ", ".join(NETWORKS)})
        url = Url(label="", required=True).read(link.get("url"), f"{here}.url")
        found.append((link["network"], url))
    return tuple(found)
