"""What rehearsals said against what happened, and what past campaigns teach."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import User
from campaigns.experiments.models import Experiment
from campaigns.models import Campaign
from campaigns.outcomes.models import Tally
from campaigns.rehearsal.backtest import compare, held
from campaigns.rehearsal.responses import effect, past_campaigns, response, waited_for
from campaigns.rehearsal.services import rehearse
from campaigns.rehearsal.statistics import expit
from campaigns.rehearsal.words import rests_on, sentences
from campaigns.reports.figures import NOTHING, Outcome, Reached
from segments.refresh import refresh_segment
from tests.campaigns.rehearsal.conftest import NOW, mailing
from tests.factories.campaigns import make_test


def outcome(people: int, buyers: int, *, held_out: bool, each: int = 20) -> Outcome:
    revenue = Decimal(buyers * each)
    return Outcome(None, held_out, people, buyers, buyers, revenue, revenue * each)


def ran(
    campaign: Campaign, *, at, sent=1000, opened=400, treated=300, held_buyers=200, held_people=1000
) -> None:
    """Store what was counted of a campaign whose window is over."""
    figures = NOTHING.as_json() | {
        "outcomes": [
            {**vars_of(outcome(sent, treated, held_out=False))},
            {**vars_of(outcome(held_people, held_buyers, held_out=True))},
        ],
        "reached": [vars_of(Reached(None, "", sent=sent, opened=opened, clicked=50, unsubscribed=2))],
    }
    Tally.objects.create(
        source="campaign", reference=str(campaign.pk), people=sent + held_people, begins_at=at,
        ends_at=at + timedelta(days=28), known_until=at + timedelta(days=28),
        counted_at=at + timedelta(days=28), seconds=1, figures=figures,
    )  # fmt: skip
    Campaign.objects.filter(pk=campaign.pk).update(launched_at=at, state=Campaign.State.FINISHED)


def vars_of(row) -> dict:
    return {
        name: str(value) if isinstance(value, Decimal) else value
        for name, value in ((slot, getattr(row, slot)) for slot in row.__slots__)
    }


def past_of(number: int, **more) -> Campaign:
    campaign = mailing(None)
    campaign.slug, campaign.name = f"past-{number}", f"Past {number}"
    campaign.save()
    ran(campaign, at=NOW - timedelta(days=40 + number), **more)
    return campaign


def test_without_campaigns_the_assumption_stands(db):
    found = response("opened", past_campaigns("email", as_of=NOW))
    assert found.is_assumed
    assert expit(found.prediction.quantile(0.5)) == pytest.approx(0.25)
    assert effect([], spend=10.0, parts=frozenset({"message"})) is None


def test_campaigns_teach_what_to_expect(db):
    for number in range(12):
        past_of(number)
    past = past_campaigns("email", as_of=NOW)
    assert len(past) == 12
    opened = response("opened", past)
    assert (opened.campaigns, opened.people) == (12, 12_000)
    assert expit(opened.prediction.quantile(0.5)) == pytest.approx(0.4, abs=0.01)
    changed = effect(past, spend=10.0, parts=frozenset({"message"}))
    # Ten points more bought in each; shrunk towards none, since effects are seldom so large.
    assert 0.01 < changed.buyers.low < changed.buyers.value < 0.1
    assert changed.revenue.value > 0


def test_it_says_which_open_window_it_waits_for(people, loyal):
    """Two campaigns have people held out and are open, one held out too few, one is of another channel."""
    for number, ago, held_people in ((1, 3, 500), (2, 9, 500), (3, 20, 5), (4, 25, 500)):
        campaign = mailing(None)
        campaign.slug, campaign.name = f"open-{number}", f"Open {number}"
        campaign.channel = "sms" if number == 4 else "email"
        campaign.save()
        ran(campaign, at=NOW - timedelta(days=ago), held_people=held_people)
    assert past_campaigns("email", as_of=NOW) == []
    waits = waited_for("email", as_of=NOW)
    assert (waits.name, waits.until) == ("Open 2", NOW + timedelta(days=19))
    assert waited_for("email", as_of=NOW - timedelta(days=30)) is None
    kept = rehearse(mailing(loyal), as_of=NOW, now=NOW)
    unknown = {f["key"]: f for f in kept.figures["expected"] if f["mark"] == "unknown"}
    until = {"slug": "open-2", "name": "Open 2", "until": (NOW + timedelta(days=19)).isoformat()}
    for key in ("extra_buyers", "extra_revenue", "extra_margin"):
        assert (unknown[key]["why"], unknown[key]["waits_for"]) == ("open", until)
    assert unknown["sending_cost"]["waits_for"] is None
    said = "“Open 2” has people held out. What it caused will be known when its goal window is over, on "
    assert f"{said}March 20, 2026." in sentences(kept)[-1]
    assert f"{said}March 20, 2026." in rests_on(unknown["extra_margin"], dates=6)


def test_only_what_was_counted_by_then_counts(db):
    past_of(1)
    assert past_campaigns("email", as_of=NOW - timedelta(days=14)) == []
    assert past_campaigns("sms", as_of=NOW) == []
    assert len(past_campaigns("email", as_of=NOW)) == 1


def test_learned_figures_are_marked_modelled(people, loyal):
    refresh_segment(loyal, as_of=NOW, now=NOW)
    for number in range(3):
        past_of(number)
    kept = rehearse(mailing(loyal), as_of=NOW, now=NOW)
    figures = {f["key"]: f for f in kept.figures["expected"]}
    assert figures["opened"]["mark"] == figures["extra_revenue"]["mark"] == "modelled"
    assert (figures["opened"]["campaigns"], figures["opened"]["of"]) == (3, 3000)
    assert figures["extra_margin"]["why"] == "costs"


def test_compares_the_last_rehearsal_before_the_launch(people, loyal, client):
    begun = NOW - timedelta(days=28)
    refresh_segment(loyal, as_of=begun, now=begun)
    campaign = mailing(loyal)
    rehearse(campaign, as_of=begun, now=begun - timedelta(hours=2))
    last = rehearse(campaign, as_of=begun, now=begun - timedelta(hours=1))
    rehearse(campaign, as_of=begun, now=begun + timedelta(hours=1))  # after the launch: no forecast
    # Twenty were foreseen; a quarter of them would open: twelve did.
    ran(campaign, at=begun, sent=20, opened=12, treated=18, held_buyers=19, held_people=20)
    rows = {row.key: row for row in compare(now=NOW)}
    assert {row.rehearsal_id for row in rows.values()} == {last.pk}
    assert (rows["people"].value, rows["people"].happened, rows["people"].held) == (20, 20, True)
    assert (rows["opened"].happened, rows["opened"].held) == (0.6, False)
    assert (rows["buyers_anyway"].happened, rows["buyers_anyway"].held) == (0.95, True)
    by_key = {one.key: one for one in held(rows.values())}
    assert (by_key["opened"].campaigns, by_key["opened"].held, by_key["opened"].coverage) == (1, 0, 0.0)
    assert by_key["opened"].bias == pytest.approx(0.25 / 0.6 - 1, abs=0.01)
    assert by_key["opened"].error == pytest.approx(1 - 0.25 / 0.6, abs=0.01)
    client.force_login(User.objects.create_superuser("alice", "a@demo.invalid", "x"))
    shown = client.get(reverse("admin:rehearsals")).content.decode()
    assert "ranges held; 80% should" in shown
    assert "missed" in shown


def test_of_a_replay_only_what_the_past_can_tell_is_compared(people, loyal):
    begun = NOW - timedelta(days=28)
    refresh_segment(loyal, as_of=begun, now=begun)
    campaign = mailing(loyal)
    campaign.experiment = make_test(now=begun, holdout=0.3)
    Experiment.objects.update(kind=Experiment.Kind.REPLAY)
    campaign.save()
    rehearse(campaign, as_of=begun, now=begun - timedelta(hours=1))
    # Mails went into a mailbox that nobody reads: that nobody opened them says nothing.
    ran(campaign, at=begun, sent=20, opened=0, treated=18, held_buyers=19, held_people=20)
    assert {row.key for row in compare(now=NOW)} == {"people", "buyers_anyway"}


def test_a_campaign_that_is_not_over_is_not_compared(people, loyal):
    campaign = mailing(loyal)
    rehearse(campaign, as_of=NOW, now=NOW - timedelta(hours=1))
    ran(campaign, at=NOW)
    Tally.objects.update(known_until=NOW + timedelta(days=3))
    assert compare(now=NOW + timedelta(days=3)) == []
    assert held([]) == []


def test_the_page_without_any_says_what_to_do(db, client):
    client.force_login(User.objects.create_superuser("alice", "a@demo.invalid", "x"))
    assert "Nothing to compare yet" in client.get(reverse("admin:rehearsals")).content.decode()
