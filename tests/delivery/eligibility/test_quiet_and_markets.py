"""What a market asks for: consent, hours, wording. Everything by the real outbox."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.core.exceptions import ValidationError

from customers.consent import ConsentRow, record_consents
from customers.models import Channel, Consent, Customer
from delivery.channels import channels
from delivery.eligibility import check
from delivery.models import MarketRule, Message, QuietHours, Run, SkipReason
from delivery.outbox.send import deliver
from delivery.rules.selectors import market_rules, rules_for
from delivery.rules.shipped import shipped_rule
from delivery.rules.wording import fit
from delivery.sources import Rendered
from events.services import record
from tests.delivery.test_smtp import Scripted
from tests.factories.delivery import make_customers, make_run

pytestmark = pytest.mark.django_db(transaction=True)
EVENING = datetime(
    2026, 6, 1, 19, 30, tzinfo=UTC
)  # 21:30 in Berlin and Paris, 15:30 in New York, 03:30 in Shanghai


@pytest.fixture(autouse=True)
def quiet(settings):
    settings.QUIET_HOURS = True


def people(now):
    """One in each market: by country, by country, by phone, and by the shop's country."""
    make_customers(4, now=now)
    Customer.objects.filter(external_id="c0").update(country="DE")
    Customer.objects.filter(external_id="c1").update(country="FR")
    chinese = Customer.objects.get(external_id="c2")
    chinese.phone = "+8613800138000"
    chinese.save()
    return {c.external_id: c.pk for c in Customer.objects.all()}


def asked(channel=Channel.SMS, **more):
    return Run(source="tests", reference="x", channel=channel, topic="marketing", **more)


class Everybody:
    """A channel that reaches everybody."""

    def addresses(self, customers):
        return {c.pk: f"address of {c.pk}" for c in customers}

    def address_hash(self, address):
        return address


def agree(ids, channel, now):
    record_consents([ConsentRow(pk, channel, True, "form", now) for pk in ids], now)


def test_sms_wait_for_the_morning_where_the_law_says_so_and_nowhere_else():
    ids = people(EVENING)
    agree(ids.values(), "sms", EVENING - timedelta(days=1))
    found = check(asked(), ids.values(), Everybody(), now=EVENING)
    assert found.reasons == {}
    assert {name: found.waits[pk].until for name, pk in ids.items() if pk in found.waits} == {
        "c1": datetime(2026, 6, 2, 6, tzinfo=UTC),  # Paris, 8:00
        "c2": datetime(2026, 6, 2, 0, tzinfo=UTC),  # Shanghai, 8:00
    }
    assert set(found.addresses) == {ids["c0"], ids["c3"]}
    night_in_new_york = datetime(2026, 6, 2, 1, tzinfo=UTC)
    later = check(asked(), ids.values(), Everybody(), now=night_in_new_york)
    assert later.waits[ids["c3"]].until == datetime(2026, 6, 2, 12, tzinfo=UTC)
    answers = check(asked(transactional=True), ids.values(), Everybody(), now=night_in_new_york)
    assert (answers.waits, answers.reasons) == ({}, {})


def test_no_sms_in_france_on_a_public_holiday():
    ids = people(EVENING)
    agree(ids.values(), "sms", EVENING - timedelta(days=1))
    bastille = datetime(2026, 7, 14, 10, tzinfo=UTC)
    found = check(asked(), [ids["c1"]], Everybody(), now=bastille)
    assert found.waits[ids["c1"]].until == datetime(2026, 7, 15, 6, tzinfo=UTC)


def test_a_batch_of_any_size_is_decided_in_as_many_queries(django_assert_max_num_queries):
    customers = make_customers(60, now=EVENING)
    Customer.objects.update(country="DE")
    with django_assert_max_num_queries(7):
        check(asked(Channel.EMAIL), [c.pk for c in customers], channels.get("email"), now=EVENING)


def test_in_germany_a_consent_needs_its_proof():
    ids = people(EVENING)
    found = check(asked(Channel.EMAIL), ids.values(), Everybody(), now=EVENING)
    assert found.reasons == {ids["c0"]: SkipReason.NOT_CONFIRMED}
    row = ConsentRow(ids["c0"], "email", True, "double opt-in", EVENING, proof={"opt_in": "x"})
    record_consents([row], EVENING)
    assert check(asked(Channel.EMAIL), ids.values(), Everybody(), now=EVENING).reasons == {}


@pytest.mark.parametrize(
    ("basis", "may"),
    [("opt_in", set()), ("soft_opt_in", {"c0"}), ("opt_out", {"c0", "c1"}), ("double_opt_in", set())],
)
def test_the_basis_of_consent_is_the_markets(basis, may):
    MarketRule.objects.create(market="*", channel="webhook", consent=basis)
    people = {c.external_id: c.pk for c in make_customers(3, now=EVENING, consent=False)}
    Consent.objects.create(
        customer_id=people["c2"], channel="webhook", topic="marketing", granted=False, since=EVENING
    )
    bought = [
        {
            "source": "t",
            "message_id": name,
            "type": "purchase",
            "customer_id": people[name],
            "occurred_at": EVENING,
        }
        for name in ("c0", "c2")
    ]
    record(bought, EVENING)
    found = check(asked(Channel.WEBHOOK), people.values(), Everybody(), now=EVENING)
    assert {name for name, pk in people.items() if pk in found.addresses} == may
    assert set(found.reasons.values()) == {SkipReason.NO_CONSENT}


