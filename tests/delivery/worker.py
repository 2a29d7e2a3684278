"""A worker process for tests: `python -m tests.delivery.worker RUN` delivers a run of the test source.

`platform/` must be on PYTHONPATH.
"""

import sys

import django
from django.core.management import call_command


def main():
    django.setup()
    from tests.delivery.source import register

    register()
    call_command("deliver", *sys.argv[1:])


if __name__ == "__main__":
    main()
