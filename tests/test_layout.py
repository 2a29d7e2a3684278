"""The layout: platform/ stays a source root, and no app hides a module of somebody else."""

import importlib.metadata
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE_ROOTS = (ROOT / "platform", ROOT)


def own_packages() -> set[str]:
    """Return the names under which our code is imported."""
    return {
        folder.name
        for root in SOURCE_ROOTS
        for folder in root.iterdir()
        if (folder / "__init__.py").is_file() and folder.name != "tests"
    }


def test_platform_is_no_package():
    assert not (ROOT / "platform" / "__init__.py").exists()
    import platform

    assert Path(platform.__file__).name == "platform.py"
    assert platform.python_version_tuple()


def test_no_package_hides_the_standard_library_or_a_distribution():
    installed = set(importlib.metadata.packages_distributions())
    taken = sys.stdlib_module_names | installed
    assert own_packages() & taken == set()


def test_the_tree_is_the_one_on_the_card():
    for path in (
        "manage.py",
        "platform",
        "recommender",
        "campaigns",
        "templates",
        "tests",
        "requirements.txt",
        "docker-compose.yml",
    ):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_dependency_is_pinned(name):
    lines = (ROOT / name).read_text().splitlines()
    named = [line for line in lines if line and not line.startswith((" ", "#", "-r"))]
    assert named
    assert [line for line in named if "==" not in line] == []


def test_apps_use_the_agreed_file_names():
    """A file name that several apps could share means the same in all of them."""
    odd = {"views_api.py", "serializers_api.py", "utils.py", "helpers.py", "common.py", "misc.py"}
    found = {path for root in SOURCE_ROOTS for path in root.glob("*/*.py") if path.name in odd}
    assert found == set()
