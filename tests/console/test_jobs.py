"""A job's page when the work is over: it leads to what was made, also where nobody named a page."""

import pytest
from django.urls import reverse

from accounts.jobs import create_job, kinds
from accounts.models import Job
from console.data import jobs
from core import clock
from tests.console.test_offer_pages import sign_in

NOW = clock.now()
#: Who starts them always names a page: that of the one list, file or comparison that is made.
NAMED = {"flows", "flow_list", "list"}


@pytest.mark.django_db
def test_work_of_the_night_leads_to_what_it_made():
    job = create_job(kind="train", title="Train the recommenders", now=NOW)
    client, page = sign_in("alice"), f"/admin/jobs/{job.pk}/"
    button = f'class="st-btn p" href="{reverse("admin:recommendations")}"'
    assert button not in client.get(page).content.decode()
    Job.objects.filter(pk=job.pk).update(state=Job.State.DONE, finished_at=NOW)
    assert button in client.get(page).content.decode()
    polled = client.get(f"{page}progress/")
    assert (polled.status_code, button in polled.content.decode()) == (jobs.STOP_POLLING, True)
    Job.objects.filter(pk=job.pk).update(result_url="/admin/offers/")
    assert 'class="st-btn p" href="/admin/offers/"' in client.get(page).content.decode()
    Job.objects.filter(pk=job.pk).update(state=Job.State.FAILED, error="DataError: no purchases")
    assert "Show the result" not in client.get(page).content.decode()


def test_every_kind_of_work_is_seen_somewhere():
    shipped = {kind for kind, what in kinds if not what.run.startswith("tests.")}
    assert shipped - set(jobs._SEEN_AT) == NAMED
    assert set(jobs._SEEN_AT) <= shipped
    assert all(reverse(f"admin:{page}").startswith("/admin/") for page in jobs._SEEN_AT.values())
