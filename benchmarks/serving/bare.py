"""The settings of the web server under test: those of the product and one more address, a bare view."""

import os
import sys
from pathlib import Path

from config.settings.local import *  # noqa: F403
from config.settings.local import VAR

ROOT_URLCONF = "benchmarks.serving.urls"
ARTIFACTS = Path(os.environ.get("BENCHMARK_ARTIFACTS", str(VAR / "artifacts")))
sys.path[:0] = [str(Path(__file__).resolve().parents[2])]
