"""What recommendations cost: `python -m benchmarks.serving`, whose head says what is measured."""

import os
import sys
from pathlib import Path

import django

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
# Its shop lives now, in the web server, too; a demo in this checkout lives in its past.
os.environ["SHOP_AS_OF"] = ""

django.setup()
