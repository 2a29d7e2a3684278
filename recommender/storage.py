"""A folder of JSON and arrays with checksums: how everything learned is kept. Never a pickle."""

import hashlib
import json
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from recommender.arrays import AnyArray
from recommender.errors import ArtifactError

FORMAT = 1
CONTENT, ARRAYS, MANIFEST = "model.json", "arrays.npz", "manifest.json"


def write_folder(folder: str | Path, content: Mapping[str, Any], arrays: Mapping[str, AnyArray]) -> str:
    """Write content and arrays and return the digest (SHA-256) of the manifest.

    The folder appears whole or not at all and must not exist yet. Keep the digest elsewhere and pass it
    to read_folder: checksums beside the data prove that it is undamaged, only a digest kept elsewhere
    proves that it is the same.
    """
    folder = Path(folder)
    if folder.exists():
        raise ArtifactError(f"{folder} exists already; what is stored is never overwritten")
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        (draft / CONTENT).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        with (draft / ARRAYS).open("wb") as file:
            np.savez(file, allow_pickle=False, **dict(arrays))
        digests = {name: _sha256(draft / name) for name in (CONTENT, ARRAYS)}
        (draft / MANIFEST).write_text(json.dumps({"format": FORMAT, "sha256": digests}), encoding="utf-8")
        draft.chmod(0o755)
        digest = _sha256(draft / MANIFEST)
        draft.rename(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return digest


def read_folder(folder: str | Path, digest: str | None = None) -> tuple[dict[str, Any], dict[str, AnyArray]]:
    """Return content and arrays; raises ArtifactError where anything differs from what was written."""
    folder = Path(folder)
    try:
        if digest is not None and _sha256(folder / MANIFEST) != digest:
            raise ArtifactError(f"{folder}: this is not what was stored (manifest differs)")
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
            raise ArtifactError(f"{folder}: written in another format; train again")
        for name in (CONTENT, ARRAYS):
            if _sha256(folder / name) != manifest["sha256"][name]:
                raise ArtifactError(f"{folder}: {name} is damaged or was changed (checksum differs)")
        content = json.loads((folder / CONTENT).read_text(encoding="utf-8"))
        with np.load(folder / ARRAYS, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except OSError as error:
        raise ArtifactError(f"{folder}: nothing complete is stored here ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise ArtifactError(f"{folder}: what is stored cannot be read ({error})") from error
    if not isinstance(content, dict):
        raise ArtifactError(f"{folder}: {CONTENT} holds something else")
    return content, arrays


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
