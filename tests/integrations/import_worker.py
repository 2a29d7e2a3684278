"""A worker process for one import: takes it up as the job's worker would, until it is killed."""

import sys

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402

from accounts import jobs  # noqa: E402
from accounts.models import Job  # noqa: E402
from integrations.imports import engine  # noqa: E402
from integrations.imports.kinds import KINDS  # noqa: E402

connection.settings_dict["NAME"] = sys.argv[1]
settings.IMPORT_FILES = sys.argv[2]
KINDS["customers"].block_rows = 50
real = engine._store_block


def slow(*args: object) -> None:
    """Store a block, and wait for a line: the test may kill instead."""
    real(*args)
    sys.stdout.write("block\n")
    sys.stdout.flush()
    sys.stdin.readline()


engine._store_block = slow
jobs.run(Job.objects.get(pk=sys.argv[3]), worker_died=len(sys.argv) > 4)
