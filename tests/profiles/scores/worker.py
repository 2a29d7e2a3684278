"""A worker process that scores: it tells of each batch that is stored, and waits to be let go on."""

import sys
from datetime import datetime

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402

from profiles.scores import services  # noqa: E402

connection.settings_dict["NAME"] = sys.argv[1]
settings.ARTIFACTS = settings.ARTIFACTS.__class__(sys.argv[2])
services.BATCH = 40
real = services.write_batch


def slow(*args: object) -> int:
    """Store a batch, and wait for a line: the test may kill instead."""
    written = real(*args)
    sys.stdout.write(f"batch {args[1].kind}\n")
    sys.stdout.flush()
    sys.stdin.readline()
    return written


services.write_batch = slow
moment = datetime.fromisoformat(sys.argv[3])
services.score_customers(as_of=moment, now=moment)
