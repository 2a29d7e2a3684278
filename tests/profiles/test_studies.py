"""What is found out about all customers, and what is said where it cannot be."""

from datetime import timedelta

import pytest

from profiles import calendar, relevance, selectors
from profiles.flows import lifecycle_flows, who_went
from profiles.models import CustomerProfile, CustomerTexts, SalePeriod, Study
from profiles.scores.facts import read_past
from profiles.services import build_profiles, cluster_customers
from profiles.studies import study
from recommender.profiling.lifecycle import states_at
from recommender.scoring.features import features
from tests.profiles.conftest import AS_OF


@pytest.fixture
def busy(shop, settings, tmp_path):
    """160 customers in four habits, some of whom search and write reviews."""
    settings.ARTIFACTS = tmp_path
    habits = [(24, 9, 1, "9.00"), (8, 30, 12, "80.00"), (4, 12, 150, "20.00"), (1, 1, 20, "5.00")]
    done = []
    for number in range(160):
        orders, gap, last, amount = habits[number % 4]
        customer = shop.customer(f"c{number:03}")
        bought = [last + number / 60 + gap * order for order in range(orders)]
        done += [(customer, days_ago, {"amount": amount}) for days_ago in bought]
        said = {"type": "search", "search": "green tea" if number % 2 else "coffee beans"}
        done.append((customer, 3, _told(**said)))
        if number < 10:
            said = {"type": "review", "text": "很好喝，满意" if number % 2 else "terrible, arrived broken"}
            done.append((customer, 2, _told(**said)))
    shop.events(done)
    return shop


def _told(type, **properties):
    return {"type": type, "amount": None, "properties": properties}


def test_lifecycle_classes_and_texts_are_found(busy):
    made = {found.kind: found for found in study(as_of=AS_OF, now=AS_OF)}
    assert {kind: found.known for kind, found in made.items()} == {
        "lifecycle": True, "classes": True, "texts": True, "fields": False,
    }  # fmt: skip
    assert made["fields"].content == {"missing": "fields need 100 customers of each outcome within 28 days"}
    life = made["lifecycle"].content
    assert sum(life["now"].values()) == 160
    assert all(sum(row) == pytest.approx(1, abs=1e-4) for row in life["matrix"])
    assert {way["name"] for way in made["classes"].content["ways"]} == {"rules", "tree", "forest"}
    tea = CustomerTexts.objects.get(customer__external_id="c001")
    assert {each["term"] for each in tea.interests} >= {"green", "tea"}
    assert (tea.reviews, tea.sentiment) == (1, 1.0)
    assert CustomerTexts.objects.get(customer__external_id="c002").sentiment == -1.0
    assert selectors.latest(Study.Kind.TEXTS).content["reviews"] == 10


def test_fields_are_tested_on_profiles_that_do_not_know_the_outcome(busy):
    late = busy.customer("late")
    busy.event(late, 60)
    busy.event(late, 5, amount="777.00")
    found = relevance.find(read_past(AS_OF), AS_OF, AS_OF, fewest=20)
    assert found["at"] == (AS_OF - timedelta(days=28)).isoformat()
    churn = found["targets"]["churn"]
    # Those who come once bought 20 days ago for the first time, and nothing before the cut.
    assert churn["customers"] == 121
    assert churn["share"] == pytest.approx(40 / 121, abs=1e-4)  # those who were last here 150 days ago
    fields = {row["feature"]: row for row in churn["fields"]}
    assert churn["fields"][0]["information"] == max(row["information"] for row in churn["fields"])
    assert fields["recency_days"]["kept"]
    # Nearly all there is to know, 0.634 nats: one tenth of the people lies on both sides of the gap.
    assert 0.55 < fields["recency_days"]["information"] <= 0.6343
    assert fields["holiday_share"]["feature"] == "holiday_share"
    assert not {"persona", "lifecycle", "rfm_r", "returned"} & set(fields)
    missing = found["targets"]["redemption"]
    assert missing == {"missing": "outcomes of the rarer kind", "found": 0, "needed": 20}
    assert CustomerProfile.objects.count() == 0  # nothing was written


