"""What people are told: once a matter, whoever may know, in their language, and forgotten in the end."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.utils.translation import override

from accounts import jobs, notices
from accounts.jobs import JobKind, create_job
from accounts.models import Job, Notice, User
from core import clock

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def somebody(name: str, role: str = "") -> User:
    user = User.objects.create_user(name, is_staff=True)
    if role:
        user.groups.add(Group.objects.get(name=role))
    return user


@pytest.fixture
def alice(db):
    return somebody("alice")


@pytest.fixture
def browser(alice):
    client = Client()
    client.force_login(alice)
    return client


def test_a_permission_means_its_holders_but_not_who_did_it(alice):
    bob, charlie = somebody("bob", "approver"), somebody("charlie", "approver")
    gone = somebody("gone", "approver")
    User.objects.filter(pk=gone.pk).update(is_active=False)
    User.objects.create_user("customer", is_superuser=True)  # not staff: signs in nowhere
    told = notices.tell("customers.merge_customer", "other", "Hello", "/admin/", NOW, but=bob)
    assert told == 1
    assert [n.user for n in Notice.objects.all()] == [charlie]


def test_a_matter_is_told_once_even_when_it_was_read(alice):
    def again() -> int:
        return notices.tell([alice], "pool", "Low", "", NOW, key="pool:1")

    assert (again(), again()) == (1, 0)
    notices.mark_read(alice, NOW)
    assert again() == 0
    assert notices.unread(alice) == 0
    assert notices.tell([alice], "pool", "Low", "", NOW, key="pool:2") == 1
    assert notices.tell([alice, alice, None], "other", "No key", "", NOW) == 1
    assert notices.tell([alice], "other", "No key", "", NOW) == 1


@pytest.mark.django_db(transaction=True)
def test_rivals_tell_it_once(transactional_db):
    alice = somebody("alice")
    ready = threading.Barrier(4)

    def work() -> None:
        ready.wait()
        notices.tell([alice], "pool", "Low", "", NOW, key="pool:1")
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Notice.objects.count() == 1


@pytest.mark.parametrize(
    "url", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:x"]
)
def test_it_leads_to_pages_of_ours_only(alice, url):
    with pytest.raises(ValueError, match="page of ours"):
        notices.tell([alice], "other", "Hello", url, NOW)
    assert not Notice.objects.exists()


def test_it_is_read_in_the_language_of_the_page(alice):
    notices.tell([alice], "other", "%(count)s of %(name)s", "", NOW, facts={"count": 3, "name": "January"})
    with override("zh-hans"):
        assert Notice.objects.get().text == "3 of 一月"
    broken = Notice(title="100 % sure %(who)s", facts={"name": "x"})
    assert broken.text == "100 % sure %(who)s"


def test_old_ones_are_forgotten(alice):
    for days, read in ((1, None), (31, None), (31, 30), (40, 31), (91, None)):
        Notice.objects.create(
            user=alice, title=f"{days}-{read}", created_at=NOW - timedelta(days=days),
            read_at=None if read is None else NOW - timedelta(days=read),
        )  # fmt: skip
    assert notices.forget(NOW) == 2
    assert sorted(n.title for n in Notice.objects.all()) == ["1-None", "31-30", "31-None"]


def test_the_bell_counts_by_an_index_and_stops_at_a_hundred(alice, django_assert_num_queries):
    Notice.objects.bulk_create(Notice(user=alice, title="x", created_at=NOW) for _ in range(150))
    with django_assert_num_queries(1):
        assert notices.unread(alice) == 100
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN SELECT FROM accounts_notice WHERE user_id = 1 AND read_at IS NULL")
        assert "notice_unread" in str(cursor.fetchall())


def test_opening_one_reads_it_and_leads_there(browser, alice):
    notices.tell([alice], "other", "One", "/admin/jobs/", NOW)
    notices.tell([alice], "other", "Two", "", NOW)
    one, two = Notice.objects.order_by("pk")
    assert browser.get(f"/admin/notices/{one.pk}/").headers["Location"] == "/admin/jobs/"
    assert browser.get(f"/admin/notices/{two.pk}/").headers["Location"] == "/admin/notices/"
    assert notices.unread(alice) == 0


def test_nobody_opens_or_reads_anothers(browser, alice):
    bob = somebody("bob")
    notices.tell([bob], "other", "For Bob", "/admin/", NOW)
    assert browser.get(f"/admin/notices/{Notice.objects.get().pk}/").status_code == 404
    browser.post("/admin/notices/read/")
    assert "For Bob" not in browser.get("/admin/notices/").content.decode()
    assert "For Bob" not in browser.get("/admin/notices/panel/").content.decode()
    assert notices.unread(bob) == 1


def test_reading_all_needs_a_post(browser, alice):
    notices.tell([alice], "other", "One", "", NOW)
    assert browser.get("/admin/notices/read/").status_code == 405
    assert notices.unread(alice) == 1
    assert browser.post("/admin/notices/read/").status_code == 302
    assert notices.unread(alice) == 0
    assert "Nothing waits for you" in browser.get("/admin/notices/?show=unread").content.decode()


def test_names_are_text(browser, alice):
    notices.tell([alice], "other", "“%(name)s”", "/admin/", NOW, facts={"name": "<script>x</script>"})
    for path in ("/admin/notices/", "/admin/notices/panel/"):
        page = browser.get(path).content.decode()
        assert "&lt;script&gt;x" in page
        assert "<script>x" not in page


class TestJobs:
    """Whoever started long work hears of its end."""

    @pytest.fixture(autouse=True)
    def kinds(self, monkeypatch):
        monkeypatch.setattr(jobs.kinds, "_entries", dict(jobs.kinds._entries))
        for name in ("works", "fails"):
            jobs.kinds.add(name, JobKind("Test", "default", f"{__name__}.{name}"))

    def test_a_failure_is_told_to_who_started_it(self, alice):
        job = create_job(kind="fails", title="Test", now=NOW, user=alice)
        with pytest.raises(RuntimeError):
            jobs.run(job)
        notice = Notice.objects.get()
        assert (notice.user, notice.kind, notice.text) == (alice, "job_failed", "“Test” failed.")
        assert notice.url == f"/admin/jobs/{job.pk}/"

    def test_a_failure_of_nobodys_work_is_told_to_who_may_change_jobs(self, alice):
        admin = somebody("root", "admin")
        with pytest.raises(RuntimeError):
            jobs.run(create_job(kind="fails", title="Test", now=NOW))
        assert [n.user for n in Notice.objects.all()] == [admin]

    def test_only_an_end_that_took_long_is_news(self, alice, monkeypatch):
        jobs.run(create_job(kind="works", title="Test", now=NOW, user=alice))
        assert not Notice.objects.exists()
        monkeypatch.setattr(jobs, "WORTH_TELLING", timedelta(0))
        jobs.run(create_job(kind="works", title="Test", now=NOW, user=alice, result_url="/admin/offers/"))
        assert Notice.objects.get().url == "/admin/offers/"

    def test_a_job_that_kills_its_workers_is_told(self, alice):
        job = create_job(kind="works", title="Test", now=NOW, user=alice)
        Job.objects.filter(pk=job.pk).update(attempts=jobs.MOST_ATTEMPTS)
        jobs.run(job)
        jobs.run(job)
        assert Notice.objects.get().kind == "job_failed"


def works(*_anything):
    return {}


def fails(*_anything):
    raise RuntimeError("no")


def test_the_bell_says_that_work_is_under_way(browser, alice):
    somebody_sees = Group.objects.get(name="viewer")
    create_job(kind="train", title="Test", now=clock.now())
    assert "st-bell-work" not in browser.get("/admin/notices/bell/").content.decode()  # may not see jobs
    alice.groups.add(somebody_sees)
    assert "st-bell-work" in browser.get("/admin/notices/bell/").content.decode()
