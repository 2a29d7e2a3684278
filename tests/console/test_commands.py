"""Commands answer bad input with a sentence that says what to write instead, and change nothing."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from campaigns.experiments.models import Experiment, Snapshot
from campaigns.experiments.services import create_experiment
from core import clock
from recommendations.models import ModelVersion, TuningDecision
from recommendations.strategies import ensure_strategies

pytestmark = pytest.mark.django_db


@pytest.fixture
def experiment() -> Experiment:
    ensure_strategies(clock.now())
    variants = [
        {"key": "a", "name": "A", "levers": {"strategy": "popularity"}, "is_control": True},
        {"key": "b", "name": "B", "levers": {"strategy": "hybrid"}},
    ]
    return create_experiment(
        key="test",
        name="Test",
        salt="s",
        variants=variants,
        holdout_share=0.1,
        window_days=28,
        now=clock.now(),
    )


def refused(*arguments: str) -> str:
    with pytest.raises(CommandError) as error:
        call_command(*arguments, stdout=StringIO(), stderr=StringIO())
    return str(error.value)


@pytest.mark.parametrize(
    "arguments",
    [("profile",), ("cluster",), ("train",), ("refresh_segments",), ("analyse", "test")],
    ids=lambda arguments: arguments[0],
)
def test_a_date_that_is_none_is_refused(experiment, arguments):
    assert refused(*arguments, "--as-of", "sunday") == (
        "“sunday” is not a date. Write 2017-11-06 or 2017-11-06T10:00:00Z."
    )


def test_training_names_the_strategies_there_are():
    assert refused("train", "--strategy", "als", "--strategy", "alz") == (
        "There is no active strategy alz; there are: "
        "popularity, own-frequency, user-knn, item-knn, content, als, hybrid."
    )
    assert not ModelVersion.objects.exists()


def test_tuning_names_the_experiments_and_the_uses_there_are(experiment):
    assert refused("tune", "tset") == "There is no experiment “tset”. Known: test."
    assert refused("tune", "test", "--use", "email") == (
        "There is no use “email”. Known: email:discover, email:replenish."
    )
    assert not TuningDecision.objects.exists()


def test_a_list_of_no_products_is_not_analysed(experiment):
    assert refused("analyse", "test", "--length", "0") == "--length must be at least 1."
    assert not Snapshot.objects.exists()


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--households", "0", "--households must be at least 1."),
        ("--port", "80000", "--port must be between 1 and 65535."),
    ],
)
def test_the_demo_refuses_before_it_starts(option, value, reason):
    assert refused("demo", "--no-serve", option, value) == reason
