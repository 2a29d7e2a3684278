"""A model that was changed on disk is refused, and what was computed before goes on serving."""

from datetime import UTC, datetime

import pytest

from customers.models import Customer
from recommendations.artifacts import _load, fitted
from recommendations.models import ModelVersion, RecommendationList
from recommendations.selectors import lists_for
from recommendations.services.training import train_models
from recommender.errors import ArtifactError
from tests.recommendations.planted import CUT, plant

pytestmark = pytest.mark.django_db


def test_a_tampered_artefact_is_refused_and_the_lists_serve_on(settings, tmp_path):
    settings.ARTIFACTS = tmp_path
    plant()
    train_models(as_of=CUT, now=CUT, keys=["popularity"])
    version = ModelVersion.objects.get()
    before = RecommendationList.objects.count()
    file = tmp_path / version.artifact / "model.json"
    file.write_text(file.read_text().replace("popularity", "popularitx", 1))
    _load.cache_clear()

    with pytest.raises(ArtifactError, match="damaged or was changed"):
        fitted(version)

    known = Customer.objects.order_by("pk").first()
    stranger = Customer.objects.create(
        external_id="stranger", created_at=datetime(2024, 3, 5, tzinfo=UTC), updated_at=CUT
    )
    lists = lists_for([known.pk, stranger.pk], use="email", objective="replenish", limit=3)
    assert [item.rank for item in lists[known.pk]] == [1, 2, 3]
    assert stranger.pk not in lists
    assert RecommendationList.objects.count() == before
