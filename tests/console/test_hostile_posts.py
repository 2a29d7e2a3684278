"""Whoever may do something sends nonsense: every act of the console answers in words and never fails."""

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, transaction
from django.db.models import CharField, TextField
from django.test import Client, override_settings
from django.urls import reverse

from accounts.models import User
from config.embedded.places import ROOT
from tests.console.addresses import addresses, pages, sampled
from tests.console.test_walls import ACTS, PAGES
from tests.factories.shop import NOW, open_shop

pytestmark = pytest.mark.slow

VALUES: list[Any] = [
    "\0", "9" * 5000, "NaN", "1e308", "-1", "x" * 3000, "9999-12-31", "0001-01-01", "{{ 7 | times: 7 }}",
    "<script>alert(1)</script>", "=1+1", "²", "٣", "Infinity", "[]", '{"all": [{"field": "\\u0000"}]}', "-0",
]  # fmt: skip
#: What a body in JSON holds besides: of another kind than anybody expects.
ODD: list[Any] = [None, True, 10**40, 1e308, [], {}, [[]], [None], {"\0": 1}, "\ud800"]
#: What addresses end in where they name a verb; anything else is answered with 404 before it is read.
VERBS = (
    "approve", "archive", "cancel", "compute", "decline", "delete", "discard", "duplicate", "end", "low",
    "make", "mute", "off", "on", "over", "pace", "pause", "restore", "resume", "search", "snooze", "start",
    "stop", "train", "undo", "void", "warm",
)  # fmt: skip
_FIELD = re.compile(r"(?:POST\.get(?:list)?\(|POST\[|\.get\()\"([a-z_]+)\"|name=\"([a-z_-]+)\"")


def names() -> list[str]:
    """Return what any form or script of the console sends."""
    files = [*Path(ROOT, "platform/console").rglob("*.py"), *Path(ROOT, "templates/console").rglob("*.html")]
    found = {name for file in files for pair in _FIELD.findall(file.read_text()) for name in pair if name}
    return sorted(found - {"csrfmiddlewaretoken"})


@pytest.fixture(scope="module")
def opened(module_db, tmp_path_factory):
    """Open the shop once; what a call changes is taken back after it."""
    with override_settings(
        ARTIFACTS=tmp_path_factory.mktemp("shop"),
        IMPORT_FILES=str(tmp_path_factory.mktemp("files")),
        SHOP_AS_OF=NOW.isoformat(),
        SHOP_POSTAL_ADDRESS="1 Market Street",
    ):
        open_shop()
        yield sampled(PAGES | ACTS)


@pytest.fixture
def client(opened, db) -> Client:
    made = Client(raise_request_exception=True)
    made.force_login(User.objects.create_superuser("mallory", password="correct horse"))
    return made


def acts(samples: dict[str, Any], verbs: tuple[str, ...] = VERBS) -> list[str]:
    """Return the addresses of all acts, once for each verb where one is named."""
    found = []
    for key, path in addresses(samples).items():
        if key.split()[0].removeprefix("admin:") in ACTS:
            named = verbs if "/pause/" in path else ("pause",)
            found += [path.replace("/pause/", f"/{verb}/") for verb in named]
    return found


def failures(client: Client, paths: list[str], bodies: list[tuple[Any, str]]) -> list[str]:
    """Send each body to each address and return what failed."""
    failed = []
    for path, (body, kind) in product(paths, bodies):
        with transaction.atomic():
            try:
                answer = client.post(path, body, **({"content_type": kind} if kind else {}))
                if answer.status_code >= 500:
                    failed.append(f"{path} {str(body)[:60]}: {answer.status_code}")
            except Exception as error:
                failed.append(f"{path} {str(body)[-80:]}: {type(error).__name__}: {error}"[:300])
            transaction.set_rollback(True)
    return failed


def as_form(value: str) -> tuple[Any, str]:
    return dict.fromkeys(names(), value), ""


def as_json(value: Any) -> tuple[Any, str]:
    return json.dumps(dict.fromkeys(names(), value)), "application/json"


def test_nonsense_is_answered_in_words(client, opened):
    assert len(names()) > 80
    paths = acts(opened, ("pause",))
    assert len(paths) > 70
    assert failures(client, paths, [as_form(VALUES[0]), as_form(VALUES[1]), as_json(ODD[0])]) == []


@pytest.mark.long
@pytest.mark.parametrize("part", range(4))
def test_all_nonsense_is_answered_in_words(client, opened, part):
    bodies = [*map(as_form, VALUES), *map(as_json, ODD), ("", ""), ("[]", "application/json")]
    assert failures(client, acts(opened), bodies[part::4]) == []


MARKUP = "<script>alert(7)</script><img src=x onerror=alert(7)>{{ 6 | times: 7 }}"


NAMED = {"name", "title", "first_name", "last_name", "description", "label", "brand"}
#: Pages of lists, of which a look is quick.
LISTS = (
    "index", "loop", "tuning", "demand", "recommendation_quality", "recommendation_cold", "rehearsals",
    "calendar", "offers", "offer_plans", "personas", "templates", "customers_customer_changelist",
    "segments_segment_changelist", "campaigns_campaign_changelist", "catalog_product_changelist",
)  # fmt: skip


@pytest.fixture
def marked(client):
    """Call everybody and everything by markup."""
    changed = 0
    for model in apps.get_models():
        for field in model._meta.fields:
            text = isinstance(field, CharField | TextField) and not field.choices and not field.unique
            if text and field.name in NAMED:
                with transaction.atomic(), suppress(DatabaseError):
                    called = {field.name: MARKUP[: field.max_length]}
                    changed += model._default_manager.update(**called)
    assert changed > 30


def run_by(client: Client, paths: Iterable[str]) -> tuple[list[str], int]:
    """Return the pages on which markup would run, and how many show it as it is."""
    run, shown = [], 0
    for path in paths:
        content = client.get(path).content.decode()
        shown += "&lt;script&gt;alert(7)" in content
        run += [path for tag in ("<script>alert(7)", "<img src=x onerror") if tag in content]
    return run, shown


def test_names_are_shown_as_they_are_and_never_run(client, opened, marked):
    run, shown = run_by(client, [reverse(f"admin:{name}") for name in LISTS])
    assert run == []
    assert shown > 5


@pytest.mark.long
def test_names_are_never_run_on_any_page(client, opened, marked):
    run, shown = run_by(client, pages(PAGES, client).values())
    assert run == []
    assert shown > 20
