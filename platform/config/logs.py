"""One log for all processes: readable on a terminal, JSON otherwise; no personal data in either.

Everything goes through structlog, also what Django, Celery and gunicorn say by the standard library. Each
line names its process (``RAPPORT_PROCESS``) and carries the request id, which follows a request into tasks.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Callable
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

ADDRESS = re.compile(r"[^\s@<>\"'=(),;:]+@[^\s@<>\"'(),;:]+\.[^\W\d][^\s@<>\"'(),;:]+")
# PostgreSQL quotes the offending row in the DETAIL of an error, psycopg2 passes it on.
DETAIL = re.compile(r"(DETAIL:\s+)(Key|Failing row)[^\n]*")
QUERY = re.compile(r"\?\S*")
# The token in an unsubscribe link, or in that of a calendar, is the right to use it.
TOKEN = re.compile(r"(/u/(?:confirm/)?|/t/[oc]/|/calendar/(?=[0-9a-f]{64}))[\w.=-]+")


def without_personal_data(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Take e-mail addresses, tokens, quoted rows and query strings out of an event."""
    for name, value in event.items():
        if isinstance(value, str):
            if name == "request":
                value = QUERY.sub("?…", value)
            # Each expression is run where the text holds what it begins with: most lines hold none.
            if "/" in value:
                value = TOKEN.sub(r"\1…", value)
            if "DETAIL" in value:
                value = DETAIL.sub(r"\1[row]", value)
            event[name] = ADDRESS.sub("[address]", value) if "@" in value else value
    event.pop("user_agent", None)
    return event


def process_name(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Say which process writes, unless the supervisor does in front of the line."""
    if log_form() == "console" and "RAPPORT_PROCESS" in os.environ:
        return event
    event.setdefault("process", os.environ.get("RAPPORT_PROCESS", "command"))
    return event


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(allow=()),
        process_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,  # plain text: local variables would show personal data
        without_personal_data,
    ]


def renderer(form: str) -> Processor:
    """Return what turns an event into a line, ``json`` or ``console``."""
    if form == "json":
        return structlog.processors.JSONRenderer(serializer=_json)
    return structlog.dev.ConsoleRenderer(
        colors=bool(os.environ.get("RAPPORT_LOG_COLORS")) or sys.stderr.isatty(),
        exception_formatter=structlog.dev.plain_traceback,
        pad_event_to=28,
    )


def _json(event: EventDict, default: Callable[[Any], Any]) -> str:
    """Return an event as JSON; what orjson refuses, as half a surrogate pair, by the standard library."""
    try:
        return orjson.dumps(event, default=default, option=orjson.OPT_SORT_KEYS | _AS_ELSEWHERE).decode()
    except TypeError:
        return json.dumps(event, default=default, ensure_ascii=False, sort_keys=True)


#: Moments and records are written by structlog, as they are elsewhere.
_AS_ELSEWHERE = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def log_form() -> str:
    """Return ``console`` or ``json``: as ``RAPPORT_LOG`` says, else by whether somebody watches."""
    return os.environ.get("RAPPORT_LOG") or ("console" if sys.stderr.isatty() else "json")


def configure(level: str = "INFO") -> dict[str, Any]:
    """Configure structlog and return Django's ``LOGGING``."""
    shared = _shared()
    # No line says where in the code it was written, or by which thread: finding out takes a tenth of the time
    # (docs.python.org/3/howto/logging.html#optimization).
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "one": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    renderer(log_form()),
                ],
                "foreign_pre_chain": shared,
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "one"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": [], "propagate": True, "level": level},
            "django.server": {"handlers": [], "propagate": True},
            "celery": {"level": level},
            # Both tell of every task what django_structlog tells already, the first one with its arguments.
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "CRITICAL"},
            "gunicorn.error": {"handlers": [], "propagate": True},
            # Any stranger can send a foreign Host; it is answered with 400 and is no error of ours.
            "django.security.DisallowedHost": {"handlers": [], "level": "CRITICAL"},
        },
    }
