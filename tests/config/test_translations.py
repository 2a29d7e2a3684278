"""Every string is in the Chinese catalogue, translated."""

import os
import re
import shutil
import subprocess
import sys

import polib
import pytest
from django.conf import settings

from tests.patience import PATIENCE

BOOK = settings.ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
#: What is written alike in both languages.
ALIKE = {
    "NDCG@10",
    "Message-ID",
    "Webhook",
    "webhook",
    "id",
    "sku",
    "STARTTLS",
    "Android",
    "iOS",
    "RFM",
    "HTML",
}
_HOLDER = re.compile(r"%\(\w+\)[a-z]|\{\}")


@pytest.fixture(scope="module")
def book():
    return [entry for entry in polib.pofile(str(BOOK)) if entry.msgid]


def test_no_entry_is_empty_or_fuzzy(book):
    assert [entry.msgid for entry in book if not entry.translated() or "fuzzy" in entry.flags] == []


def test_no_translation_is_english(book):
    words = re.compile(r"[A-Za-z]{3}")
    plain = [e for e in book if not e.msgid_plural and words.search(_HOLDER.sub("", e.msgid))]
    assert [e.msgid for e in plain if e.msgstr == e.msgid and e.msgid not in ALIKE] == []


def test_placeholders_survive(book):
    def holders(text):
        return sorted(_HOLDER.findall(text))

    for entry in book:
        for said in entry.msgstr_plural.values() if entry.msgid_plural else [entry.msgstr]:
            assert holders(said) in (holders(entry.msgid), holders(entry.msgid_plural or entry.msgid)), (
                entry.msgid
            )


@pytest.mark.skipif(not shutil.which("xgettext"), reason="gettext is not installed")
def test_every_string_of_the_code_is_in_the_catalogue(book, tmp_path):
    # The shell's own strings stand in the catalogue as well; here only ours are gathered again.
    for name in ("platform", "campaigns", "recommender", "templates", "locale"):
        shutil.copytree(settings.ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(settings.ROOT / "manage.py", tmp_path)
    subprocess.run(
        [
            sys.executable, "manage.py", "makemessages", "--locale", "zh_Hans", "--no-location",
            "--no-wrap", "--extension", "html,py,txt", "--verbosity", "0",
        ],
        cwd=tmp_path, check=True, env=os.environ, timeout=3 * PATIENCE,
    )  # fmt: skip
    gathered = polib.pofile(str(tmp_path / BOOK.relative_to(settings.ROOT)))
    known = {entry.msgid for entry in book}
    assert sorted(e.msgid for e in gathered if e.msgid and not e.obsolete and e.msgid not in known) == []
