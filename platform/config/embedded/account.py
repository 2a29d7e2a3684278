"""The unprivileged account that the servers run under when we are root.

PostgreSQL refuses to run as root, and Redis has no business there. Permissions outside ``var/`` are never
changed: where the account cannot pass through a parent folder, the servers' files live in a private folder
elsewhere.
"""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEFAULT_NAME = "nobody"


class AccountError(RuntimeError):
    """Say that the servers cannot get an account to run under, and what to do about it."""


@dataclass(frozen=True)
class Account:
    """Name a user of the operating system."""

    name: str
    uid: int
    gid: int

    def popen_options(self) -> dict[str, Any]:
        """Return the arguments that make ``subprocess`` run a child as this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can(self, script: str, *arguments: Path) -> bool:
        """Say whether a line of shell succeeds as this account; the arguments are ``$1``, ``$2`` …"""
        try:
            done = subprocess.run(  # noqa: S603
                ["/bin/sh", "-c", script, "sh", *map(str, arguments)],
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=20,
                check=False,
                **self.popen_options(),
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise AccountError(
                f"PostgreSQL refuses to run as root, and this machine does not let root become {self.name!r} "
                f"({error}). Run the command as an ordinary user, or set DATABASE_URL and REDIS_URL."
            ) from error
        return done.returncode == 0


def server_account(data: Path) -> Account | None:
    """Return the account for the servers: None when we are not root and they simply run as ourselves.

    Existing data decide: they are served by the user who owns them, so that a command run once with ``sudo``
    does not lock its owner out.
    """
    if os.geteuid() != 0:
        if data.exists() and data.stat().st_uid != os.geteuid():
            owner = data.stat().st_uid
            raise AccountError(
                f"{data} belongs to user {owner}, probably because a command was first run as root. "
                "Run the command as root again, or remove that folder (and its data) to begin anew."
            )
        return None
    if data.exists() and (owner := data.stat().st_uid) != 0:
        return _account(pwd.getpwuid(owner))
    name = os.environ.get("RAPPORT_EMBEDDED_USER", DEFAULT_NAME)
    try:
        account = _account(pwd.getpwnam(name))
    except KeyError:
        raise AccountError(
            f"There is no user {name!r} to run the embedded servers as root's stand-in. "
            "Set RAPPORT_EMBEDDED_USER to an unprivileged user."
        ) from None
    if account.uid == 0:
        raise AccountError("RAPPORT_EMBEDDED_USER must be an unprivileged user, not root.")
    return account


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def own(path: Path, account: Account | None) -> Path:
    """Create the folder ``path`` with mode 0700 for ``account``; refuse one that somebody else planted."""
    uid = account.uid if account else os.geteuid()
    try:
        path.mkdir(mode=0o700)
        if account:
            os.chown(path, account.uid, account.gid)
    except FileExistsError:
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {uid, 0}:
            raise AccountError(f"{path} is not a folder of user {uid}; remove it and try again.") from None
        if account and found.st_uid == 0:  # made by root a moment ago, before a crash
            os.chown(path, account.uid, account.gid)
        if stat.S_IMODE(found.st_mode) != 0o700:
            path.chmod(0o700)
    return path


def private_folder(key: str) -> Path:
    """Return root's folder outside the checkout for servers whose account cannot reach the checkout.

    It is ``/var/lib/rapport/KEY``, or one under the temporary folder where that cannot be written.
    """
    for parent in (Path("/var/lib"), Path(tempfile.gettempdir())):
        base = parent / "rapport"
        try:
            base.mkdir(mode=0o711, exist_ok=True)
        except OSError:
            continue
        found = base.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid == 0 and not found.st_mode & 0o022:
            home = base / key
            home.mkdir(mode=0o711, exist_ok=True)
            return home
    raise AccountError(
        "Neither /var/lib/rapport nor a folder under the temporary folder can be used for the servers' data. "
        "Move the checkout to a folder that every user may pass through, or set DATABASE_URL and REDIS_URL."
    )
