"""Write the chart library for the browser out of the package that draws charts on the server."""

from typing import Any

import vl_convert
from django.conf import settings
from django.core.management import BaseCommand

from core.charts import BUNDLE, VEGA_LITE


class Command(BaseCommand):
    """Build `static/charts/vega.js` when it is missing or of another version. About 2 s."""

    help = __doc__
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the bundle, marked by its versions, so that it is built once for each."""
        target = settings.ROOT / "static" / BUNDLE
        mark = f"/* vl-convert {vl_convert.__version__}, Vega-Lite {VEGA_LITE} */\n"
        if target.exists():
            with target.open(encoding="utf-8") as file:
                if file.readline() == mark:
                    return
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(".part")
        part.write_text(mark + vl_convert.javascript_bundle(vl_version=VEGA_LITE), encoding="utf-8")
        part.replace(target)
        if options["verbosity"]:
            self.stderr.write(f"{target}: {target.stat().st_size // 1024} KB")
