import json
import shutil

import numpy as np
import pytest

from recommender import ArtifactError, Dataset, create, load, save
from recommender.storage import ARRAYS, CONTENT, MANIFEST, read_folder, write_folder
from tests.recommender.shops import two_tastes


@pytest.fixture
def stored(tmp_path):
    interactions, items = two_tastes(4)
    model = create("item-knn").fit(Dataset.from_frame(interactions, items))
    return tmp_path / "model", save(model, tmp_path / "model")


@pytest.mark.parametrize("name", [CONTENT, ARRAYS, MANIFEST])
def test_a_changed_byte_is_refused(stored, name):
    folder, digest = stored
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(ArtifactError):
        load(folder, digest)


@pytest.mark.parametrize("name", [CONTENT, ARRAYS, MANIFEST])
def test_a_missing_file_is_refused(stored, name):
    folder, digest = stored
    (folder / name).unlink()
    with pytest.raises(ArtifactError, match="nothing complete is stored here"):
        load(folder, digest)


def test_a_model_exchanged_with_its_manifest_is_refused_by_the_digest(stored, tmp_path):
    folder, digest = stored
    other = create("popularity").fit(Dataset.from_frame(two_tastes(3)[0]))
    shutil.rmtree(folder)
    save(other, folder)
    assert load(folder).name == "popularity"
    with pytest.raises(ArtifactError, match="not what was stored"):
        load(folder, digest)


def test_a_pickle_in_the_arrays_is_never_opened(tmp_path):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("code of an artefact was run",))

    folder = tmp_path / "trap"
    write_folder(folder, {"model": {}}, {"a0": np.zeros(1)})
    np.savez(folder / ARRAYS, a0=np.array([Trap()], dtype=object))
    import hashlib

    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["sha256"][ARRAYS] = hashlib.sha256((folder / ARRAYS).read_bytes()).hexdigest()
    (folder / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(ArtifactError, match="cannot be read"):
        load(folder)


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"model": 3},
        {"model": {"kind": "module", "name": "os"}},
        {"model": {"kind": "model", "name": "os.system", "params": {}, "learned": {}}},
        {"model": {"kind": "model", "name": "als", "params": {"shell": 1}, "learned": {}}},
        {"model": {"kind": "model", "name": "popularity", "params": {}, "learned": {"__class__": 1}}},
        {"model": {"kind": "model", "name": "popularity", "params": {}, "learned": {"fit": 1}}},
    ],
)
def test_only_known_models_with_learned_data_are_built(tmp_path, content):
    write_folder(tmp_path / "odd", content, {})
    with pytest.raises(ArtifactError):
        load(tmp_path / "odd")


def test_an_unfitted_model_and_a_taken_folder_are_refused(stored):
    folder, _ = stored
    with pytest.raises(ArtifactError, match="not fitted"):
        save(create("als"), folder.parent / "other")
    with pytest.raises(ArtifactError, match="exists already"):
        save(load(folder), folder)
    assert sorted(path.name for path in folder.parent.iterdir()) == ["model"]


def test_a_failed_write_leaves_nothing_behind(tmp_path):
    with pytest.raises(TypeError):
        write_folder(tmp_path / "half", {"bad": object()}, {})
    assert list(tmp_path.iterdir()) == []


def test_content_and_arrays_come_back(tmp_path):
    digest = write_folder(tmp_path / "x", {"name": "绿茶"}, {"a": np.arange(3)})
    content, arrays = read_folder(tmp_path / "x", digest)
    assert content == {"name": "绿茶"}
    assert arrays["a"].tolist() == [0, 1, 2]
