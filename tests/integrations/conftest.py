"""What all tests of imports and exports share."""

import pytest


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    """Keep uploaded files in the test's own folder, and return it."""
    settings.IMPORT_FILES = str(tmp_path)
    return tmp_path
