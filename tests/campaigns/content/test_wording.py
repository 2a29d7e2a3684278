"""Blocks, conditions, languages and directions: what is written is what each person reads."""

from datetime import UTC, datetime

import pytest
from django.utils import translation

from campaigns.content import services
from campaigns.content.blocks import KINDS, members_of, parse_blocks, with_ids
from campaigns.content.differences import differences
from campaigns.content.liquid import TemplateInvalid
from campaigns.content.mail.look import Look
from campaigns.content.models import Template
from campaigns.content.rendering import needs, render, render_made
from campaigns.content.starters import STARTERS, ensure_starter_templates
from campaigns.content.variables import SAMPLE
from campaigns.content.wording import Wording, choose_locale, compile_wording

NOW = datetime(2017, 11, 6, 10, tzinfo=UTC)
TEXT = {"kind": "text", "text": "Hello"}


def mail(*blocks, look=None, context=None, **fields):
    wording = Wording("Hi", list(blocks), **fields)
    return render_made(compile_wording(wording, look or Look()).own, {**SAMPLE, **(context or {})})


def customer(**fields):
    return {"customer": {**SAMPLE["customer"], **fields}}


def test_every_kind_says_how_it_is_read_and_what_is_missing():
    for name, kind in KINDS.items():
        members = members_of(kind)
        assert ("only" in members) == (name not in ("html", "sms", "push"))
        required = [key for key, member in members.items() if member.required]
        if required:
            with pytest.raises(TemplateInvalid, match=rf"blocks\.0\.{required[0]}"):
                parse_blocks([{"kind": name}])


@pytest.mark.parametrize(
    ("block", "place"),
    [
        ({"kind": "recommendations", "title": "x", "count": True}, "blocks.0.count"),
        ({"kind": "recommendations", "title": "x", "count": 4, "fallback": "cry"}, "blocks.0.fallback"),
        ({"kind": "columns", "columns": [[TEXT]]}, "blocks.0.columns"),
        ({"kind": "columns", "columns": [[TEXT], [{"kind": "footer"}]]}, "blocks.0.columns.1.0.kind"),
        ({"kind": "conditional", "when": None, "blocks": []}, "blocks.0.when"),
        ({"kind": "conditional", "when": {"about": "x"}, "blocks": []}, "blocks.0.when.about"),
        (
            {"kind": "text", "text": "x", "only": {"about": "segment", "value": 'a" %}{{ 7 }}'}},
            "blocks.0.only.value",
        ),
        (
            {"kind": "social", "links": [{"network": "instagram", "url": "javascript:x"}]},
            "blocks.0.links.0.url",
        ),
        ({"kind": "bundle", "title": "x", "skus": ["{{ a }}"]}, "blocks.0.skus"),
        ({"kind": "text", "text": "x", "id": "B 1"}, "blocks.0.id"),
        ({"kind": "spacer", "height": 1000}, "blocks.0.height"),
    ],
)
def test_mistakes_name_their_place(block, place):
    with pytest.raises(TemplateInvalid) as caught:
        parse_blocks([block])
    assert caught.value.path == place
    assert str(caught.value).startswith(f"{place}: ")


def test_ids_are_given_once_and_kept():
    blocks = with_ids([TEXT, {**TEXT, "id": "b1"}, {"kind": "columns", "columns": [[TEXT], [TEXT]]}])
    assert [b.id for b in parse_blocks(blocks)] == ["b2", "b1", "b3"]
    assert with_ids(blocks) == blocks
    with pytest.raises(TemplateInvalid):
        parse_blocks([{**TEXT, "id": "b1"}, {**TEXT, "id": "b1"}])


def test_markup_becomes_html_and_plain_words_and_nothing_else_does():
    made = mail(
        {"kind": "text", "text": "**Bold** *it* [Shop]({{ shop.url }}) [no](javascript:x) 2 * 3 * 4 <b>"}
    )
    assert "<strong>Bold</strong> <em>it</em>" in made.html
    assert 'href="https://shop.example"' in made.html
    assert "javascript:x" in made.text
    assert 'href="javascript' not in made.html
    assert "2 * 3 * 4 &lt;b&gt;" in made.html
    assert "Bold it Shop (https://shop.example)" in made.text


def test_a_condition_shows_a_block_to_its_people_alone_in_both_parts():
    only = {"kind": "text", "text": "For Germans", "only": {"about": "country", "value": "de"}}
    either = {
        "kind": "conditional",
        "when": {"about": "segment", "value": "vip", "not": False},
        "blocks": [{"kind": "text", "text": "Dear VIP"}],
        "otherwise": [{"kind": "text", "text": "Dear all"}],
    }
    german = mail(only, either, context=customer(country="DE", segments=["vip"]))
    other = mail(only, either, context=customer(country="US", segments=[]))
    for part in ("html", "text"):
        assert "For Germans" in getattr(german, part)
        assert "Dear VIP" in getattr(german, part)
        assert "Dear all" not in getattr(german, part)
        assert "For Germans" not in getattr(other, part)
        assert "Dear all" in getattr(other, part)
        assert "Dear VIP" not in getattr(other, part)


