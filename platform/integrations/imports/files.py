"""Where uploads lie: private, under random names, until they are removed."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from django.conf import settings

from core.ids import uuid7
from integrations.imports.content import Shape, shape_of, unpack


def folder() -> Path:
    """Return the folder of the uploads, which nobody else may read."""
    path = Path(settings.IMPORT_FILES)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def path_of(name: str) -> Path:
    """Return where a stored file lies. The name is one of our own, never a stranger's."""
    return folder() / name


def keep(source: IO[bytes] | Iterable[bytes]) -> tuple[str, int, Shape]:
    """Store an upload, unpacked, and return its name, size and shape. Raises BadFile and keeps nothing."""
    name = f"{uuid7().hex}.data"
    path = path_of(name)
    os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
    try:
        size, packed = unpack(source, path)
        return name, size, shape_of(path, packed=packed)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def remove(name: str) -> None:
    """Remove a stored file, if it is still there."""
    if name:
        path_of(name).unlink(missing_ok=True)