def test_an_own_rule_replaces_the_shipped_one():
    assert rules_for("sms", "marketing").of("FR") == shipped_rule("FR", "sms")
    MarketRule.objects.create(market="FR", channel="sms", quiet_from=time(22), quiet_until=time(7))
    rules = rules_for("sms", "marketing")
    assert [(w.begins, w.ends) for w in rules.windows("FR")] == [(time(22), time(7))]
    assert [(w.begins, w.ends) for w in rules.windows("US")] == [(time(20), time(8))]
    assert {(r.market, r.channel) for r in market_rules() if not r.shipped} == {("FR", "sms")}


@pytest.mark.parametrize(
    ("market", "channel", "before", "after"),
    [
        ("CN", "email", Rendered(subject="夏季特惠"), Rendered(subject="[AD] 夏季特惠")),
        ("CN", "email", Rendered(subject="[AD] 夏季特惠"), Rendered(subject="[AD] 夏季特惠")),
        ("DE", "email", Rendered(subject="Sommer"), Rendered(subject="Sommer")),
        ("CN", "sms", Rendered(text="【小店】新品"), Rendered(text="【小店】新品 拒收请回复R")),
        ("CN", "sms", Rendered(text="新品，退订回T"), Rendered(text="新品，退订回T")),
        ("FR", "sms", Rendered(text="Soldes"), Rendered(text="Soldes STOP pour se désinscrire")),
        ("US", "sms", Rendered(text="Sale"), Rendered(text="Sale Reply STOP to opt out")),
        ("DE", "sms", Rendered(text="Neu. STOP"), Rendered(text="Neu. STOP")),
        ("US", "sms", Rendered(text="Sale", template="T1"), Rendered(text="Sale", template="T1")),
        ("CN", "push", Rendered(text="Sale"), Rendered(text="Sale")),
    ],
)
def test_a_message_carries_what_its_market_asks_for(market, channel, before, after):
    assert fit(before, rules_for(channel, "marketing").of(market)) == after


def test_the_label_of_an_sms_stands_right_behind_the_signature():
    MarketRule.objects.create(market="CN", channel="sms", label="（广告）")
    rule = rules_for("sms", "marketing").of("CN")
    assert fit(Rendered(text="【小店】新品"), rule).text == "【小店】（广告） 新品"


def test_quiet_hours_of_the_shop_let_mails_wait_and_say_so(source, smtp_server, settings):
    smtp_server(server := Scripted())
    QuietHours.objects.create(name="Nights", begins=time(21), ends=time(8))
    QuietHours.objects.create(name="Other topic", topic="newsletter", begins=time(0), ends=time(23, 59))
    make_customers(3, now=EVENING)
    Customer.objects.filter(external_id="c0").update(time_zone="Europe/Paris")
    Customer.objects.filter(external_id="c1").update(time_zone="Europe/Paris")
    run = make_run(now=EVENING)
    morning = datetime(2026, 6, 2, 6, tzinfo=UTC)
    Message.objects.filter(customer__external_id="c1").update(expires_at=morning)
    assert deliver(run.id, clock=lambda: EVENING) == 1
    assert [name for name, _ in server.accepted] == ["c2"]
    rows = {m.customer.external_id: m for m in Message.objects.select_related("customer")}
    assert (rows["c0"].state, rows["c0"].skip_reason, rows["c0"].due_at) == (
        "pending",
        "quiet_hours",
        morning,
    )
    # Of no use any more when the silence ends: it does not wait for that.
    assert (rows["c1"].state, rows["c1"].skip_reason) == ("skipped", "expired")
    assert deliver(run.id, clock=lambda: morning - timedelta(seconds=1)) == 0
    assert deliver(run.id, clock=lambda: morning) == 1
    assert Message.objects.get(customer__external_id="c0").skip_reason == ""
    assert Run.objects.get().state == "finished"


def test_mails_are_labelled_on_their_way(source, smtp_server):
    smtp_server(server := Scripted())
    make_customers(2, now=EVENING)
    Customer.objects.filter(external_id="c0").update(country="CN")
    run = make_run(now=EVENING)
    assert deliver(run.id, clock=lambda: EVENING) == 2
    subjects = dict(server.accepted)
    assert b"Subject: [AD] Hello" in subjects["c0"]
    assert b"Subject: Hello" in subjects["c1"]


def test_a_silence_without_end_cannot_be_set():
    with pytest.raises(ValidationError, match="Nothing could ever be sent"):
        QuietHours(name="x", begins=time(0), ends=time(0)).full_clean()
    with pytest.raises(ValidationError, match="at least one day"):
        QuietHours(name="x", weekdays=[]).full_clean()
    with pytest.raises(ValidationError, match="both a beginning and an end"):
        MarketRule(market="DE", channel="sms", quiet_from=time(9)).full_clean()
    with pytest.raises(ValidationError, match="two capitals"):
        MarketRule(market="de", channel="sms").full_clean()
