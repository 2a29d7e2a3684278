"""Locks and leases that the kernel releases when their holder dies, however it dies.

They are ``flock`` locks on open files: forked children share their parent's lease, so the servers live until
the last of them is gone; programs started with ``exec`` do not inherit it.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def try_lock(path: Path) -> int | None:
    """Return a descriptor that holds the exclusive lock on ``path``, or None when another process has it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    except BaseException:
        os.close(handle)
        raise
    return handle


@contextmanager
def locked(path: Path, timeout: float = 120.0) -> Iterator[None]:
    """Hold the exclusive lock on ``path``; raise TimeoutError after ``timeout`` seconds of waiting."""
    deadline = time.monotonic() + timeout
    while (handle := try_lock(path)) is None:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{path} stayed locked for {timeout:.0f} s")
        time.sleep(0.02)
    try:
        yield
    finally:
        os.close(handle)


def is_locked(path: Path) -> bool:
    """Say whether a living process holds the lock on ``path``."""
    if not path.exists():
        return False
    handle = try_lock(path)
    if handle is None:
        return True
    os.close(handle)
    return False


def take(folder: Path) -> int:
    """Create a lease in ``folder`` and return its descriptor; closing that gives the lease back."""
    while True:
        path = folder / f"{os.getpid()}-{secrets.token_hex(4)}"
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
        # The guardian may have swept the file away between our open and our lock.
        try:
            if os.fstat(handle).st_ino == path.stat().st_ino:
                return handle
        except FileNotFoundError:
            pass
        os.close(handle)


def sweep(folder: Path) -> int:
    """Remove the leases of dead processes and return how many are still held."""
    held = 0
    for path in folder.iterdir():
        handle = try_lock(path)
        if handle is None:
            held += 1
            continue
        path.unlink(missing_ok=True)
        os.close(handle)
    return held
