"""A worker that goes over all customers: it tells of each slice that is stored, and waits to be let go on."""

import sys
from datetime import datetime

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402

from profiles import rounds, services, studies  # noqa: E402
from profiles.building import complete  # noqa: E402

connection.settings_dict["NAME"] = sys.argv[1]
settings.ARTIFACTS = settings.ARTIFACTS.__class__(sys.argv[2])
rounds.SLICE = 40


def told(done: int, total: int | None = None, message: str = "") -> None:
    """Say where the work is, and wait for a line: the test may kill instead."""
    sys.stdout.write(f"{message}\n")
    sys.stdout.flush()
    sys.stdin.readline()


moment = datetime.fromisoformat(sys.argv[3])
{
    "profiles": lambda: complete.build(as_of=moment, now=moment, progress=told, size=40),
    "personas": lambda: services.cluster_customers(as_of=moment, now=moment, progress=told),
    "studies": lambda: studies.study(as_of=moment, now=moment, progress=told),
}[sys.argv[4]]()