def test_products_and_bundles_leave_no_hole():
    shown = {"kind": "recommendations", "title": "For you", "count": 2, "fallback": "hide"}
    bundle = {"kind": "bundle", "id": "set", "title": "Set", "skus": ["a", "b"]}
    product = SAMPLE["products"][0]
    full = {"set": {"products": [product, product], "total": "17.80", "currency": "USD"}}
    none = {"set": {"products": [], "total": "0", "currency": ""}}
    made = mail(shown, bundle, context={"bundles": full})
    assert "For you" in made.html
    assert "$17.80" in made.html
    assert "= $17.80" in made.text
    bare = mail(shown, bundle, context={"products": [], "bundles": none})
    for word in ("For you", "Set", "$"):
        assert word not in bare.text
    assert ">Set<" not in bare.html
    pictured = {**product, "image_url": "https://shop.example/a.png"}
    assert 'src="https://shop.example/a.png"' in mail(shown, context={"products": [pictured]}).html


def test_arabic_runs_from_right_to_left():
    made = mail({"kind": "text", "text": "مرحبا"}, locale="ar")
    assert '<html lang="ar" dir="rtl"' in made.html
    assert "direction:rtl" in made.html
    assert "text-align:right" in made.html
    assert 'dir="ltr"' in mail(TEXT).html


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        ("zh_CN", "zh-hans"),
        ("zh-TW", ""),
        ("de_AT", "de"),
        ("en-GB", "en"),
        ("fr", ""),
        ("", ""),
        ("DE", "de"),
    ],
)
def test_the_language_that_fits(wanted, chosen):
    assert choose_locale(wanted, ["en", "de", "zh-hans"]) == chosen


@pytest.mark.django_db
def test_a_translation_is_read_by_those_of_its_language_and_falls_back():
    version = services.create_template(
        name="T",
        subject="Hello",
        blocks=[{"kind": "text", "id": "a", "text": "One"}, {"kind": "text", "id": "b", "text": "Two"}],
        translations={"de": {"subject": "Hallo", "blocks": {"a": {"text": "Eins"}, "gone": {"text": "x"}}}},
        now=NOW,
    )
    german = render(version, {**SAMPLE, **customer(locale="de_AT")})
    assert (german.subject, "Eins" in german.html, "Two" in german.html, "One" in german.html) == (
        "Hallo", True, True, False,
    )  # fmt: skip
    french = render(version, {**SAMPLE, **customer(locale="fr")})
    assert (french.subject, "One" in french.html) == ("Hello", True)
    with pytest.raises(TemplateInvalid, match=r"translations\.de\.a\.align"):
        services.add_version(
            version.template, subject="x", blocks=version.blocks, now=NOW,
            translations={"de": {"blocks": {"a": {"align": "center"}}}},
        )  # fmt: skip


@pytest.mark.django_db
def test_the_starters_read_well_in_both_languages_and_fit_everywhere():
    found = ensure_starter_templates(NOW)
    assert len(found) == len(STARTERS) == 10
    product = SAMPLE["products"][0]
    for locale, stranger in (("en", True), ("en", False), ("zh-hans", True), ("zh-hans", False)):
        who = customer(locale=locale, **({"first_name": "", "last_name": ""} if stranger else {}))
        with translation.override(locale):
            for key, version in found.items():
                made = render(version, {**SAMPLE, **who, "products": [product] * 6})
                assert "{{" not in made.html + made.text + made.subject
                assert len(made.html.encode()) < 60_000, key
                if version.template.channel == "email":
                    assert made.subject
                    assert not made.subject.startswith((",", "，", " "))
                if locale == "zh-hans" and version.template.channel == "email":
                    assert any("\u4e00" <= c <= "\u9fff" for c in made.subject), key
    assert needs(found["winback"]).missing == "popular"


@pytest.mark.django_db
def test_an_imported_document_is_sent_byte_for_byte():
    source = (
        '\ufeff<!DOCTYPE html>\r\n<HTML><body  STYLE="a:b" >\t<p>Größe&nbsp;&amp; <br>\n\r\n<!-- c -->'
        "<a href='{{ unsubscribe_url }}'>x</a> {{ shop.address }} \u2028 5 } {  %} </p></body></html>\n\n "
    )
    version = services.create_template(
        name="P", subject="x", blocks=[{"kind": "html", "html": source}], now=NOW
    )
    version.refresh_from_db()
    assert version.html == version.blocks[0]["html"] == source
    expected = source.replace("{{ unsubscribe_url }}", SAMPLE["unsubscribe_url"])
    expected = expected.replace("{{ shop.address }}", SAMPLE["shop"]["address"])
    assert render(version, SAMPLE).html.encode() == expected.encode()
    plain = source.replace("{{ unsubscribe_url }}", "#").replace("{{ shop.address }}", "")
    bare = services.add_version(
        version.template, subject="x", blocks=[{"kind": "html", "html": plain}], now=NOW
    )
    assert render(bare, SAMPLE).html.encode() == plain.encode()
    assert "Größe" in render(version, SAMPLE).text


@pytest.mark.django_db
def test_versions_say_what_changed_and_come_back():
    first = services.create_template(
        name="V",
        subject="One",
        blocks=[TEXT, {"kind": "button", "label": "Go", "url": "{{ shop.url }}"}],
        now=NOW,
    )
    blocks = [{**first.blocks[1], "label": "Shop"}, first.blocks[0], {"kind": "divider", "id": "line"}]
    second = services.add_version(first.template, subject="Two", blocks=blocks, now=NOW)
    assert differences(first, second) == [
        "Subject: “One” → “Two”",
        "Button “Shop”, Label: “Go” → “Shop”",
        "Dividing line added",
        "Button “Shop” moved",
    ]
    third = services.restore_version(first, now=NOW, user=None)
    assert (third.number, third.subject, third.blocks) == (3, "One", first.blocks)
    assert Template.objects.get().draft["subject"] == "One"
