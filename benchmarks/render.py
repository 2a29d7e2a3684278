"""What rendering a message for one person costs: a starter with five products, in each of its languages.

`python -m benchmarks.render [--quick]`. All four parts are rendered: subject, preheader, HTML and text.
Processor time is counted, so that what else the machine does changes little.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

import django  # noqa: E402

django.setup()

from django.utils import translation  # noqa: E402

from benchmarks.measuring import peak_mb  # noqa: E402
from campaigns.content.mail.look import Look  # noqa: E402
from campaigns.content.rendering import render_made  # noqa: E402
from campaigns.content.starters.chinese import CHINESE  # noqa: E402
from campaigns.content.starters.english import STARTERS  # noqa: E402
from campaigns.content.variables import SAMPLE  # noqa: E402
from campaigns.content.wording import Wording, compile_wording  # noqa: E402

LIMIT_MS = 1.0
PRODUCTS = [
    ("Merino base layer", "59.00", "You buy this often"),
    ("Winter running gloves", "29.00", "Goes with what you buy"),
    ("Head torch 400 lm", "60.00", "Popular right now"),
    ("Insulated bottle", "35.00", "Fits your taste"),
    ("Trail shoes", "120.00", "About time to buy this again"),
]


def main() -> None:
    """Measure and print."""
    quick = "--quick" in sys.argv
    rounds, each = (3, 200) if quick else (9, 500)
    people = [_person(SAMPLE, number) for number in range(50)]
    results, worst = [], 0.0
    for key in ("recommendations", "digest", "cart"):
        fields = STARTERS[key]
        wording = Wording(
            fields["subject"], fields["blocks"], fields["preheader"], "en", {"zh-hans": CHINESE[key]}
        )
        compile_ms = _best(lambda w=wording: compile_wording(w, Look()), rounds, 5)
        made = compile_wording(wording, Look())
        for language, parts in (("en", made.own), ("zh-hans", made.others["zh-hans"])):
            with translation.override(language):
                turn = iter(range(10**9))
                ms = _best(lambda p=parts, t=turn: render_made(p, people[next(t) % 50]), rounds, each)
            worst = max(worst, ms)
            print(f"{key:16} {language:8} render {ms:.3f} ms  compile {compile_ms:.1f} ms", file=sys.stderr)
    results.append(
        {"key": "render_ms", "figure": round(worst, 3), "unit": "ms", "limit": LIMIT_MS,
         "ratio": round(worst / LIMIT_MS, 3)}
    )  # fmt: skip
    print(json.dumps({"name": "render", "cores": os.cpu_count(), "peak_mb": peak_mb(), "results": results}))


def _person(sample: dict[str, Any], number: int) -> dict[str, Any]:
    values = deepcopy(sample)
    values["customer"]["first_name"] = f"Ada {number}"
    values["products"] = [
        {
            "sku": f"s{place}", "name": name, "price": price, "currency": "USD", "reason": reason,
            "url": f"https://shop.example/p/{place}", "image_url": f"https://shop.example/i/{place}.jpg",
        }
        for place, (name, price, reason) in enumerate(PRODUCTS)
    ]  # fmt: skip
    return values


def _best(work: Callable[[], object], rounds: int, each: int) -> float:
    """Return the quickest of the rounds, in ms of processor time for each call."""
    work()
    taken = []
    for _round in range(rounds):
        began = time.thread_time()
        for _turn in range(each):
            work()
        taken.append((time.thread_time() - began) * 1000 / each)
    return min(taken)


if __name__ == "__main__":
    main()
