"""What is looked at before sending: each fault is found and named, and what is in order is not."""

from datetime import UTC, datetime

import pytest
from django.core.cache import cache

from campaigns.actions import create_campaign
from campaigns.content import services
from campaigns.content.mail.look import Look
from campaigns.content.models import BrandKit
from campaigns.content.readiness import blocking, look_over, obstacles
from campaigns.content.readiness.links import check_links, links_of
from campaigns.content.readiness.words import check_words, suspicious
from campaigns.content.rendering import Content, render_made
from campaigns.content.starters import ensure_starter_templates
from campaigns.content.variables import SAMPLE
from campaigns.content.wording import Wording, compile_wording
from campaigns.preflight import problems

NOW = datetime(2017, 11, 6, 10, tzinfo=UTC)
BUTTON = {"kind": "button", "label": "Go", "url": "https://shop.example/go"}


def findings(*blocks, subject="Hello", exists=lambda host: True, **fields):
    compilation = compile_wording(Wording(subject, list(blocks), "Pre", **fields), Look())
    rendered = render_made(compilation.own, SAMPLE)
    return {f.code: f for f in look_over(compilation, rendered, BrandKit(), exists=exists)}


def test_a_mail_in_order_has_nothing_in_its_way(settings):
    found = findings({"kind": "text", "text": "Hello " * 60}, BUTTON)
    assert blocking(list(found.values())) == []
    assert {f.level for f in found.values()} == {"good"}


def test_what_is_missing_stands_in_the_way(settings):
    imported = {"kind": "html", "html": "<p>Hi <img src='https://shop.example/a.png'></p>"}
    found = findings(imported)
    assert {code for code, f in found.items() if f.level == "wrong"} == {"unsubscribe", "address"}
    assert {"alt", "images_only"} <= {code for code, f in found.items() if f.level == "advice"}
    settings.SHOP_POSTAL_ADDRESS = ""
    assert findings({"kind": "text", "text": "x"})["address"].level == "wrong"
    large = findings({"kind": "text", "text": "word " * 3900}, *[{"kind": "text", "text": "w " * 9000}] * 5)
    assert large["size"].level == "wrong"


def test_advice_names_its_block():
    found = findings(
        {"kind": "text", "id": "hi", "text": "Hi {{ customer.first_name }}"},
        {"kind": "image", "id": "pic", "url": "https://shop.example/a.png", "alt": " "},
        subject="A subject that is a good deal longer than what phones show",
    )
    assert (found["fallback"].block, found["alt"].block) == ("hi", "pic")
    assert "phones show 40" in found["subject"].message
    guarded = {
        "kind": "text",
        "text": "{% if customer.first_name != '' %}{{ customer.first_name }}{% endif %}",
    }
    assert findings(guarded)["fallback"].level == "good"


def test_links_are_found_through_liquid_and_judged(settings):
    settings.PUBLIC_URL = "https://own.example"
    cache.delete_many(f"content:host:{host}.example" for host in ("a", "gone", "silent"))
    html = (
        """<a href="{% if product.link != "" %}{{ product.link }}{% endif %}">a</a>"""
        """<A HREF='https://a.example/x?y={{ z }}'>"""
        """<a href="#">b</a><a href="javascript:x">c</a><a href="https://own.example/admin/">d</a>"""
        """<a href="https://own.example/healthz">e</a><a href="https://gone.example/">f</a>"""
        """<a href="https://silent.example/">g</a><a href="mailto:a@b.example">h</a>"""
    )
    answers = {"a.example": True, "gone.example": False, "silent.example": None}
    asked = []

    def exists(host):
        asked.append(host)
        return answers[host]

    messages = [f.message for f in check_links(links_of(html), exists=exists)]
    assert [m.split()[4] for m in messages] == [
        "#", "javascript:x", "https://own.example/admin/", "https://gone.example/",
    ]  # fmt: skip
    assert sorted(asked) == ["a.example", "gone.example", "silent.example"]
    check_links(links_of(html), exists=exists)
    assert len(asked) == 3  # answers are believed for a while


def test_words_that_filters_do_not_like_in_both_languages():
    assert suspicious("Act now, you are a WINNER") == ["act now", "winner"]
    assert suspicious("恭喜您获得大奖，点击领取") == ["恭喜您获得", "点击领取"]
    assert suspicious("A winning smile in the casinoless town") == []
    codes = {f.code for f in check_words("BUY EVERYTHING TODAY!!", "ok")}
    assert codes == {"capitals", "exclamation"}
    assert check_words("为您挑选了这些", "好的！") == []


def test_texts_for_phones():
    compilation = compile_wording(
        Wording("", [{"kind": "sms", "text": "Don’t miss it"}], channel="sms"), Look()
    )
    found = look_over(compilation, Content("", "", "", "Don’t miss it"), BrandKit(), channel="sms")
    assert {f.code for f in found} == {"parts", "encoding"}
    assert "’" in next(f.message for f in found if f.code == "encoding")
    empty = look_over(compilation, Content("", "", "", " "), BrandKit(), channel="sms")
    assert blocking(empty) == ["Write a text."]
    push = look_over(compilation, Content("t" * 60, "", "", "x"), BrandKit(), channel="push")
    assert [f.level for f in push] == ["advice"]


@pytest.mark.django_db
def test_a_broken_link_blocks_the_launch_and_is_named():
    now = NOW
    version = services.create_template(
        name="B", subject="x", blocks=[{"kind": "text", "text": "x"}, BUTTON], now=now
    )
    assert obstacles(version, exists=lambda host: True) == []
    [named] = obstacles(services.add_version(
        version.template, subject="x", now=now,
        blocks=[{"kind": "button", "label": "Go", "url": "https://nowhere.example/x"}],
    ), exists=lambda host: False)  # fmt: skip
    assert "https://nowhere.example/x" in named
    pasted = services.create_template(
        name="P", subject="x", blocks=[{"kind": "html", "html": "<a href='#'>x</a>"}], now=now
    )
    campaign = create_campaign(user=None, now=now, name="P", slug="p", kind="email", content=pasted)
    found = " ".join(problems(campaign, now=now))
    assert "unsubscribe_url" in found
    assert "This link is broken: #" in found
    texted = ensure_starter_templates(now)["sms_reminder"]
    campaign.content = texted
    assert "The content is written for another channel." in " ".join(problems(campaign, now=now))
