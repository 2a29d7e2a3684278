"""The starter templates in English. Blocks carry ids, by which the Chinese ones find them."""

from typing import Any

_NAME = '{{ customer.first_name | default: "there" }}'
_HEADER = {"kind": "header", "id": "head", "title": "{{ shop.name }}"}
_SOCIAL = {"kind": "social", "id": "social"}
_FOOTER = {"kind": "footer", "id": "foot"}


def _heading(text: str) -> dict[str, Any]:
    return {"kind": "heading", "id": "title", "text": text}


def _text(text: str, id_: str = "text") -> dict[str, Any]:
    return {"kind": "text", "id": id_, "text": text}


def _button(label: str) -> dict[str, Any]:
    return {"kind": "button", "id": "button", "label": label, "url": "{{ shop.url }}"}


def _products(title: str, count: int, **more: Any) -> dict[str, Any]:
    made = {"kind": "recommendations", "id": "picks", "title": title, "count": count, "fallback": "popular"}
    return made | more


def _coupon(label: str, note: str = "") -> dict[str, Any]:
    return {"kind": "coupon", "id": "coupon", "label": label, "note": note}


STARTERS: dict[str, dict[str, Any]] = {
    "recommendations": {
        "name": "Picked for you",
        "subject": '{{ customer.first_name | default: "Hello" }}, we picked these for you',
        "preheader": "{% if products.size > 0 %}{{ products.first.name }} and more, chosen from what you "
        "like.{% else %}Chosen from what you like.{% endif %}",
        "blocks": [
            _HEADER,
            _heading(f"Hi {_NAME}, ready for your next shop?"),
            _text("We put a few things aside that we think you will like. Each says why we chose it."),
            _products("Picked for you", 5, fallback="skip", layout="rows"),
            _button("Go to the shop"),
            _FOOTER,
        ],
    },
    "coupon": {
        "name": "A coupon for you",
        "subject": f"{{{{ coupon.offer }}}} for you, {_NAME}",
        "preheader": "Your own code is inside.",
        "blocks": [
            _HEADER,
            _heading("A little thank-you: {{ coupon.offer }}"),
            _text(f"Hi {_NAME},\n\nthis code is yours alone. Show it at the till, or type it in."),
            _coupon("Your code"),
            _button("Use it now"),
            _FOOTER,
        ],
    },
    "welcome": {
        "name": "Welcome",
        "subject": f"Welcome, {_NAME}",
        "preheader": "Good to have you. Here is where to begin.",
        "blocks": [
            _HEADER,
            _heading(f"Welcome, {_NAME}"),
            _text(
                "Good to have you with us. From now on you hear about what is new, and about what we think "
                "**you** will like. Nothing more, and you can change it at any time."
            ),
            _button("Have a look around"),
            {"kind": "divider", "id": "line"},
            _products("A good place to begin", 4, reasons=False),
            _SOCIAL,
            _FOOTER,
        ],
    },
    "winback": {
        "name": "We miss you",
        "subject": f"It has been a while, {_NAME}",
        "preheader": "We kept a few things for you.",
        "blocks": [
            _HEADER,
            _heading(f"Hi {_NAME}, we saved something for you"),
            _text("It has been a while. A lot has come in since, and some of it made us think of you."),
            _coupon("A reason to come back: {{ coupon.offer }}"),
            _products("Picked for you", 4),
            _button("See my picks"),
            _FOOTER,
        ],
    },
    "cart": {
        "name": "Your basket is waiting",
        "subject": '{{ customer.first_name | default: "Hello" }}, you left something behind',
        "preheader": "Your basket is as you left it.",
        "blocks": [
            _HEADER,
            _heading(f"Still thinking it over, {_NAME}?"),
            _text(
                "Your basket is as you left it. If you have a question before you decide, just answer this "
                "mail: a person reads it."
            ),
            _button("Back to my basket"),
            _products("Others looked at these as well", 4, layout="rows"),
            _FOOTER,
        ],
    },
    "flash_sale": {
        "name": "Flash sale",
        "subject": "Today only: {{ coupon.offer }}",
        "preheader": "From now until midnight.",
        "blocks": [
            _HEADER,
            {**_heading("{{ coupon.offer }}, today only"), "align": "center"},
            {
                **_text("From now until midnight, on everything you like. When it is over, it is over."),
                "align": "center",
            },
            _coupon("Your code"),
            _button("Shop the sale"),
            _products("Worth a look before they are gone", 6),
            _FOOTER,
        ],
    },
    "new_arrivals": {
        "name": "New arrivals",
        "subject": f"New in, and chosen for you, {_NAME}",
        "preheader": "Fresh on the shelves this week.",
        "blocks": [
            _HEADER,
            _heading("New on our shelves"),
            _text("Fresh in this week. We began with what fits what you like."),
            _products("New for you", 6),
            _button("See everything new"),
            _SOCIAL,
            _FOOTER,
        ],
    },
    "digest": {
        "name": "The digest",
        "subject": "Your week with {{ shop.name }}",
        "preheader": "What is worth your time, in one mail.",
        "blocks": [
            _HEADER,
            _heading(f"Hello {_NAME}, here is your week"),
            _text("The best of the week, in a minute. *Short, as promised.*"),
            {
                "kind": "columns",
                "id": "cols",
                "columns": [
                    [
                        {"kind": "heading", "id": "left", "text": "Good to know", "size": "small"},
                        _text("Orders before noon leave the same day.", "lefttext"),
                    ],
                    [
                        {"kind": "heading", "id": "right", "text": "From our people", "size": "small"},
                        _text("What we use ourselves, and why: ask in the shop.", "righttext"),
                    ],
                ],
            },
            {"kind": "divider", "id": "line"},
            _products("For you this week", 5, layout="rows"),
            _button("Go to the shop"),
            _SOCIAL,
            _FOOTER,
        ],
    },
    "sms_reminder": {
        "name": "Text message: your code",
        "channel": "sms",
        "blocks": [
            {
                "kind": "sms",
                "id": "sms",
                "text": "{{ shop.name }}: {{ coupon.offer }} with code {{ coupon.code }}. {{ shop.url }}",
            }
        ],
    },
    "push_arrival": {
        "name": "Notification: new for you",
        "channel": "push",
        "blocks": [
            {
                "kind": "push",
                "id": "push",
                "title": 'New for you, {{ customer.first_name | default: "friend" }}',
                "text": "Fresh in this week. Have a look before the others do.",
                "url": "{{ shop.url }}",
            }
        ],
    },
}
