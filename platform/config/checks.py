"""Find misconfiguration at start: each message says what to do."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import celery
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.db import connections

from config.keys import field_key_fault

MIN_HASH_KEY = 16  # characters
CELERY = "5.6."
POSTGRESQL = 18


def check_field_keys(app_configs: Any, **kwargs: Any) -> Iterable[CheckMessage]:
    """Check the keys that encrypt e-mail, phone and birthday."""
    if not settings.FIELD_KEYS:
        yield Error(
            "There is no key to encrypt personal fields.",
            hint="Set RAPPORT_FIELD_KEYS to id:base64 of 32 random bytes, for example from "
            "`openssl rand -base64 32`.",
            id="rapport.E001",
        )
    for key_id, key in settings.FIELD_KEYS.items():
        if fault := field_key_fault(key):
            yield Error(
                f"The field key “{key_id}” cannot be used: {fault}.",
                hint="Set RAPPORT_FIELD_KEYS to id:base64 of 32 random bytes. Keep old keys in the list: "
                "data written with them stay readable only by them.",
                id="rapport.E001",
            )


def check_hash_key(app_configs: Any, **kwargs: Any) -> Iterable[CheckMessage]:
    """Check the key under which identifiers are looked up."""
    if len(settings.HASH_KEY) < MIN_HASH_KEY:
        yield Error(
            "The key for the hashes of identifiers is too short.",
            hint=f"Set RAPPORT_HASH_KEY to at least {MIN_HASH_KEY} random characters and never change it: "
            "customers are found by it.",
            id="rapport.E002",
        )


def check_queues(app_configs: Any, **kwargs: Any) -> Iterable[CheckMessage]:
    """Check that a task cannot outlive the time after which Redis hands it to another worker."""
    longest = max(settings.CELERY_TASK_TIME_LIMIT, settings.TRAINING_TIME_LIMIT)
    visibility = settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"]
    if visibility < 2 * longest:
        yield Error(
            f"The broker gives a task to a second worker after {visibility} s; one may run for {longest} s.",
            hint="Make visibility_timeout at least twice TRAINING_TIME_LIMIT.",
            id="rapport.E003",
        )


def check_celery(app_configs: Any, **kwargs: Any) -> Iterable[CheckMessage]:
    """Check Celery's version: 5.7.0 exits when Redis restarts."""
    if not celery.__version__.startswith(CELERY):
        yield Error(
            f"Celery {celery.__version__} is installed; workers are proven with {CELERY}x only.",
            hint="Install the versions of requirements.txt.",
            id="rapport.E004",
        )


def check_shop(app_configs: Any, **kwargs: Any) -> Iterable[CheckMessage]:
    """Check what the shop says of itself."""
    try:
        ZoneInfo(settings.SHOP_TIME_ZONE)
    except (ZoneInfoNotFoundError, ValueError):
        yield Error(
            f"SHOP_TIME_ZONE is “{settings.SHOP_TIME_ZONE}”, which no time zone is called.",
            hint="Use a name such as Europe/Berlin or Asia/Shanghai.",
            id="rapport.E005",
        )
    currency = settings.SHOP_CURRENCY
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()):
        yield Error(
            f"SHOP_CURRENCY is “{currency}”.",
            hint="Use the three letters of ISO 4217, such as EUR.",
            id="rapport.E006",
        )


def check_address(app_configs: Any, **kwargs: Any) -> Iterable[CheckMessage]:
    """Check what every marketing mail must carry."""
    if not settings.SHOP_POSTAL_ADDRESS:
        yield Warning(
            "SHOP_POSTAL_ADDRESS is empty; marketing mail must carry the shop's postal address.",
            hint="Set SHOP_POSTAL_ADDRESS.",
            id="rapport.W001",
        )


def check_postgresql(
    app_configs: Any, databases: Collection[str] | None = None, **kwargs: Any
) -> Iterable[CheckMessage]:
    """Check the server's version where a command looks at databases, as `migrate` does."""
    for alias in databases or ():
        version: int = connections[alias].pg_version // 10_000  # type: ignore[attr-defined]
        if version < POSTGRESQL:
            yield Error(
                f"The database is PostgreSQL {version}; statements need {POSTGRESQL}.",
                hint=f"Upgrade the server to {POSTGRESQL} or later, or let DATABASE_URL name one that is.",
                id="rapport.E007",
            )


ALWAYS = (check_field_keys, check_hash_key, check_queues, check_celery, check_shop)
ON_DEPLOY = (check_address,)
OF_DATABASES = (check_postgresql,)
