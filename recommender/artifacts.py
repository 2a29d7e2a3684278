"""Store fitted models as data, and read them back; loading runs no stored code."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from recommender.arrays import AnyArray
from recommender.base import Recommender
from recommender.errors import ArtifactError, DataError, UnknownModelError
from recommender.ids import Ids
from recommender.models import create
from recommender.storage import read_folder, write_folder


def save(model: Recommender, folder: str | Path) -> str:
    """Write a fitted model to a new folder and return the digest to keep for load; see write_folder."""
    if not hasattr(model, "items_"):
        raise ArtifactError(f"{type(model).__name__} is not fitted yet; there is nothing to store")
    writer = _Writer()
    content = {"model": writer.write(model)}
    return write_folder(folder, content, writer.arrays)


def load(folder: str | Path, digest: str | None = None) -> Recommender:
    """Read a model back; raises ArtifactError where anything differs from what was saved."""
    content, arrays = read_folder(folder, digest)
    try:
        model = _Reader(arrays).read(content["model"])
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise ArtifactError(f"{folder}: the stored model cannot be read ({error})") from error
    except (UnknownModelError, DataError) as error:
        raise ArtifactError(f"{folder}: {error}") from error
    if not isinstance(model, Recommender):
        raise ArtifactError(f"{folder}: holds no model")
    return model


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
            letters, ends = map(self._array, value.packed())
            return {"kind": "ids", "letters": letters, "ends": ends}
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

    def __init__(self, arrays: Mapping[str, AnyArray]) -> None:
        self._arrays = arrays
        self._csr: dict[str, Any] = {}
        self._ids: dict[str, Ids] = {}

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
            return self._texts(value)
        if kind == "model":
            return self._model(value)
        raise ArtifactError(f"unknown kind '{kind}' in a stored model")

    def _texts(self, value: dict[str, Any]) -> Ids:
        if value["letters"] not in self._ids:
            letters, ends = self._arrays[value["letters"]], self._arrays[value["ends"]]
            self._ids[value["letters"]] = Ids.unpacked(letters, ends)
        return self._ids[value["letters"]]

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
