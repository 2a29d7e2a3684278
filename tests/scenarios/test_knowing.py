"""A marketer imports past orders, presses one button, and sees who the customers are the same hour."""

import csv
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group

from accounts import jobs
from accounts.models import Job, User
from profiles.models import Persona
from segments.models import Segment
from tests.factories.shop import PASSWORD
from tests.factories.shop_files import SHOPIFY_ORDERS
from tests.profiles.conftest import AS_OF
from tests.scenarios.browser import MARKS, visit
from tests.scenarios.test_imports import look, work

pytestmark = MARKS
#: (orders, days between them, days since the last, price) of four habits.
HABITS = [(24, 9, 1, "9.00"), (8, 30, 12, "80.00"), (4, 12, 150, "20.00"), (1, 1, 20, "5.00")]
PAGES = ("personas", "lifecycle", "classes", "known")


@pytest.fixture
def orders(settings, tmp_path):
    """Past orders as another shop system writes them, and a marketer."""
    settings.SHOP_AS_OF = AS_OF.isoformat()
    settings.IMPORT_FILES = str(tmp_path / "files")
    settings.ARTIFACTS = tmp_path / "artifacts"
    mia = User.objects.create_user("mia", "mia@demo.invalid", PASSWORD, first_name="Mia", is_staff=True)
    mia.groups.add(Group.objects.get(name="marketer"))
    file = tmp_path / "orders.csv"
    columns = SHOPIFY_ORDERS.splitlines()[0].split(",")
    with file.open("w", newline="") as out:
        rows = csv.DictWriter(out, columns, restval="")
        rows.writeheader()
        rows.writerows(
            bought(number, order, *habit)
            for number in range(160)
            for habit in HABITS[number % 4 : number % 4 + 1]
            for order in range(habit[0])
        )
    return file


def bought(number, order, _count, gap, last, price):
    """Return one order of one line."""
    at = (AS_OF - timedelta(days=last + number / 60 + gap * order)).strftime("%Y-%m-%d %H:%M:%S +0000")
    tea = f"tea-{number % 3}"
    return {
        "Name": f"#{number}-{order}", "Email": f"c{number}@shop.example", "Financial Status": "paid",
        "Created at": at, "Paid at": at, "Currency": "USD", "Subtotal": price, "Total": price,
        "Lineitem quantity": 1, "Lineitem name": tea, "Lineitem sku": tea, "Lineitem price": price,
    }  # fmt: skip


def test_from_past_orders_to_personas(live_server, orders):
    faults: list[str] = []
    with visit(live_server.url, theme="light", language="en") as window:
        page = window.page
        window.sign_in("mia", PASSWORD)
        assert window.go("/admin/people/known/") == 200
        look(window, "known-empty", faults)
        page.click(".st-empty .st-btn.p")
        page.set_input_files("input[type=file]", str(orders))
        page.click(".st-drop ~ .st-fields button")
        page.wait_for_selector("select[name=column-0]")
        page.click("form[action$='/map/'] .st-btn.p")
        page.wait_for_selector("#import-progress")
        work(window)
        page.click(".st-verdict .st-btn.p")
        page.wait_for_selector("#import-progress")
        work(window)
        # History first: one button, and everything that can be known is known.
        window.go("/admin/people/known/")
        assert "build the profiles" in page.inner_text(".pp-unknown")
        page.click("form[action$='/work/know/'] button")
        page.wait_for_selector("#job-progress")
        jobs.run(Job.objects.get(kind="know"))
        page.click("#job-progress a.st-btn.p")
        page.wait_for_url("**/people/known/")
        assert "profiles" not in page.inner_text(".pp-unknown dt >> nth=0").lower()
        for name in PAGES:
            assert window.go(f"/admin/people/{name}/") == 200
            look(window, f"knowing-{name}", faults)
        personas(window)
        flow(window)
        window.go("/admin/scores/")
        assert page.locator(".pp-tile").count() == 5
        assert window.complaints == []
    with visit(live_server.url, theme="dark", language="zh-hans") as window:
        window.sign_in("mia", PASSWORD)
        for name in PAGES:
            assert window.go(f"/admin/people/{name}/") == 200
            look(window, f"knowing-{name}", faults)
        assert window.complaints == []
    assert faults == []


def personas(window):
    """Rename one by keyboard alone."""
    page = window.page
    window.go("/admin/people/personas/")
    page.wait_for_selector(".st-picture.is-live")
    assert page.locator(".pp-card").count() == Persona.objects.filter(size__gt=0).count()
    page.locator(".pp-card button", has_text="Rename").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.activeElement?.name === 'name'")
    page.keyboard.press("Control+A")
    page.keyboard.type("Weekly regulars")
    page.keyboard.press("Enter")
    page.wait_for_selector(".pp-card h2:text-is('Weekly regulars')")
    assert Persona.objects.filter(name="Weekly regulars", name_edited=True).count() == 1


def flow(window):
    """Compare two days of one's own, and make a list of those who moved."""
    page = window.page
    window.go("/admin/people/lifecycle/")
    page.fill("[name=before] >> nth=0", (AS_OF - timedelta(days=120)).date().isoformat())
    page.click("form[action$='/compare/'] button")
    page.wait_for_selector("[hx-get*=counting]")
    jobs.run(Job.objects.get(kind="flows"))
    page.wait_for_selector(".pp-sankey")
    page.locator(".pp-sankey path").first.dispatch_event("click")
    assert page.locator("tr.is-current").count() == 1
    page.keyboard.press("Enter")
    page.wait_for_selector("#job-progress")
    jobs.run(Job.objects.get(kind="flow_list"))
    page.click("#job-progress a.st-btn.p")
    page.wait_for_url("**/segments/**")
    assert Segment.objects.get(kind="static").size > 0
