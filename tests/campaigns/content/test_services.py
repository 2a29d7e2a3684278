"""Templates: from blocks to a mail for one person."""

from datetime import UTC, datetime

import pytest

from campaigns.content import services, starters
from campaigns.content.liquid import TemplateInvalid
from campaigns.content.models import Template, TemplateVersion
from campaigns.content.services import Needs
from campaigns.content.variables import SAMPLE

pytestmark = pytest.mark.django_db
NOW = datetime(2017, 11, 6, 10, tzinfo=UTC)


def make(*blocks, subject="Hello {{ customer.first_name }}", **fields) -> TemplateVersion:
    name = f"Template {Template.objects.count()}"
    return services.create_template(name=name, subject=subject, blocks=list(blocks), now=NOW, **fields)


def test_a_mail_carries_link_and_address_even_without_a_footer_block():
    mail = services.render(make({"kind": "text", "text": "News"}), SAMPLE)
    for part in (mail.html, mail.text):
        assert "https://shop.example/u/sample" in part
        assert "1 Market Square, 12345 Town" in part
    assert mail.subject == "Hello Ada"
    assert "{{" not in mail.html + mail.text
    assert "{%" not in mail.html + mail.text


def test_what_a_marketer_types_is_text_and_not_html():
    version = make({"kind": "text", "text": 'a < b & <script>x</script> "{{ customer.first_name }}"'})
    mail = services.render(version, SAMPLE)
    assert "<script>" not in mail.html
    assert "a &lt; b &amp; &lt;script&gt;x&lt;/script&gt; &quot;Ada&quot;" in mail.html
    assert 'a < b & <script>x</script> "Ada"' in mail.text


def test_customer_data_neither_executes_nor_breaks_out():
    version = make(
        {"kind": "heading", "text": "Hi {{ customer.first_name }}"},
        {"kind": "button", "label": "Go", "url": "{{ products.first.url }}"},
    )
    evil = '{{ settings.SECRET_KEY }}"><script>x</script>\r\nBcc: all@example.com'
    data = {**SAMPLE, "customer": {"first_name": evil, "last_name": "", "locale": ""}}
    data["products"] = [{**SAMPLE["products"][0], "url": "javascript:alert(1)"}]
    mail = services.render(version, data)
    assert "<script>" not in mail.html
    assert "javascript:" not in mail.html
    assert "{{ settings.SECRET_KEY }}" in mail.text
    assert "\n" not in mail.subject
    assert "\r" not in mail.subject


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://shop.example/sale", True),
        ("https://shop.example/sale?c={{ coupon.code | url_encode }}", True),
        ("mailto:hello@shop.example", True),
        ("{{ shop.url }}", True),
        ("javascript:alert(1)", False),
        ("https://{{ customer.first_name }}/", False),
        ("https://shop{{ customer.first_name }}", False),
        ("{{ shop.url }}{{ customer.first_name }}", False),
        ("{% if true %}javascript:x{% endif %}", False),
        ("/sale", False),
        ("", True),
    ],
)
def test_addresses_in_blocks(url, good):
    block = {"kind": "image", "url": "https://shop.example/x.png", "alt": "x", "link": url}
    if good:
        make(block)
    else:
        with pytest.raises(TemplateInvalid, match=r"blocks\.0\.link"):
            make(block)
        assert not TemplateVersion.objects.exists()


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"kind": "text"}, "blocks.0.text"),
        ({"kind": "dance"}, "blocks.0.kind"),
        ({"kind": "text", "text": 5}, "blocks.0.text"),
        ({"kind": "text", "text": "x", "colour": "red"}, "blocks.0.colour"),
        ({"kind": "recommendations", "title": "x", "count": 13}, "blocks.0.count"),
        ({"kind": "text", "text": "{{ customer.firstname }} {{ nope }}"}, "customer.firstname, nope"),
        ({"kind": "text", "text": "{% for p in products %}{{ p.nmae }}{% endfor %}"}, "nmae"),
        ({"kind": "text", "text": "{% if customer.first_name %}"}, "if"),
        ({"kind": "text", "text": "{{ customer.first_name | explode }}"}, "explode"),
    ],
)
def test_mistakes_are_named(block, message):
    with pytest.raises(TemplateInvalid, match=message):
        make(block)
    assert not Template.objects.exists()


def test_versions_count_up_and_old_ones_stay():
    first = make({"kind": "text", "text": "one"})
    second = services.add_version(
        first.template, subject="Two", blocks=[{"kind": "text", "text": "two"}], now=NOW
    )
    assert (first.number, second.number) == (1, 2)
    first.refresh_from_db()
    assert "one" in first.html
    assert "two" not in first.html


def test_missing_names_fall_back_in_the_starters():
    found = starters.ensure_starter_templates(NOW)
    again = starters.ensure_starter_templates(NOW)
    assert {k: v.pk for k, v in found.items()} == {k: v.pk for k, v in again.items()}
    stranger = {**SAMPLE, "customer": {"first_name": "", "last_name": "", "locale": ""}}
    mail = services.render(found["recommendations"], stranger)
    assert mail.subject == "Hello, we picked these for you"
    assert "Hi there, ready for your next shop?" in mail.html
    assert "Coffee beans" in mail.html
    assert "You buy this often" in mail.text
    assert len(mail.html) < 102_000
    assert services.needs(found["recommendations"]) == Needs(products=5, coupon=False)
    coupon = services.render(found["coupon"], SAMPLE)
    assert "ABCDE-FGH23" in coupon.html
    assert "Use it by January 31, 2030." in coupon.text
    assert services.needs(found["coupon"]) == Needs(products=0, coupon=True)
