"""What a worker process loads: what its queues need, and not the rest."""

import subprocess
import sys

import pytest
from django.apps import apps
from django.conf import settings

from config import workers
from config.celery import app
from config.supervisor.processes import WORKERS
from tests.delivery.conftest import ROOT, process_env

#: Much memory, and nothing that sending a mail needs.
HEAVY = [
    "sklearn",
    "scipy",
    "lightgbm",
    "implicit",
    "altair",
    "vl_convert",
    "pandas",
    "optuna",
    "console.site",
]
LOADED = """
import sys
sys.argv = ["celery/__main__.py", "-A", "config.celery", "worker", "-Q", "delivery"]
from config.celery import app
import django
django.setup()
app.loader.import_default_modules()
print(*sorted(sys.modules))
"""


@pytest.mark.django_db
def test_the_delivery_worker_loads_neither_models_nor_pages():
    done = subprocess.run(
        [sys.executable, "-c", LOADED], cwd=ROOT, env=process_env(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert {"delivery.tasks", "campaigns.sources"} <= loaded
    assert sorted(loaded & set(HEAVY)) == []


@pytest.mark.parametrize(
    ("line", "queues"),
    [
        ("celery -A config.celery worker -Q delivery -c 2", {"delivery"}),
        ("/v/celery/__main__.py worker -Qdefault,ingest", {"default", "ingest"}),
        ("celery worker --queues=training", {"training"}),
        ("celery worker", set()),
    ],
)
def test_a_workers_queues_are_read_from_its_command_line(line, queues):
    argv = line.split()
    assert workers.is_worker(argv)
    assert workers.queues_of(argv) == queues


@pytest.mark.parametrize("line", ["manage.py migrate", "celery -A config.celery inspect ping", "worker", ""])
def test_nothing_else_is_a_worker(line):
    assert not workers.is_worker(line.split())
    names = [config.name for config in apps.get_app_configs()]
    assert list(workers.packages_of_tasks(line.split())) == names


def test_every_task_is_registered_by_a_worker_that_reads_its_queue():
    app.loader.import_default_modules()
    missing = []
    for name in app.tasks:
        package, found, _ = name.partition(".tasks.")
        if not found:
            continue
        queue = app.amqp.router.route({}, name)["queue"].name
        lines = [["celery", "worker", "-Q", queues] for queues, _, _ in WORKERS.values()]
        readers = [line for line in lines if queue in workers.queues_of(line)]
        assert readers, f"nobody reads {queue}"
        missing += [(name, line[-1]) for line in readers if package not in workers.packages_of_tasks(line)]
    assert missing == []
    assert settings.CELERY_TASK_ROUTES["delivery.tasks.*"] == {"queue": "delivery"}
