"""Rehearsing as a job, over REST, from the shell, and who may."""

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from accounts.jobs import run
from accounts.keys import create_key
from accounts.models import Job, Scope, User
from campaigns.rehearsal import dispatch
from campaigns.rehearsal.api import FigureSerializer
from campaigns.rehearsal.models import Rehearsal
from campaigns.rehearsal.selectors import newest
from campaigns.rehearsal.services import rehearse
from campaigns.rehearsal.words import rests_on
from segments.models import Segment
from segments.refresh import refresh_segment
from tests.campaigns.rehearsal.conftest import NOW, mailing


@pytest.fixture
def campaign(loyal, settings):
    settings.SHOP_AS_OF = NOW.isoformat()
    refresh_segment(loyal, as_of=NOW, now=NOW)
    return mailing(loyal)


def person(role: str) -> User:
    user = User.objects.create_user(role, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


def begin(campaign, **more) -> Job:
    return dispatch.begin(campaign, now=NOW, as_of=NOW, **more)


def test_a_job_keeps_what_came_out(campaign):
    job = begin(campaign, user=person("marketer"))
    assert begin(campaign) == job  # one at a time
    run(job)
    job.refresh_from_db()
    kept = Rehearsal.objects.get()
    assert (job.state, job.result["rehearsal"]) == ("done", str(kept.pk))
    assert (job.done, job.total) == (8, 8)
    assert kept.created_by.username == "marketer"
    assert begin(campaign) != job


def test_a_viewer_may_not(campaign):
    with pytest.raises(PermissionDenied):
        begin(campaign, user=person("viewer"))
    assert Job.objects.count() == 0


def test_a_changed_plan_makes_it_stale(campaign):
    rehearse(campaign, as_of=NOW, now=NOW)
    assert newest(campaign).stale is False
    campaign.goal_days = 14
    assert newest(campaign).stale is True
    campaign.goal_days = 28
    Segment.objects.filter(pk=campaign.segment_id).update(version=2)
    campaign.segment.refresh_from_db()
    assert newest(campaign).stale is True


class TestRest:
    @pytest.fixture
    def call(self, campaign):
        def asked(method: str, path: str = "", scope: Scope = Scope.CAMPAIGNS_WRITE):
            _key, text = create_key(name="partner", scopes=[scope], now=NOW)
            url = f"/api/v1/campaigns/{campaign.pk}/{path}"
            return getattr(Client(), method)(url, headers={"Authorization": f"Api-Key {text}"})

        return asked

    def test_start_watch_and_read(self, call, campaign):
        started = call("post", "rehearse")
        assert started.status_code == 202, started.content
        job = Job.objects.get()
        assert started.json()["job"] == str(job.pk)
        assert started.json()["rehearsal"] is None
        run(job)
        watched = call("get", f"rehearse/{job.pk}", Scope.CAMPAIGNS_READ).json()
        assert watched["state"] == "done"
        listed = call("get", "rehearsals", Scope.CAMPAIGNS_READ).json()["results"]
        assert [one["id"] for one in listed] == [watched["rehearsal"]]
        assert "would have reached 20 people" in listed[0]["summary"][0]
        read = call("get", f"rehearsals/{watched['rehearsal']}", Scope.CAMPAIGNS_READ).json()
        kept = Rehearsal.objects.get()
        assert read["figures"]["expected"] == kept.figures["expected"]
        assert [d["people"] for d in read["figures"]["dates"]] == [20] * 6
        assert read["inputs"]["window_days"] == 28

    def test_a_reader_may_not_start(self, call):
        assert call("post", "rehearse", Scope.CAMPAIGNS_READ).status_code == 403
        assert Job.objects.count() == 0

    @pytest.mark.parametrize(
        "path", ["rehearsals/x", f"rehearsals/{'0' * 8}-0000-7000-8000-{'0' * 12}", "rehearse/x"]
    )
    def test_what_is_not_there(self, call, path):
        answer = call("get", path, Scope.CAMPAIGNS_READ)
        assert answer.status_code == 404
        assert answer["Content-Type"].startswith("application/problem+json")


def test_what_was_kept_before_it_could_wait_reads_as_it_was():
    kept = {
        "key": "extra_buyers", "unit": "people", "mark": "unknown", "value": None, "low": None, "high": None,
        "share": None, "campaigns": 0, "of": 0, "why": "holdouts",
    }  # fmt: skip
    assert FigureSerializer(kept).data == kept | {"waits_for": None}
    waits = {"slug": "a", "name": "A", "until": "2026-03-20T12:00:00+00:00"}
    assert FigureSerializer(kept | {"waits_for": waits}).data["waits_for"]["name"] == "A"
    assert rests_on(kept, dates=6).startswith("No campaign of this channel has held people out yet")


def test_the_command_prints_sentences_and_figures(campaign):
    out = StringIO()
    call_command("rehearse", "plan", stdout=out)
    assert "On 6 earlier dates since September 2025" in out.getvalue()
    assert "Would buy anyway" in out.getvalue()
    with pytest.raises(CommandError, match="There is no campaign “x”"):
        call_command("rehearse", "x")


def test_the_page_says_it_in_words(campaign, client):
    client.force_login(person("marketer"))
    url = reverse("admin:campaign_rehearsal", args=[campaign.pk])
    assert "Rehearse on the last months" in client.get(url).content.decode()
    assert client.post(reverse("admin:campaign_rehearse", args=[campaign.pk])).url == url
    assert "rehearsal-progress" in client.get(url).content.decode()
    run(Job.objects.get())
    shown = client.get(url).content.decode()
    assert "it would have reached 20 people" in shown
    assert "Measured" in shown
    assert "No consent to this channel and topic" in shown
    assert "The plan was changed since" not in shown
    campaign.goal_days = 7
    campaign.save()
    assert "The plan was changed since" in client.get(url).content.decode()
    review = reverse("admin:campaign_plan_live", args=[campaign.pk, "review"])
    assert "Rehearse again" in client.get(review).content.decode()


def test_queries_do_not_grow_with_what_is_shown(campaign, client, django_assert_max_num_queries):
    client.force_login(person("marketer"))
    url = reverse("admin:campaign_rehearsal", args=[campaign.pk])
    for k in range(3):
        rehearse(campaign, as_of=NOW, now=NOW + timedelta(minutes=k))
    client.get(url)
    with django_assert_max_num_queries(30):
        client.get(url)
    with django_assert_max_num_queries(25):
        client.get(reverse("admin:rehearsals"))
