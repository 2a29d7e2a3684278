"""What the ready-made campaigns say where no starter template does, in English and Simplified Chinese."""

from typing import Any

_NAME = '{{ customer.first_name | default: "there" }}'
_CHINESE_NAME = '{% if customer.first_name != "" %}{{ customer.first_name }}，{% endif %}'
_HEADER = {"kind": "header", "id": "head", "title": "{{ shop.name }}"}
_FOOTER = {"kind": "footer", "id": "foot"}


def _letter(
    name: str, subject: str, preheader: str, heading: str, text: str, picks: str, button: str, **more: Any
) -> dict[str, Any]:
    shown = {"kind": "recommendations", "id": "picks", "title": picks, "fallback": "popular", **more}
    return {
        "name": name,
        "subject": subject,
        "preheader": preheader,
        "blocks": [
            _HEADER,
            {"kind": "heading", "id": "title", "text": heading},
            {"kind": "text", "id": "text", "text": text},
            shown,
            {"kind": "button", "id": "button", "label": button, "url": "{{ shop.url }}"},
            _FOOTER,
        ],
    }


def _chinese(
    subject: str, preheader: str, heading: str, text: str, picks: str, button: str
) -> dict[str, dict[str, Any]]:
    return {
        "zh-hans": {
            "subject": subject,
            "preheader": preheader,
            "blocks": {
                "title": {"text": heading},
                "text": {"text": text},
                "picks": {"title": picks},
                "button": {"label": button},
            },
        }
    }


#: In the first two the first product is the one that it is about (campaigns.sources).
LETTERS: dict[str, dict[str, Any]] = {
    "price_drop": _letter(
        "The price fell",
        "{{ products.first.name }} costs less now",
        "You looked at it. It is cheaper today.",
        f"Good news, {_NAME}",
        "Something you looked at costs less now. Prices change, so this one may not last.",
        "It costs less now",
        "See the new price",
        count=1,
        fallback="skip",
        reasons=False,
    )
    | {
        "translations": _chinese(
            "{{ products.first.name }} 降价了",
            "您看过的商品，今天更便宜。",
            f"{_CHINESE_NAME}好消息",
            "您看过的商品降价了。价格会变，不一定一直这么低。",
            "现在更便宜",
            "看看新价格",
        )
    },
    "back_in_stock": _letter(
        "Back in stock",
        "{{ products.first.name }} is back",
        "You looked at it while it was sold out.",
        f"It is back, {_NAME}",
        "Something you wanted is in stock again. We tell you first.",
        "In stock again",
        "Get it now",
        count=1,
        fallback="skip",
        reasons=False,
    )
    | {
        "translations": _chinese(
            "{{ products.first.name }} 到货了",
            "您想要的商品重新有货。",
            f"{_CHINESE_NAME}它回来了",
            "您想要的商品重新有货了，我们第一时间告诉您。",
            "重新到货",
            "马上去看",
        )
    },
    "birthday": _letter(
        "Happy birthday",
        f"Happy birthday, {_NAME}!",
        "A few things for your day.",
        f"Happy birthday, {_NAME}",
        "All the best from all of us. We picked a few things that might make the day a little nicer.",
        "For your day",
        "Treat yourself",
        count=4,
    )
    | {
        "translations": _chinese(
            f"{_CHINESE_NAME}生日快乐！",
            "为您的生日准备了几样东西。",
            f"{_CHINESE_NAME}生日快乐",
            "祝您生日快乐！我们挑了几样东西，愿这一天更美好。",
            "为您的生日",
            "犒劳自己",
        )
    },
    "come_back": _letter(
        "We kept a few things for you",
        f"It has been a while, {_NAME}",
        "Some of what came in made us think of you.",
        f"Hi {_NAME}, good to see you again",
        "It has been a while. A lot has come in since, and some of it made us think of you.",
        "Picked for you",
        "See my picks",
        count=4,
    )
    | {
        "translations": _chinese(
            f"{_CHINESE_NAME}好久不见",
            "新到的商品里，有几样很适合您。",
            f"{_CHINESE_NAME}好久不见",
            "好久不见。这段时间店里到了不少新品，有几样让我们想到了您。",
            "为您精选",
            "看看为我挑的",
        )
    },
}
