"""A campaign at the hour learned for each, whose words are told apart, as a marketer plans it."""

from datetime import timedelta

from campaigns.learning.copy_features import ArmSeen, CopyBeliefs
from campaigns.models import Campaign
from campaigns.schedule.due import begin_due
from campaigns.schedule.models import PersonHour
from core import clock
from customers.models import Customer
from delivery.models import Message
from recommendations.models import Posterior
from tests.scenarios.planning import (  # noqa: F401  fixtures
    MARKS,
    begin,
    people,
    saved,
    send,
    step,
    window,
)  # fmt: skip
from tests.scenarios.test_imports import look

pytestmark = MARKS


def test_hours_and_words(window, people):  # noqa: F811
    now = clock.now()
    PersonHour.objects.bulk_create(
        PersonHour(customer=one, hour=18, rate=0.05, acts=9) for one in people[:-1]
    )
    Customer.objects.filter(pk=people[-1].pk).update(no_profiling=True)
    told = CopyBeliefs().updated([[ArmSeen({"urgent": 1}, 4000, 420), ArmSeen({}, 4000, 330)]] * 3)
    beliefs = {"beliefs": told.as_json(), "tests": []}
    Posterior.objects.create(subject="copy", key="", parameters=beliefs, updated_at=now)
    campaign = begin(window, "sell")
    page = window.page
    page.check("[data-field=learned_hours]")
    saved(window)
    assert page.is_visible("text=Eight in ten get it at the hour")
    page.wait_for_selector("[data-plan=hours-known]")
    told = page.inner_text("[data-plan=hours-known]").split("\n")
    assert told[told.index("Have an hour of their own") + 1] == str(len(people) - 1)
    assert told[told.index("Refused to be profiled: the usual time") + 1] == "1"
    faults: list[str] = []
    look(window, "plan-hours", faults)
    step(window, campaign, "test")
    page.check("[name=lever][value=subject]")
    page.fill("[data-arm='0']", "Ends today")
    page.fill("[data-arm='1']", "Spring is here")
    page.select_option("[data-tone='1']", "playful")
    saved(window)
    page.wait_for_selector("[data-plan=words]")
    words = page.inner_text("[data-plan=words]")
    assert "from 3 campaigns" in words
    page.click("[data-words=why] summary")
    assert page.inner_text("[data-words=why] tbody").split("\t")[0] == "Subject urges"
    assert "A: Ends today" in words
    assert "+" in words
    look(window, "plan-words", faults)
    assert faults == []
    levers = list(Campaign.objects.get().experiment.variants.order_by("id").values_list("levers", flat=True))
    assert levers == [
        {"subject": "Ends today"},
        {"subject": "Spring is here", "features": {"tone": "playful"}},
    ]
    page.reload()
    assert page.input_value("[data-tone='1']") == "playful"
    step(window, campaign, "review")
    page.wait_for_selector("[data-plan=hours]")
    rows = page.inner_text("[data-plan=hours] tbody")
    assert "18:00" in rows
    assert "the usual time" in rows
    assert window.faults() == []
    send(window)
    later = clock.now() + timedelta(minutes=2)
    begin_due(now=later, as_of=later)
    drawn = {m.customer_id: m.context.get("hour") for m in Message.objects.all()}
    assert drawn[people[-1].pk] is None
    assert all(hour["p"] > 0 for pk, hour in drawn.items() if pk != people[-1].pk)
    assert window.complaints == []
