"""The page of a live test and the control group: what is said, by whom it may be changed."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import AuditEntry, User
from campaigns.experiments.holdout_effect import effect_of
from campaigns.experiments.live.looks import take_look
from campaigns.experiments.models import GlobalHoldout, HoldoutMember, Wave
from console.learn.experiment_words import smallest_seen, verdict_of_live
from core import clock
from events.models import Event
from tests.campaigns.experiments.live.crowd import buy, make_live, put

pytestmark = pytest.mark.django_db


@pytest.fixture
def sign_in(db):
    def make(role):
        user = User.objects.create_user(role, is_staff=True)
        user.groups.set(Group.objects.filter(name=role))
        client = Client()
        client.force_login(user)
        return client

    return make


@pytest.fixture
def going():
    now = clock.now()
    experiment = make_live(now - timedelta(days=9), holdout=0.2, horizon=2000)
    for arm, people, buyers in (("a", 300, 20), ("b", 300, 24), (None, 150, 5)):
        put(experiment, arm, people, at=now - timedelta(days=9), buyers=buyers)
    return experiment


def test_the_page_has_few_queries_and_says_nothing_green_too_early(
    sign_in, going, django_assert_max_num_queries
):
    client = sign_in("marketer")
    take_look(going, as_of=clock.now(), now=clock.now())
    client.get(f"/admin/experiments/{going.pk}/")
    with django_assert_max_num_queries(40):
        page = client.get(f"/admin/experiments/{going.pk}/")
    text = page.content.decode()
    assert page.status_code == 200
    assert "No clear difference yet" in text
    assert 'st-verdict "' in text or "st-verdict ok" not in text
    assert "Held out" in text


def test_a_bandits_shares_are_a_picture_from_the_second_wave_on(sign_in, going):
    client = sign_in("marketer")
    going.method = "bandit"
    going.save(update_fields=["method"])
    decided = ({"a": 0.5, "b": 0.5}, {"a": 0.2, "b": 0.8}, None)
    for number, weights in enumerate(decided, start=1):
        low, high = (number - 1) * 3000, number * 3000
        Wave.objects.create(experiment=going, number=number, low=low, high=high, weights=weights)
    text = client.get(f"/admin/experiments/{going.pk}/").content.decode()
    picture = text[text.index("Shares of the traffic, wave by wave") :]
    assert "wave 1" in picture
    assert "wave 2" in picture
    assert "wave 3" not in picture
    assert "80%" in picture
    Wave.objects.filter(number=2).update(weights=None)
    assert "Shares of the traffic" not in client.get(f"/admin/experiments/{going.pk}/").content.decode()


def test_a_viewer_reads_and_changes_nothing(sign_in, going):
    client = sign_in("viewer")
    assert client.get(f"/admin/experiments/{going.pk}/").status_code == 200
    for verb in ("pause", "decide", "look", "archive"):
        assert client.post(f"/admin/experiments/{going.pk}/{verb}/", {"winner": "b"}).status_code == 403
    assert client.post("/admin/control-group/open/", {"share": "5"}).status_code == 403
    going.refresh_from_db()
    assert going.state == "running"
    assert not GlobalHoldout.objects.exists()


def test_pausing_and_resuming_are_in_the_audit_log(sign_in, going):
    client = sign_in("marketer")
    for verb, state in (("pause", "paused"), ("resume", "running")):
        client.post(f"/admin/experiments/{going.pk}/{verb}/")
        going.refresh_from_db()
        assert going.state == state
        assert AuditEntry.objects.filter(action=f"{verb}_experiment").count() == 1
    assert client.post(f"/admin/experiments/{going.pk}/explode/").status_code == 404


def test_what_cannot_be_decided_is_a_sentence(sign_in, going):
    client = sign_in("marketer")
    page = client.post(
        f"/admin/experiments/{going.pk}/decide/", {"winner": "nobody", "reason": "x"}, follow=True
    )
    assert "The test has no such arm." in page.content.decode()
    going.refresh_from_db()
    assert going.state == "running"


def test_the_control_group_is_drawn_and_ended_and_its_history_kept(sign_in, going):
    client = sign_in("marketer")
    assert "Nobody is left alone" in client.get("/admin/control-group/").content.decode()
    for wrong in ("", "nothing", "50", "-1"):
        client.post("/admin/control-group/open/", {"share": wrong})
        assert not GlobalHoldout.objects.exists()
    client.post("/admin/control-group/open/", {"share": "10"})
    group = GlobalHoldout.objects.get()
    members = set(HoldoutMember.objects.values_list("customer", flat=True))
    buyers = set(Event.objects.filter(type="purchase").values_list("customer_id", flat=True))
    assert 0 < len(members) < 750
    GlobalHoldout.objects.update(started_at=clock.now() - timedelta(days=30))
    buy(list(members)[:3], at=clock.now() - timedelta(days=3), amount=50)
    page = client.get("/admin/control-group/").content.decode()
    effect = effect_of(GlobalHoldout.objects.get(), now=clock.now())
    assert (effect.held, effect.others) == (len(members), 750 - len(members))
    spent = 10 * 49 - sum(10 for pk in members if pk in buyers)
    assert effect.value == pytest.approx(
        spent - (150 + 490 - spent) / len(members) * (750 - len(members)), abs=0.01
    )
    assert f"{len(members)} people" in page
    client.post("/admin/control-group/close/")
    group.refresh_from_db()
    assert group.ended_at is not None
    assert not HoldoutMember.objects.filter(left_at=None).exists()
    assert set(HoldoutMember.objects.values_list("customer", flat=True)) == members
    actions = AuditEntry.objects.filter(action__in=["open_holdout", "close_holdout"])
    assert actions.count() == 2


def test_a_winner_is_told_in_orders_of_a_thousand():
    now = clock.now()
    experiment = make_live(now - timedelta(days=9), horizon=2000)
    put(experiment, "a", 1000, at=now - timedelta(days=9), buyers=50)
    put(experiment, "b", 1000, at=now - timedelta(days=9), buyers=110)
    look = take_look(experiment, as_of=now, now=now, planned=True, last=True)
    found = verdict_of_live(look.results)
    assert found.tone == "ok"
    assert found.sentence == "“B” brings 36 to 84 more in 1,000 people than “A” (ordered)."
    assert smallest_seen(look.results, 0.05) == ""


def test_what_a_small_test_could_have_seen_is_said(sign_in):
    """1,350 people an arm at 2 %: by hand 2.8016 standard errors of the difference."""
    now = clock.now()
    experiment = make_live(now - timedelta(days=9), horizon=2700)
    put(experiment, "a", 1350, at=now - timedelta(days=9), buyers=27)
    put(experiment, "b", 1350, at=now - timedelta(days=9), buyers=30)
    look = take_look(experiment, as_of=now, now=now, planned=True, last=True)
    error = (27 / 1350 * (1 - 27 / 1350) / 1350 + 30 / 1350 * (1 - 30 / 1350) / 1350) ** 0.5
    in_thousand = float(smallest_seen(look.results, 0.05).removeprefix("A difference of ").split(" in")[0])
    assert in_thousand == pytest.approx(1000 * 2.8016 * error, abs=0.6)
    page = sign_in("marketer").get(f"/admin/experiments/{experiment.pk}/").content.decode()
    assert smallest_seen(look.results, 0.05) in page
