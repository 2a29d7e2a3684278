"""Records by the text of their UUID."""

import pytest
from django.http import Http404

from accounts.models import Job
from core.ids import uuid7
from core.lookups import by_uuid
from tests.factories.accounts import NOW


@pytest.mark.django_db
def test_one_that_is_there_and_every_other_text():
    job = Job.objects.create(kind="train", created_at=NOW)
    assert by_uuid(Job, str(job.pk)) == job
    assert by_uuid(Job.objects.filter(kind="train"), job.pk.hex.upper()) == job
    with pytest.raises(Http404, match="No Job matches"):
        by_uuid(Job.objects.filter(kind="other"), str(job.pk))
    with pytest.raises(Http404, match="No Job matches"):
        by_uuid(Job, str(uuid7()))
    for text in ("", "nope", "\0", "1" * 40):
        with pytest.raises(Http404, match="No Job matches"):
            by_uuid(Job, text)
