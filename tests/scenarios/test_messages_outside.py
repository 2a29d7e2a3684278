"""What recipients and marketers see of messages after they went: public pages and deliverability."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from customers.models import Consent, Customer
from delivery.deliverability.guard import guard
from delivery.deliverability.models import DomainCheck
from delivery.identity import preferences_url, unsubscribe_url
from delivery.models import Link, Message, Return, Run, Touch
from delivery.preferences.opt_in import ask, confirm_url
from delivery.tracking.judge import judge
from delivery.tracking.tokens import click_url
from events.models import Event
from tests.factories.shop import NOW, PASSWORD
from tests.scenarios.browser import LIGHT_FIRST, MARKS, visit

pytestmark = MARKS
SHOTS = os.environ.get("RAPPORT_SHOTS")


@pytest.fixture
def shop(settings, live_server, opened):
    settings.PUBLIC_URL = live_server.url
    settings.PAUSE_AFTER = 5
    now = datetime.now(UTC)
    run = Run.objects.get()
    Message.objects.filter(run=run, state="pending").update(state="sent", sent_at=now)
    messages = list(Message.objects.filter(run=run, state="sent").select_related("run").order_by("id"))
    told = [("bounce", "hard", "5.1.1", "550 5.1.1 User unknown")] * 2 + [("complaint", "", "", "abuse")]
    Return.objects.bulk_create(
        Return(key=str(n), kind=kind, bounce_class=what, status=status, diagnostic=words, run_id=run.pk,
               message=messages[n].pk, source="test", occurred_at=now, received_at=now)
        for n, (kind, what, status, words) in enumerate(told)
    )  # fmt: skip
    assert len(guard(now=now)) == 2
    DomainCheck.objects.create(
        domain=settings.SHOP_FROM_EMAIL.rpartition("@")[2], checked_at=NOW,
        findings=[
            {"what": what, "level": level, "sentence": f"What is known of {what}", "advice": advice,
             "record_name": "_dmarc.shop.example", "record": record}
            for what, level, advice, record in (
                ("SPF", "ok", "", ""),
                ("DKIM", "bad", "Add this TXT record.", "v=DKIM1; k=rsa; p=" + "A" * 360),
                ("DMARC", "warn", "Change it.", "v=DMARC1; p=none"), ("MX", "", "Try again.", ""),
            )
        ],
    )  # fmt: skip
    return opened, messages, now


def shot(page, name):
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


@pytest.mark.parametrize(("theme", "language"), LIGHT_FIRST)
def test_pages_of_marketers(live_server, shop, theme, language):
    pages, _messages, _now = shop
    with visit(live_server.url, theme=theme, language=language) as window:
        window.sign_in("alice", PASSWORD)
        faults = []
        for name, path in (
            ("deliverability", "/admin/delivery/deliverability/"),
            ("report", pages["campaign"]),
            ("home", "/admin/"),
        ):
            assert window.go(path) == 200
            assert window.page.locator("[role=alert]").count() == (1 if name == "report" else 2) + (
                name == "report"
            )
            faults += [f"{path} {fault}" for fault in window.faults()]
            shot(window.page, f"{name}-{theme}-{language}")
        assert faults == []
        assert window.complaints == []
        window.go("/admin/delivery/deliverability/")
        window.page.locator("main .st-data summary").first.click()  # the shell has others
        assert window.page.locator("main .st-data[open] code").inner_text().startswith("v=DKIM1")
        window.go(pages["campaign"])
        window.page.locator("form[action$='resume/'] button").click()
        window.page.wait_for_load_state()
        assert Run.objects.get().state == "running"
        assert window.page.locator("[role=alert]").count() == 0


@pytest.mark.parametrize(("theme", "language"), [("light", "en"), ("dark", "zh-CN")])
def test_pages_of_recipients(live_server, shop, theme, language):
    _pages, messages, now = shop
    message = messages[0]
    customer = Customer.objects.get(pk=message.customer_id)
    Customer.objects.filter(pk=customer.pk).update(locale=language, country="DE")
    opt_in = ask(customer, topic="newsletter", source="form", now=now)
    link = Link.objects.create(reference="x", url=f"{live_server.url}/healthz")
    with visit(live_server.url, theme=theme, language="en" if language == "en" else "zh-hans") as window:
        page = window.page
        page.emulate_media(color_scheme=theme)
        faults = []
        leave, choose = unsubscribe_url(message), preferences_url(unsubscribe_url(message))
        for name, address, status in (
            ("unsubscribe", leave, 200), ("preferences", choose, 200), ("confirm", confirm_url(opt_in), 200),
            ("invalid", f"{live_server.url}/t/c/x", 404),
        ):  # fmt: skip
            answer = page.goto(address)
            assert answer.status == status
            assert page.evaluate("document.documentElement.lang") == (
                "en" if language == "en" else "zh-hans"
            ), name
            faults += [f"{name} {fault}" for fault in window.faults()]
            shot(page, f"{name}-{theme}-{language}")
        assert faults == []
        assert Consent.objects.filter(customer=customer, granted=True).count() == 1, (
            "looking changed something"
        )

        page.goto(choose)
        page.locator("input[value='email:newsletter']").check()
        page.locator("input[value='monthly']").check()
        page.locator("button:not([name])").click()
        page.wait_for_url("**?saved")
        assert page.locator("[role=status]").count() == 1
        assert page.locator("input[value='email:newsletter']").is_checked()
        assert page.locator("input[value='monthly']").is_checked()
        page.goto(confirm_url(opt_in))
        page.locator("button").click()
        page.goto(leave)
        page.locator("button").click()
        page.wait_for_load_state()
        consents = Consent.objects.filter(customer=customer).values_list("topic", "granted")
        assert dict(consents) == {"marketing": False, "newsletter": True}

        page.goto(click_url(message, link.pk))
        assert page.url == link.url
        assert Touch.objects.filter(kind="click").count() == 1
        judge(now=datetime.now(UTC) + timedelta(days=36_500))
        assert Event.objects.get(type="message_clicked").customer_id == customer.pk
        assert [c for c in window.complaints if "404" not in c] == []
