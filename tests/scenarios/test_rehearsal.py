"""A marketer rehearses a draft on its last step, reads what came out, and sees it go stale by a change."""

from accounts.jobs import run
from accounts.models import Job
from segments.refresh import refresh_segment
from tests.campaigns.rehearsal.conftest import NOW, loyal, mailing, people  # noqa: F401  the same shop
from tests.factories.shop import PASSWORD
from tests.scenarios.browser import MARKS, visit
from tests.scenarios.test_imports import look

pytestmark = MARKS


def test_from_the_review_to_the_figures(live_server, alice, settings, loyal):  # noqa: F811
    settings.SHOP_AS_OF = NOW.isoformat()
    refresh_segment(loyal, as_of=NOW, now=NOW)
    campaign = mailing(loyal)
    review, page = (
        f"/admin/campaigns/{campaign.pk}/plan/review/",
        f"/admin/campaigns/{campaign.pk}/rehearsal/",
    )
    faults: list[str] = []
    with visit(live_server.url, theme="light", language="en") as window:
        window.sign_in("alice", PASSWORD)
        window.go(review)
        window.page.click("[data-plan=rehearsal] button")
        window.page.wait_for_selector("#rehearsal-progress")
        assert window.page.url.endswith(page)
        run(Job.objects.get())
        window.page.wait_for_selector("#says")  # the page asks by itself
        assert "it would have reached 20 people" in window.page.inner_text("#says")
        window.go(page)
        look(window, "rehearsal", faults)
        window.go(review)
        window.page.wait_for_selector("[data-plan=rehearsal] .st-pill.ok")
        campaign.goal_days = 14
        campaign.save()
        window.go(review)
        window.page.wait_for_selector("[data-plan=rehearsal] .st-pill.warn")
        look(window, "rehearsal-review", faults)
        window.go("/admin/rehearsals/")
        look(window, "rehearsals", faults)
        assert window.complaints == []
    with visit(live_server.url, theme="dark", language="zh-hans") as window:
        window.sign_in("alice", PASSWORD)
        for name, path in (("rehearsal", page), ("rehearsals", "/admin/rehearsals/")):
            assert window.go(path) == 200
            look(window, f"{name}-zh", faults)
        assert window.complaints == []
    assert faults == []