def test_orders_say_what_the_calendar_explains(shop, settings):
    settings.SHOP_COUNTRY = "DE"
    SalePeriod.objects.create(name="Spring", starts_on=shop.at(10).date(), ends_on=shop.at(9).date())
    customer = shop.customer("c")
    shop.event(customer, 12, amount="5.00")
    assert not {"sale", "holiday"} & set(read_past(AS_OF).baskets.columns)
    shop.event(customer, 10, amount="30.00")
    shop.event(customer, 3, amount="10.00", discount="8.00")  # 44 % off
    shop.event(customer, 2, amount="10.00", discount="5.00")
    shop.event(customer, 33, amount="50.00")  # 1 May
    calendar.refresh(AS_OF)
    rows = read_past(AS_OF).baskets
    assert rows["sale"].to_list() == [False, False, True, True, False]
    assert rows["holiday"].to_list() == [True, False, False, False, False]
    known = features(read_past(AS_OF), AS_OF.timestamp()).row(0, named=True)
    assert known["sale_share"] == pytest.approx(40 / 105)
    assert known["sale_share_28d"] == pytest.approx(40 / 55)
    assert known["holiday_share"] == pytest.approx(50 / 105)


def test_who_objects_has_no_texts(busy):
    from customers.models import Customer

    study(as_of=AS_OF, now=AS_OF)
    Customer.objects.filter(external_id="c001").update(no_profiling=True)
    study(as_of=AS_OF, now=AS_OF)
    assert not CustomerTexts.objects.filter(customer__external_id="c001").exists()
    assert CustomerTexts.objects.count() == 159


def test_the_chain_and_the_profile_agree_on_everybodys_state(busy):
    build_profiles(as_of=AS_OF, now=AS_OF)
    past = read_past(AS_OF)
    by_library = {
        int(user): "active" if state == "repeat" else state
        for user, state in states_at(
            past.baskets.select("user_id", "timestamp"), AS_OF.timestamp()
        ).iter_rows()
    }
    by_profile = dict(CustomerProfile.objects.filter(orders__gt=0).values_list("customer_id", "lifecycle"))
    assert by_library == by_profile
    assert len(set(by_profile.values())) >= 3


def test_an_empty_shop_is_told_what_is_missing(shop):
    build_profiles(as_of=AS_OF, now=AS_OF)
    for found in study(as_of=AS_OF, now=AS_OF):
        assert not found.known
        assert found.content["missing"]
    told = {each.what: each for each in selectors.still_unknown()}
    assert told["profiles"].missing == "Import your past orders, or send events."
    assert (told["personas"].found, told["personas"].needed) == (0, 50)
    assert "lifetime value" in told


def test_flows_between_two_days_count_everybody_once(busy):
    found = lifecycle_flows(AS_OF - timedelta(days=90), AS_OF)
    assert sum(link["customers"] for link in found["links"]) == 160
    ids = {node["id"] for node in found["nodes"]}
    assert {link["source"] for link in found["links"]} | {link["target"] for link in found["links"]} == ids
    assert "after:prospect" not in ids


def test_who_went_stands_by_number_not_by_letters(shop):
    people = [shop.customer(f"c{n}", pk=pk) for n, pk in enumerate((10_000, 9_999, 100_000))]
    shop.events([(person, 200, {"amount": "5.00"}) for person in people])
    before = AS_OF - timedelta(days=300)
    assert who_went(before, AS_OF, "prospect", "lapsed") == [9_999, 10_000, 100_000]


def test_a_refit_reports_who_moved(busy):
    build_profiles(as_of=AS_OF, now=AS_OF)
    cluster_customers(as_of=AS_OF, now=AS_OF)
    first = selectors.persona_map()
    assert first["moved"]["new"] == 160
    assert len(first["points"]) == 160
    assert sum(persona["share"] for persona in first["personas"]) == pytest.approx(1)
    for number in range(0, 160, 4):
        customer = CustomerProfile.objects.get(customer__external_id=f"c{number:03}").customer
        busy.event(customer, 0.5, amount="9000.00")
    build_profiles(as_of=AS_OF, now=AS_OF + timedelta(hours=1))
    cluster_customers(as_of=AS_OF, now=AS_OF)
    moved = selectors.persona_map()["moved"]
    assert moved["stayed"] + moved["moved"] == 160
    assert sum(move["customers"] for move in moved["moves"]) == moved["moved"]


def test_the_button_starts_the_work_for_those_who_may(db, client, monkeypatch):
    from accounts.models import AuditEntry, Job, User

    url = "/admin/profiles/customerprofile/know/"
    client.force_login(User.objects.create_user("charlie", is_staff=True))
    assert client.get(url).status_code == 403
    assert not Job.objects.exists()
    client.force_login(User.objects.create_superuser("alice"))
    assert client.get(url).status_code == 200
    assert not Job.objects.exists()  # a link alone starts nothing
    answer = client.post(url)
    job = Job.objects.get()
    assert (answer.status_code, job.kind) == (302, "know")
    assert str(job.pk) in answer.url
    assert AuditEntry.objects.filter(action="profiling_started").exists()
