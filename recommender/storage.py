"""A folder of JSON and arrays with checksums: how everything learned is kept. Never a pickle.

Arrays lie one after the other in one file, which readers map into memory: processes of one host share its
pages, and what a model never touches is never read.
"""

import hashlib
import json
import mmap
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from recommender.arrays import AnyArray
from recommender.errors import ArtifactError

FORMAT = 2
CONTENT, ARRAYS, MANIFEST = "model.json", "arrays.bin", "manifest.json"
#: What the first format kept arrays in; still read.
_FIRST_FORMAT, _ZIPPED = 1, "arrays.npz"
#: Arrays begin where processors read them best.
_ALIGNED = 64


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
        places = _write_arrays(draft / ARRAYS, arrays)
        digests = {name: _sha256(draft / name) for name in (CONTENT, ARRAYS)}
        manifest = {"format": FORMAT, "sha256": digests, "arrays": places}
        (draft / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
        draft.chmod(0o755)
        digest = _sha256(draft / MANIFEST)
        draft.rename(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return digest


def read_folder(folder: str | Path, digest: str | None = None) -> tuple[dict[str, Any], dict[str, AnyArray]]:
    """Return content and arrays; raises ArtifactError where anything differs from what was written.

    Arrays are views of the mapped file. Whoever changes one changes a copy of its own pages.
    """
    folder = Path(folder)
    try:
        if digest is not None and _sha256(folder / MANIFEST) != digest:
            raise ArtifactError(f"{folder}: this is not what was stored (manifest differs)")
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if not isinstance(manifest, dict) or manifest.get("format") not in (FORMAT, _FIRST_FORMAT):
            raise ArtifactError(f"{folder}: written in another format; train again")
        zipped = manifest["format"] == _FIRST_FORMAT
        file = folder / (_ZIPPED if zipped else ARRAYS)
        for path in (folder / CONTENT, file):
            if _sha256(path) != manifest["sha256"][path.name]:
                raise ArtifactError(f"{folder}: {path.name} is damaged or was changed (checksum differs)")
        content = json.loads((folder / CONTENT).read_text(encoding="utf-8"))
        arrays = _unzip(file) if zipped else _map_arrays(file, manifest["arrays"])
    except OSError as error:
        raise ArtifactError(f"{folder}: nothing complete is stored here ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, OverflowError, zipfile.BadZipFile) as error:
        raise ArtifactError(f"{folder}: what is stored cannot be read ({error})") from error
    if not isinstance(content, dict):
        raise ArtifactError(f"{folder}: {CONTENT} holds something else")
    return content, arrays


def _write_arrays(path: Path, arrays: Mapping[str, AnyArray]) -> dict[str, Any]:
    """Write arrays one after the other and return where each lies, as the manifest keeps it."""
    places: dict[str, Any] = {}
    with path.open("wb") as file:
        for name, array in arrays.items():
            plain = np.ascontiguousarray(array).reshape(np.shape(array))
            if plain.dtype.hasobject:
                raise ArtifactError(f"'{name}' holds objects, which cannot be stored without pickling")
            file.write(b"\0" * (-file.tell() % _ALIGNED))
            places[name] = {"dtype": plain.dtype.str, "shape": list(plain.shape), "at": file.tell()}
            file.write(plain.data if plain.size else b"")
    return places


def _map_arrays(path: Path, places: Mapping[str, Any]) -> dict[str, AnyArray]:
    """Return the arrays as views of the file in memory; ValueError where one does not fit into it."""
    with path.open("rb") as file:
        size = path.stat().st_size
        # Nothing can be mapped of an empty file.
        view: Any = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) if size else b""
    arrays = {}
    for name, place in places.items():
        dtype, shape = np.dtype(str(place["dtype"])), tuple(int(length) for length in place["shape"])
        if dtype.hasobject or min(shape, default=0) < 0 or int(place["at"]) < 0:
            raise ValueError(f"'{name}' is not an array of plain values")
        count = int(np.prod(shape, dtype=object))
        if not count:
            arrays[name] = np.empty(shape, dtype)
        else:
            arrays[name] = np.frombuffer(view, dtype, count, int(place["at"])).reshape(shape)
    return arrays


def _unzip(path: Path) -> dict[str, AnyArray]:
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
