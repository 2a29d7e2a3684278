"""Which links of a mail lead over us, and what stays as it is."""

import re
from datetime import UTC, datetime

import pytest

from customers.models import Consent, Customer
from delivery.models import Link, Message
from delivery.sources import Rendered
from delivery.tracking.rewrite import follow, places, rewrite, with_utm
from tests.factories.delivery import make_customers, make_run

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
UTM = {"utm_source": "rapport", "utm_campaign": "spring"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example", "https://a.example?utm_source=rapport&utm_campaign=spring"),
        ("https://a.example/p?x=1#top", "https://a.example/p?x=1&utm_source=rapport&utm_campaign=spring#top"),
        ("https://a.example/?utm_source=theirs", "https://a.example/?utm_source=theirs&utm_campaign=spring"),
        ("https://a.example/?utm_source=&utm_campaign=x", "https://a.example/?utm_source=&utm_campaign=x"),
        (
            "https://a.example/?a=%20b&c=d+e",
            "https://a.example/?a=%20b&c=d+e&utm_source=rapport&utm_campaign=spring",
        ),
        ("https://[broken", "https://[broken"),
    ],
)
def test_utm_parameters_are_added_and_never_change_what_is_there(url, expected):
    assert with_utm(url, UTM) == expected


def test_only_web_addresses_of_links_are_found():
    source = """
      <link rel="stylesheet" href="https://a.example/style.css">
      <a href="https://a.example/1?x=1&amp;y=2">one</a> <A class='b' HREF='http://a.example/2'>two</A>
      <area href="https://a.example/3"> <abbr href="https://a.example/no">
      <a href="mailto:a@b.example">mail</a><a href="tel:+123">call</a><a href="#top">top</a>
      <a href="/relative">r</a>
      <a data-href="https://a.example/data">d</a> <img src="https://a.example/i.png">
      <a href="javascript:alert(1)">no</a><a href="https://shop.example/u/token">leave</a>
    """
    found = places(source, {}, keep=("https://shop.example/u/",))
    assert [p.url for p in found] == [
        "https://a.example/1?x=1&y=2",
        "http://a.example/2",
        "https://a.example/3",
    ]
    assert source[found[0].start : found[0].end] == "https://a.example/1?x=1&amp;y=2"
    long = f'<a href="https://a.example/{"x" * 1000}">long</a>'
    assert places(long, {}) == []


def test_rewriting_touches_nothing_else_and_puts_the_pixel_before_the_last_end_of_the_body():
    source = '<p>a &amp; b</p><a href="https://a.example/">x</a><!-- </body> --></BODY ></html>'
    done = rewrite(
        source, places(source, {}), lambda url: f"https://t.example/?u={url}&x", pixel="https://p.example/1"
    )
    assert done == (
        '<p>a &amp; b</p><a href="https://t.example/?u=https://a.example/&amp;x">x</a><!-- </body> -->'
        '<img src="https://p.example/1" width="1" height="1" alt="" '
        'style="display:block;border:0;height:1px;width:1px"></BODY ></html>'
    )
    assert rewrite("no links", [], str) == "no links"
    assert rewrite("no body", [], str, pixel="x").startswith("no body<img")


@pytest.mark.django_db
class TestFollow:
    HTML = '<a href="https://a.example/x">x</a><a href="https://a.example/y">y</a></body>'

    @pytest.fixture(autouse=True)
    def on(self, settings, source):
        settings.TRACKING = True
        settings.SHOP_COUNTRY = "US"
        settings.PUBLIC_URL = "https://shop.example/"

    def mails(self, count):
        make_customers(count, now=NOW)
        run = make_run(now=NOW)
        messages = list(Message.objects.filter(run=run).order_by("customer_id"))
        return run, [
            (m, Rendered(to="", subject="s", html=self.HTML, text="https://a.example/x",
                         from_email="a@b.example",
                         utm={"utm_campaign": "spring"}))
            for m in messages
        ]  # fmt: skip

    def test_links_are_stored_once_for_a_run(self, django_assert_num_queries):
        run, mails = self.mails(3)
        with django_assert_num_queries(4):  # customers, market rules, known links, the new ones
            first = follow(run, mails)
        with django_assert_num_queries(3):
            assert [r.html for r in follow(run, mails)] == [r.html for r in first]
        utm = "?utm_source=rapport&utm_medium=email&utm_campaign=spring"
        assert set(Link.objects.values_list("reference", "url")) == {
            (str(run.pk), f"https://a.example/x{utm}"),
            (str(run.pk), f"https://a.example/y{utm}"),
        }
        assert len({r.html for r in first}) == 3
        assert all("https://a.example" not in r.html for r in first)
        assert all(r.html.count("https://shop.example/t/c/") == 3 for r in first)  # two links and the trap
        assert all(r.html.count("https://shop.example/t/o/") == 1 for r in first)
        assert {r.text for r in first} == {"https://a.example/x"}

    def test_opens_are_noted_only_where_the_market_or_the_person_allows(self, settings):
        run, mails = self.mails(5)
        people = [m.customer_id for m, _ in mails]
        Customer.objects.filter(pk=people[1]).update(country="DE")
        Customer.objects.filter(pk=people[2]).update(country="FR")
        Consent.objects.create(
            customer_id=people[2], channel="email", topic="tracking", granted=True, since=NOW
        )
        Customer.objects.filter(pk=people[3]).update(no_profiling=True)
        german = Customer.objects.get(pk=people[4])
        german.phone = "+49301234567"
        german.save()
        followed = follow(run, mails)
        assert [r.html.count("/t/o/") for r in followed] == [1, 0, 1, 0, 0]
        assert [r.html.count("/t/c/") for r in followed] == [3, 3, 3, 0, 3]
        # Who is not watched still gets the campaign's parameters, which tell nothing of the person.
        assert re.findall(r'href="([^"]+)"', followed[3].html)[0].startswith(
            "https://a.example/x?utm_source=rapport&amp;"
        )
        settings.TRACKING_OPENS = {"*": "never"}
        assert "/t/o/" not in follow(run, mails)[0].html

    def test_what_answers_the_customer_is_not_measured(self, settings):
        run, mails = self.mails(1)
        run.transactional = True
        assert follow(run, mails)[0].html == self.HTML
        run.transactional = False
        settings.TRACKING = False
        assert follow(run, mails)[0].html == self.HTML
        assert not Link.objects.exists()
