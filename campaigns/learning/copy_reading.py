"""What a text is like: what patterns for English and Chinese read off a subject and off a message's body.

Features are 0 or 1 each, lengths and numbers in steps that are worth about as much. The body is read as its
blocks are stored (campaigns.content.blocks, as JSON), in the language it was written in.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

#: The tones that a person may name; what a text is otherwise.
TONES = ("plain", "warm", "playful")
#: What is told apart in a subject and, by the tone, in the whole; then in the body: in this order.
SUBJECT = ("offer", "product", "length", "urgent", "personal", "question", "warm", "playful")
BODY = (
    "body_offer", "body_product", "body_picture", "body_length", "body_products", "body_buttons",
    "body_urgent", "body_personal", "body_question",
)  # fmt: skip
FEATURES = SUBJECT + BODY

#: What stands after more words than these does not come first: the message begins with text.
OPENING = 40
#: More than these make no message longer, and no message offers more.
_MOST_WORDS, _MOST_PRODUCTS, _MOST_BUTTONS = 400, 12, 6
#: Pictures of a document that are narrower are logos and icons.
_WIDE = 300

_OFFER = re.compile(
    r"\d\s*%|[$€£¥]\s*\d|\bcoupon|\boff\b|\bsave\b|\bfree\b|\bdeal|\bsale\b|\bvoucher|\bgift|折|优惠|满减|券|免费|立减",
    re.IGNORECASE,
)
_PRODUCT = re.compile(
    r"\{\{-?\s*products?\b|\bnew\b|\bpicks?\b|\bfavou?rites?\b|新品|推荐|精选", re.IGNORECASE
)
_URGENT = re.compile(
    r"\btoday\b|\bnow\b|\blast\b|\bends?\b|\bhurry\b|\bonly\b|\btonight\b|\bhours? left\b"
    r"|今天|最后|限时|仅|即将",
    re.IGNORECASE,
)
# A body says “now” and “only” without urging anybody.
_PRESSING = re.compile(
    r"\blast (?:chance|days?|hours?|call)\b|\bends? (?:today|tonight|tomorrow|soon|on)\b|\bhurry\b"
    r"|\b(?:days?|hours?) left\b|\btoday only\b|\bonly (?:today|until)\b|\bwhile (?:stocks?|supplies) last"
    r"|\bbefore (?:it is|it's|they are|they're) gone\b|\blimited time\b"
    r"|最后|限时|即将|抓紧|截止|仅限|仅剩|今天结束|今日",
    re.IGNORECASE,
)
_PERSONAL = re.compile(r"\{\{-?\s*customer\.")
_QUESTION = re.compile(r"[?？]")
_LIQUID = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_CHINESE = re.compile(r"[\u3400-\u9fff]")


def of_subject(subject: str, tone: str = "") -> dict[str, float]:
    """Return what a subject is like: 0 or 1 each, the length in steps of twenty characters from forty.

    Offer or product says which comes first. The tone is a person's word; an unknown one is plain.
    """
    first = _first(subject)
    plain = _LIQUID.sub("xxxxxx", subject)
    return {
        "offer": float(first == "offer"),
        "product": float(first == "product"),
        "length": (min(len(plain), 120) - 40) / 20,
        "urgent": float(bool(_URGENT.search(subject))),
        "personal": float(bool(_PERSONAL.search(subject))),
        "question": float(bool(_QUESTION.search(subject))),
        "warm": float(tone == "warm"),
        "playful": float(tone == "playful"),
    }


def of_body(blocks: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Return what a body is like: what it begins with, how long it is, how much it shows and asks for.

    The length counts in steps of forty words from eighty, products in threes. Of what is shown to some people
    only, the first side counts. 0.1 ms.
    """
    parts = list(_parts(blocks))
    text = "\n".join(part.text for part in parts)
    begins = _begins(parts)
    return {
        "body_offer": float(begins == "offer"),
        "body_product": float(begins == "product"),
        "body_picture": float(begins == "picture"),
        "body_length": (min(_words(text), _MOST_WORDS) - 80) / 40,
        "body_products": min(sum(part.products for part in parts), _MOST_PRODUCTS) / 3,
        "body_buttons": float(min(sum(part.buttons for part in parts), _MOST_BUTTONS)),
        "body_urgent": float(bool(_PRESSING.search(text))),
        "body_personal": float(bool(_PERSONAL.search(text))),
        "body_question": float(bool(_QUESTION.search(_LIQUID.sub("", text)))),
    }


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of a body in the order of reading: its words, and whether it is more than words."""

    text: str = ""
    kind: str = ""
    products: int = 0
    buttons: int = 0


def _first(text: str) -> str:
    """Return whether the offer or the product comes first; empty where neither is named."""
    found = [(hit.start(), name) for pattern, name in ((_OFFER, "offer"), (_PRODUCT, "product"))
             if (hit := pattern.search(text))]  # fmt: skip
    return min(found)[1] if found else ""


def _begins(parts: Iterable[_Part]) -> str:
    """Return what comes first within the opening: offer, product or picture; empty for text alone."""
    before = 0
    for part in parts:
        if before > OPENING:
            break
        if kind := part.kind or ("offer" if _OFFER.search(part.text) else ""):
            return kind
        before += _words(part.text)
    return ""


def _words(text: str) -> int:
    """Count words; two Chinese characters are one. What is filled in counts as one."""
    plain = _LIQUID.sub(" x ", text)
    chinese = len(_CHINESE.findall(plain))
    return len(_WORD.findall(_CHINESE.sub(" ", plain))) + (chinese + 1) // 2


def _parts(blocks: Iterable[Mapping[str, Any]]) -> Iterator[_Part]:
    for block in blocks:
        match block.get("kind"):
            case "heading" | "text" | "sms":
                yield _Part(_said(block, "text"))
            case "push":
                yield _Part(_said(block, "title", "text"))
                if block.get("image"):
                    yield _Part(kind="picture")
            case "image":
                yield _Part(kind="picture")
            case "button":
                yield _Part(_said(block, "label"), buttons=1)
            case "coupon":
                yield _Part(_said(block, "label", "note"), "offer")
            case "recommendations":
                yield _Part(_said(block, "title"), "product", products=int(block.get("count") or 0))
            case "bundle":
                leads = int(bool(block.get("label") and block.get("url")))
                yield _Part(
                    _said(block, "title", "text", "label"), "product", len(block.get("skus") or ()), leads
                )
            case "columns":
                for column in block.get("columns") or ():
                    yield from _parts(column)
            case "conditional":
                yield from _parts(block.get("blocks") or block.get("otherwise") or ())
            case "html":
                document = _Document()
                document.feed(str(block.get("html") or ""))
                document.close()
                yield from document.parts


def _said(block: Mapping[str, Any], *names: str) -> str:
    return "\n".join(_LINK.sub(r"\1", str(text)) for name in names if (text := block.get(name)))


class _Document(HTMLParser):
    """Takes the parts out of a document made elsewhere; its products are those that Liquid fills in."""

    _SILENT = frozenset({"style", "script", "head", "title"})
    _PRODUCTS = re.compile(r"\{%-?\s*for\s+\w+\s+in\s+products(?:\s+limit:\s*(\d+))?")
    _BUTTON = re.compile(r"button|btn", re.IGNORECASE)

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[_Part] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag in self._SILENT:
            self._silent += 1
        elif tag == "img":
            width = (told.get("width") or "").rstrip("px")
            if not width.isdecimal() or int(width) >= _WIDE:
                self.parts.append(_Part(kind="picture"))
        elif tag == "button" or (tag == "a" and self._looks_pressed(told)):
            self.parts.append(_Part(buttons=1))

    def handle_endtag(self, tag: str) -> None:
        if tag in self._SILENT:
            self._silent = max(0, self._silent - 1)

    def handle_data(self, data: str) -> None:
        if self._silent or not data.strip():
            return
        if found := self._PRODUCTS.search(data):
            self.parts.append(_Part(kind="product", products=int(found[1] or 1)))
        self.parts.append(_Part(data))

    def _looks_pressed(self, told: Mapping[str, str | None]) -> bool:
        return "background" in (told.get("style") or "") or bool(
            self._BUTTON.search(f"{told.get('class') or ''} {told.get('role') or ''}")
        )
