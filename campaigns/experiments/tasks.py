"""Analysis and tuning while nobody looks."""

from celery import shared_task

from campaigns.experiments.models import Experiment
from campaigns.experiments.tuning import tune as tune_experiment
from core import clock


@shared_task(queue="default")
def tune(experiment_id: str, use: str) -> None:
    """Apply what the last look at an experiment found."""
    tune_experiment(Experiment.objects.get(pk=experiment_id), use=use, now=clock.now())
