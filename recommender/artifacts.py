"""Store fitted models as data: JSON and npz with checksums. No pickle; loading runs no stored code."""

import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from recommender.base import Recommender
from recommender.errors import ArtifactError, DataError, UnknownModelError
from recommender.ids import Ids
from recommender.models import create

FORMAT = 1
MODEL, ARRAYS, MANIFEST = "model.json", "arrays.npz", "manifest.json"


def save(model: Recommender, folder: str | Path) -> str:
    """Write a fitted model to a folder and return the digest (SHA-256) of its manifest.

    The folder appears whole or not at all and must not exist yet. Keep the digest elsewhere and pass it
    to load: checksums beside the data prove that it is undamaged, only a digest from elsewhere proves
    that it is the same.
    """
    folder = Path(folder)
    if folder.exists():
        raise ArtifactError(f"{folder} exists already; a stored model is never overwritten")
    writer = _Writer()
    content = {"format": FORMAT, "model": writer.write(model)}
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        (draft / MODEL).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        np.savez(draft / ARRAYS, **writer.arrays)
        digests = {name: _sha256(draft / name) for name in (MODEL, ARRAYS)}
        (draft / MANIFEST).write_text(json.dumps({"format": FORMAT, "sha256": digests}), encoding="utf-8")
        draft.chmod(0o755)
        digest = _sha256(draft / MANIFEST)
        os.rename(draft, folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return digest


def load(folder: str | Path, digest: str | None = None) -> Recommender:
    """Read a model back; raises ArtifactError where anything differs from what was saved."""
    folder = Path(folder)
    try:
        if digest is not None and _sha256(folder / MANIFEST) != digest:
            raise ArtifactError(f"{folder}: this is not the model that was stored (manifest differs)")
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
            raise ArtifactError(f"{folder}: written in another format; train the model again")
        for name in (MODEL, ARRAYS):
            if _sha256(folder / name) != manifest.get("sha256", {}).get(name):
                raise ArtifactError(f"{folder}: {name} is damaged or was changed (checksum differs)")
        content = json.loads((folder / MODEL).read_text(encoding="utf-8"))
        with np.load(folder / ARRAYS, allow_pickle=False) as arrays:
            model = _Reader(arrays).read(content["model"])
    except OSError as error:
        raise ArtifactError(f"{folder}: no complete model is stored here ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, zipfile.BadZipFile) as error:
        raise ArtifactError(f"{folder}: the stored model cannot be read ({error})") from error
    except (UnknownModelError, DataError) as error:
        raise ArtifactError(f"{folder}: {error}") from error
    if not isinstance(model, Recommender):
        raise ArtifactError(f"{folder}: holds no model")
    return model


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Writer:
    """Turn a model into JSON values and named arrays; what several models share is stored once."""

    def __init__(self) -> None:
        self.arrays: dict[str, Any] = {}
        self._kept: dict[int, tuple[Any, dict[str, Any]]] = {}

    def write(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float | str):
            return value
        if isinstance(value, np.generic):
            return value.item()
        if isinstance(value, list | tuple):
            return {"kind": "list", "values": [self.write(part) for part in value]}
        if isinstance(value, dict):
            if not all(isinstance(key, str) for key in value):
                raise ArtifactError("only texts can be keys in a stored model")
            return {"kind": "map", "values": {key: self.write(part) for key, part in value.items()}}
        if id(value) not in self._kept:
            # The value is kept beside its note: a freed object's id may come back as another's.
            self._kept[id(value)] = (value, self._object(value))
        return self._kept[id(value)][1]

    def _object(self, value: Any) -> dict[str, Any]:
        if isinstance(value, np.ndarray) and value.dtype != object:
            return {"kind": "array", "name": self._array(value)}
        if sp.issparse(value):
            csr = value.tocsr()
            parts = {name: self._array(getattr(csr, name)) for name in ("data", "indices", "indptr")}
            return {"kind": "csr", "shape": list(csr.shape), **parts}
        if isinstance(value, Ids):
            return {"kind": "ids", "values": list(value)}
        if isinstance(value, Recommender):
            learned = {name: self.write(part) for name, part in vars(value).items() if name.endswith("_")}
            params = {name: self.write(part) for name, part in value.get_params().items()}
            return {"kind": "model", "name": value.name, "params": params, "learned": learned}
        raise ArtifactError(f"a {type(value).__name__} cannot be stored without pickling")

    def _array(self, array: Any) -> str:
        name = f"a{len(self.arrays)}"
        self.arrays[name] = array
        return name


class _Reader:
    """Build the model again from JSON values and arrays."""

    def __init__(self, arrays: Any) -> None:
        self._arrays = arrays
        self._csr: dict[str, Any] = {}
        self._ids: dict[int, Ids] = {}

    def read(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        kind = value["kind"]
        if kind == "list":
            return tuple(self.read(part) for part in value["values"])
        if kind == "map":
            return {key: self.read(part) for key, part in value["values"].items()}
        if kind == "array":
            return self._arrays[value["name"]]
        if kind == "csr":
            return self._matrix(value)
        if kind == "ids":
            return Ids(value["values"])
        if kind == "model":
            return self._model(value)
        raise ArtifactError(f"unknown kind '{kind}' in a stored model")

    def _matrix(self, value: dict[str, Any]) -> Any:
        if value["data"] not in self._csr:
            parts = tuple(self._arrays[value[name]] for name in ("data", "indices", "indptr"))
            matrix = sp.csr_matrix(parts, shape=tuple(value["shape"]))
            # Positions outside of the matrix would make scipy read foreign memory.
            matrix.check_format(full_check=True)
            self._csr[value["data"]] = matrix
        return self._csr[value["data"]]

    def _model(self, value: dict[str, Any]) -> Recommender:
        params = {name: self.read(part) for name, part in value["params"].items()}
        model = create(value["name"], **params)
        for name, part in value["learned"].items():
            if not name.endswith("_") or name.startswith("_"):
                raise ArtifactError(f"'{name}' is not something a model learns")
            setattr(model, name, self.read(part))
        return model
