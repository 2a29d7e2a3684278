"""The pages hold together: links lead somewhere, decisions stand in one row, commands and variables exist."""

import re
from collections import Counter
from pathlib import Path

import pytest
from django.core.management import get_commands

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
OPERATIONS = (ROOT / "docs/operations.md").read_text()
DECISIONS = sorted((ROOT / "docs/adr").glob("0*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_decisions_stand_in_one_row_and_are_cited_by_their_number():
    titles = [path.read_text().splitlines()[0] for path in DECISIONS]
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    assert [title.split(".")[0] for title in titles] == [f"# {n}" for n in range(1, len(DECISIONS) + 1)]
    index = re.findall(r"^(\d+)\. \[(.+)\]\((.+)\)$", (ROOT / "docs/adr/README.md").read_text(), re.M)
    assert [(f"# {n}. {title}", name) for n, title, name in index] == [
        (title, path.name) for title, path in zip(titles, DECISIONS, strict=True)
    ]
    for page in PAGES:
        cited = re.findall(r"\[ADR (\d+)\]\([^)]*?(\d{4})-", page.read_text())
        assert [pair for pair in cited if int(pair[0]) != int(pair[1])] == []


def test_every_command_exists():
    table = OPERATIONS.partition("| `.venv/bin/python manage.py …` | |")[2].partition("\n\n")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if "`" in line]
    named = {code.split()[0] for cell in cells for code in re.findall(r"`(.+?)`", cell)}
    assert {"train", "deliver", "erase"} <= named
    assert named <= get_commands().keys()


def test_every_variable_is_read_and_stands_once():
    rows = OPERATIONS.partition("\n## Variables\n")[2].partition("\n## ")[0].splitlines()
    named = [
        name
        for row in rows
        for name in re.findall(r"`([A-Z_]{4,})`", row.split("|")[1] if "|" in row else "")
    ]
    assert len(named) > 25
    assert [name for name, count in Counter(named).items() if count > 1] == []
    code = "".join(path.read_text() for path in (ROOT / "platform").rglob("*.py"))
    assert [name for name in named if name not in code] == []


def test_no_paragraph_stands_twice():
    for page in PAGES:
        blocks = [block for block in page.read_text().split("\n\n") if len(block) > 120]
        assert [block for block, count in Counter(blocks).items() if count > 1] == [], page
