import hashlib
import json
import shutil

import numpy as np
import pytest

from recommender import ArtifactError, Dataset, create, load, save
from recommender.ids import Ids
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


def rewrite(folder, **changes):
    """Write another manifest whose checksums are right."""
    manifest = json.loads((folder / MANIFEST).read_text()) | changes
    names = [path.name for path in folder.iterdir() if path.name != MANIFEST]
    manifest["sha256"] = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in sorted(names)
    }
    (folder / MANIFEST).write_text(json.dumps(manifest))


def test_a_pickle_in_the_arrays_is_never_opened(tmp_path):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("code of an artefact was run",))

    folder = tmp_path / "trap"
    write_folder(folder, {"model": {}}, {"a0": np.zeros(1)})
    with pytest.raises(ArtifactError, match="without pickling"):
        write_folder(tmp_path / "other", {}, {"a0": np.array([Trap()], dtype=object)})
    rewrite(folder, arrays={"a0": {"dtype": "|O", "shape": [1], "at": 0}})
    with pytest.raises(ArtifactError, match="cannot be read"):
        load(folder)
    # The first format was a zip of numpy's own files.
    (folder / ARRAYS).unlink()
    np.savez(folder / "arrays.npz", a0=np.array([Trap()], dtype=object))
    rewrite(folder, format=1)
    with pytest.raises(ArtifactError, match="cannot be read"):
        load(folder)


@pytest.mark.parametrize(
    "place",
    [
        {"dtype": "<f8", "shape": [3], "at": 0},
        {"dtype": "<f8", "shape": [2], "at": 8},
        {"dtype": "<f8", "shape": [-1], "at": 0},
        {"dtype": "<f8", "shape": [2], "at": -16},
        {"dtype": "<f8", "shape": [1 << 62, 4], "at": 0},
        {"dtype": "odd", "shape": [2], "at": 0},
        {"shape": [2], "at": 0},
        3,
    ],
)
def test_an_array_outside_of_its_file_is_refused(tmp_path, place):
    write_folder(tmp_path / "odd", {}, {"a0": np.zeros(2)})
    rewrite(tmp_path / "odd", arrays={"a0": place})
    with pytest.raises(ArtifactError, match="cannot be read"):
        read_folder(tmp_path / "odd")


def test_arrays_come_back_as_they_were_and_a_change_stays_with_whoever_made_it(tmp_path):
    arrays = {
        "plain": np.arange(5, dtype=np.int32),
        "columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "empty": np.zeros((0, 4), dtype=np.float32),
        "single": np.array(7.5),
        "flags": np.array([True, False]),
        "texts": np.array(["a", "中文"]),
    }
    digest = write_folder(tmp_path / "kept", {"note": "x"}, arrays)
    content, found = read_folder(tmp_path / "kept", digest)
    assert content == {"note": "x"}
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype and found[name].shape == array.shape
        assert np.array_equal(found[name], array)
    found["plain"][0] = 99
    assert read_folder(tmp_path / "kept", digest)[1]["plain"][0] == 0


def test_what_the_first_format_kept_is_still_read(tmp_path):
    write_folder(tmp_path / "old", {"note": "x"}, {})
    (tmp_path / "old" / ARRAYS).unlink()
    np.savez(tmp_path / "old" / "arrays.npz", a0=np.arange(3))
    rewrite(tmp_path / "old", format=1)
    content, arrays = read_folder(tmp_path / "old")
    assert content == {"note": "x"} and arrays["a0"].tolist() == [0, 1, 2]


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


def test_ids_come_back_whichever_letters_they_have():
    ids = Ids(["a", "äöü", "", "\u5317\u4eac", "🙂x"])
    again = Ids.unpacked(*ids.packed())
    assert len(again) == 5
    assert again == ids
    assert list(again.codes(["\u5317\u4eac", "b", ""])) == [3, -1, 2]
    assert len(Ids.unpacked(*Ids([]).packed())) == 0


@pytest.mark.parametrize(
    ("letters", "ends"),
    [
        (b"abc", [2, 1, 3]),
        (b"abc", [1, 2]),
        (b"abc", [1, 4]),
        ("ä".encode(), [1, 2]),
        (b"\xff", [1]),
        (b"abc", []),
    ],
)
def test_ids_that_cannot_be_texts_are_refused(letters, ends):
    with pytest.raises(ValueError, match=r"ids must end|codec can't decode"):
        Ids.unpacked(np.frombuffer(letters, np.uint8), np.array(ends, np.int64))
