"""What is read off subjects and bodies, in English and in Chinese."""

import pytest

from campaigns.content.starters import STARTERS
from campaigns.learning.copy_reading import BODY, OPENING, SUBJECT, of_body, of_subject


@pytest.mark.parametrize(
    ("subject", "is_so"),
    [
        ("20% off your favourites", {"offer"}),
        ("Your favourites, 20% off", {"product"}),
        ("{{ customer.first_name }}, last hours today", {"urgent", "personal"}),
        ("Ready for spring?", {"question"}),
        ("新品到店，满减今天结束", {"product", "urgent"}),
        ("Hello", set()),
    ],
)
def test_what_is_read_off_a_subject(subject, is_so):
    found = of_subject(subject)
    assert {name for name in SUBJECT if name != "length" and found[name]} == is_so


def test_length_counts_what_people_read_and_tone_is_a_persons_word():
    assert of_subject("x" * 40)["length"] == 0
    assert of_subject("x" * 60)["length"] == 1
    assert of_subject("{{ customer.first_name | default: 'you' }}")["length"] == (6 - 40) / 20
    assert (of_subject("Hi", "warm")["warm"], of_subject("Hi", "shouting")["playful"]) == (1, 0)


def text(words):
    return {"kind": "text", "text": words}


HEAD = {"kind": "header", "title": "20% off"}
PICKS = {"kind": "recommendations", "title": "Picked for you", "count": 6}
COUPON = {"kind": "coupon", "label": "Your code"}
PICTURE = {"kind": "image", "url": "https://x.example/a.png", "alt": "20% off"}
GO = {"kind": "button", "label": "Go", "url": "https://x.example/?a=b"}


@pytest.mark.parametrize(
    ("blocks", "first"),
    [
        ([HEAD, text("Hello"), PICKS, COUPON, GO], "body_product"),
        ([HEAD, text("Hello"), COUPON, PICKS], "body_offer"),
        ([HEAD, {"kind": "heading", "text": "20% off, today"}, PICKS], "body_offer"),
        ([{"kind": "heading", "text": "全场满减"}, PICKS], "body_offer"),
        ([PICTURE, COUPON], "body_picture"),
        ([text("word " * OPENING), PICKS], "body_product"),
        ([text("word " * (OPENING + 1)), PICKS], ""),
        ([text("你好" * OPENING), COUPON], "body_offer"),
        ([text("你好" * (OPENING + 1)), COUPON], ""),
        ([HEAD, text("Hello"), GO], ""),
        ([{"kind": "columns", "columns": [[text("Hello")], [PICTURE]]}, COUPON], "body_picture"),
        ([{"kind": "conditional", "blocks": [COUPON], "otherwise": [PICTURE]}], "body_offer"),
        ([{"kind": "sms", "text": "Hi, 20% off at {{ shop.name }}"}], "body_offer"),
        ([{"kind": "push", "title": "Hi", "text": "Look", "image": "https://x.example/a"}], "body_picture"),
        ([], ""),
    ],
)  # fmt: skip
def test_what_a_body_begins_with(blocks, first):
    found = of_body(blocks)
    begins = [name for name in ("body_offer", "body_product", "body_picture") if found[name]]
    assert begins == ([first] if first else [])


def test_how_much_a_body_says_shows_and_asks_for():
    bundle = {"kind": "bundle", "title": "Both", "skus": ["a", "b", "c"], "label": "Buy", "url": "https://x"}
    found = of_body([text("one two three " * 40), PICKS, GO, GO, bundle])
    assert found["body_products"] == (6 + 3) / 3
    assert found["body_buttons"] == 3
    assert found["body_length"] == (120 + 3 + 1 + 1 + 2 - 80) / 40
    assert of_body([text("词语" * 120)])["body_length"] == 1
    assert of_body([text("w " * 5000)])["body_length"] == of_body([text("w " * 400)])["body_length"] == 8
    assert of_body([PICKS] * 9)["body_products"] == 4
    assert of_body([GO] * 30)["body_buttons"] == 6


@pytest.mark.parametrize(
    ("words", "is_so"),
    [
        ("Hi {{ customer.first_name | default: 'you' }}, look around now.", {"body_personal"}),
        ("Our only shop is here. Come now!", set()),
        ("Last chance: it ends tonight.", {"body_urgent"}),
        ("限时三天，最后机会", {"body_urgent"}),
        ("Shall we?", {"body_question"}),
        ("要不要看看？", {"body_question"}),
        ("See [our shop](https://x.example/?a=b).", set()),
        ("{{ customer.city | default: '?' }}", {"body_personal"}),
    ],
)
def test_whether_a_body_urges_names_and_asks(words, is_so):
    found = of_body([text(words)])
    assert {name for name in ("body_urgent", "body_personal", "body_question") if found[name]} == is_so


def test_a_document_made_elsewhere_is_read_like_blocks():
    document = """<html><head><title>20% off?</title><style>a { color: red }</style></head><body>
        <img src="logo.png" width="140"><p>Hi {{ customer.first_name }}</p>
        <img src="hero.png" width="600"><a class="btn" href="https://x.example/?x">Shop</a>
        <a href="https://x.example">or not</a>
        {% for product in products limit: 3 %}{{ product.name }}{% endfor %}</body></html>"""
    found = of_body([{"kind": "html", "html": document}])
    assert {name: found[name] for name in BODY if name != "body_length"} == {
        "body_offer": 0, "body_product": 0, "body_picture": 1, "body_products": 1, "body_buttons": 1,
        "body_urgent": 0, "body_personal": 1, "body_question": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("starter", "first"),
    [("recommendations", "body_product"), ("flash_sale", "body_offer"), ("push_arrival", "")],
)
def test_starters_are_what_one_would_call_them(starter, first):
    found = of_body(STARTERS[starter]["blocks"])
    begins = [name for name in ("body_offer", "body_product", "body_picture") if found[name]]
    assert begins == ([first] if first else [])
    assert found["body_urgent"] == (starter == "flash_sale")
