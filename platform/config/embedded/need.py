"""Say which commands need no servers, so that reading the code or building assets starts none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

READERS = frozenset({"mypy", "dmypy", "stubtest", "lint-imports", "djade", "ruff"})
COMMANDS = frozenset(
    {
        "help",
        "version",
        "build_assets",
        "check",
        "collectstatic",
        "compilemessages",
        "diffsettings",
        "findstatic",
        "makemessages",
        "spectacular",
        "startapp",
    }
)


def needs_servers(argv: Sequence[str]) -> bool:
    """Say whether the program called with ``argv`` will talk to PostgreSQL or Redis."""
    program = Path(argv[0]).name if argv else ""
    if program in READERS:
        return False
    if program in {"manage.py", "django-admin", "__main__.py"}:
        words = [word for word in argv[1:] if not word.startswith("-")]
        return bool(words) and words[0] not in COMMANDS and not {"-h", "--help", "--version"} & set(argv)
    return True
