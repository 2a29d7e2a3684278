"""The Open Bandit sample: what ZOZOTOWN's recommender showed, with its propensities, beside a random one.

Saito, Aihara, Matsutani & Narita 2021 (NeurIPS, Datasets and Benchmarks), arXiv 2008.07146. The CSVs lie in
the package `obp`, which itself drags in torch: only its wheel is downloaded, and only the CSVs are taken out.
"""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

PACKAGE = "obp==0.4.1"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "rapport" / "open-bandit"
INSIDE = "obp/dataset/obd/"


def folder() -> Path | None:
    """Return the folder that holds `bts` and `random`: OPEN_BANDIT, the cache, or freshly downloaded.

    None where it cannot be had.
    """
    if named := os.environ.get("OPEN_BANDIT"):
        found = Path(named)
        if not (found / "bts").is_dir():
            raise FileNotFoundError(f"OPEN_BANDIT names {found}, which holds no folder bts.")
        return found
    if not (CACHE / "bts").is_dir():
        _download()
    return CACHE if (CACHE / "bts").is_dir() else None


def _download() -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    asked = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(CACHE), PACKAGE]
    if subprocess.run(asked, check=False, timeout=300).returncode:
        return
    for wheel in CACHE.glob("obp-*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if name.startswith(INSIDE) and name.endswith(".csv"):
                    target = CACHE / name.removeprefix(INSIDE)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(archive.read(name))
