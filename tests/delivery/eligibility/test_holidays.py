"""Public holidays: each campaign chooses, and each recipient's own country says which days they are."""

from datetime import UTC, datetime, time, timedelta

import pytest

from customers.models import Customer
from delivery.eligibility import check
from delivery.models import MarketRule, Message, QuietHours, Run, SkipReason
from delivery.outbox.send import deliver
from delivery.services import launch
from tests.delivery.eligibility.test_quiet_and_markets import Everybody
from tests.delivery.source import register
from tests.factories.delivery import audience_of, make_customers

pytestmark = pytest.mark.django_db(transaction=True)
# Friday, 25 December 2026, 9:00 in Paris; the 26th is none there, but is in Germany, and a Saturday.
CHRISTMAS = datetime(2026, 12, 25, 8, tzinfo=UTC)


def people():
    """One in France, one in Germany, one in China, where it is a day as any other."""
    found = make_customers(3, now=CHRISTMAS)
    for customer, country in zip(found, ("FR", "DE", "CN"), strict=True):
        Customer.objects.filter(pk=customer.pk).update(country=country)
    return [c.pk for c in found]


def asked(holidays):
    return Run(source="tests", reference="x", channel="webhook", topic="marketing", holidays=holidays)


@pytest.fixture
def agreed(settings):
    settings.QUIET_HOURS = True
    MarketRule.objects.create(market="*", channel="webhook", consent="opt_out")


def test_by_default_a_holiday_is_a_day_as_any_other(agreed):
    found = check(asked("send"), people(), Everybody(), now=CHRISTMAS)
    assert (found.reasons, found.waits) == ({}, {})


def test_who_has_a_holiday_waits_for_the_same_hour_of_the_next_day_that_is_none(agreed):
    french, german, chinese = ids = people()
    found = check(asked("wait"), ids, Everybody(), now=CHRISTMAS)
    assert {pk: (wait.until, wait.reason) for pk, wait in found.waits.items()} == {
        french: (datetime(2026, 12, 26, 8, tzinfo=UTC), SkipReason.AFTER_HOLIDAY),
        german: (datetime(2026, 12, 27, 8, tzinfo=UTC), SkipReason.AFTER_HOLIDAY),
    }
    assert set(found.addresses) == {chinese}


def test_quiet_hours_come_on_top(agreed):
    QuietHours.objects.create(name="weekend", begins=time(0), ends=time(0), weekdays=[5, 6])
    french, german, _chinese = ids = people()
    found = check(asked("wait"), ids, Everybody(), now=CHRISTMAS)
    monday = datetime(2026, 12, 27, 23, tzinfo=UTC)  # midnight in Paris and Berlin
    assert (
        {found.waits[french].until, found.waits[german].until}
        == {datetime(2026, 12, 28, 0, tzinfo=UTC) - timedelta(hours=1)}
        == {monday}
    )


def test_or_they_are_left_out_with_that_reason(agreed):
    french, german, chinese = ids = people()
    found = check(asked("leave_out"), ids, Everybody(), now=CHRISTMAS)
    assert found.reasons == {french: SkipReason.HOLIDAY, german: SkipReason.HOLIDAY}
    assert set(found.addresses) == {chinese}


def test_the_outbox_keeps_them_and_sends_when_the_day_has_come(agreed, settings):
    settings.SHOP_COUNTRY, settings.SHOP_TIME_ZONE = "US", "UTC"
    register().__init__()
    french, german, chinese = people()
    Customer.objects.update(time_zone="UTC")
    run = launch(
        source="tests", reference="x", channel="onsite", topic="marketing", as_of=CHRISTMAS, now=CHRISTMAS,
        audience=audience_of(now=CHRISTMAS), transactional=False, holidays="wait",
    )  # fmt: skip
    MarketRule.objects.create(market="*", channel="onsite", consent="opt_out")

    def sent():
        return set(Message.objects.filter(state="sent").values_list("customer_id", flat=True))

    deliver(run.pk, clock=lambda: CHRISTMAS)
    assert sent() == {chinese}
    deliver(run.pk, clock=lambda: CHRISTMAS + timedelta(days=1))
    assert sent() == {chinese, french}
    deliver(run.pk, clock=lambda: CHRISTMAS + timedelta(days=2))
    assert sent() == {chinese, french, german}
    assert not Message.objects.filter(state="skipped").exists()
