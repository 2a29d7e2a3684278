"""In production a module names what it imports as its content is, so that releases never mix."""

import re
import shutil

from config.embedded.places import ROOT
from config.static_storage import _MODULES, StaticStorage


def test_modules_import_each_other_by_names_of_their_content(tmp_path):
    folders = {pattern.partition("/")[0] for pattern in _MODULES}
    assert folders == {path.parent.name for path in (ROOT / "static").glob("*/*.js") if _imports(path)}
    storage = StaticStorage(location=tmp_path, base_url="/static/")
    for folder in folders:
        shutil.copytree(ROOT / "static" / folder, tmp_path / folder)
    files = {str(path.relative_to(tmp_path)): (storage, path) for path in tmp_path.rglob("*.js")}
    made = {}
    for name, hashed, done in storage.post_process({name: (storage, name) for name in files}, dry_run=False):
        assert not isinstance(done, Exception), done
        if name in files and hashed.endswith(".js"):
            made[name] = hashed
    assert set(made) == set(files)
    for hashed in made.values():
        for found in _imports(tmp_path / hashed):
            assert re.search(r"\.[0-9a-f]{12}\.js$", found), (hashed, found)
            assert ((tmp_path / hashed).parent / found).exists()


def _imports(path):
    return re.findall(r"""from\s*["'](\.[^"']+)["']""", path.read_text())
