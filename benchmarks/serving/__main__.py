"""What recommendations cost: `python -m benchmarks.serving [--quick]`. Its last line is JSON.

all_lists_200k_seconds   lists of 20 for 200,000 customers over 20,000 products by the hybrid, from the
                         fitted model to the last row committed, one objective, against 120; `peak_mb` is
                         this process's; `all_lists_growth` the cost of a customer against that with a
                         quarter of the customers
precomputed_p99_ms       the slowest hundredth of GET /customers/{id}/recommendations where the list is
                         ready, 200 calls a second for 20 s over 16 connections, against 15
fold_in_p99_ms           the same for customers who bought something since: the model is folded in anew,
                         against 40
bare_p99_ms              the limit beside them: a view with the same key check that answers ten products
                         by heart, in the same minute

Calls are sent by the clock, one every 5 ms, whether earlier ones were answered or not, and timed from the
moment at which they were due. A training job (the hybrid on the same purchases, again and again, as the
training worker runs it) takes what it gets all the time; clients, web server and PostgreSQL share the machine
with it.
--quick takes a twentieth of the customers and 5 s.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from benchmarks.serving import ROOT  # isort: skip – sets Django up
from accounts.keys import create_key
from accounts.models import Scope
from benchmarks.ingest.server import Cpu, web_server
from benchmarks.ingest.storage import DATABASE, execute, say, server_address
from benchmarks.measuring import peak_mb, result
from benchmarks.serving.load import paced
from benchmarks.serving.shop import buy, make
from catalog.models import Product
from config.workers import fewer_threads, step_back
from core import clock
from recommendations.artifacts import store
from recommendations.frames import products, purchases
from recommendations.models import Champion, ModelVersion, Objective, Strategy
from recommendations.services.lists import precompute_lists
from recommendations.services.registry import admit
from recommendations.services.training import dataset_of
from recommendations.strategies import ensure_strategies, use_key
from recommender.models import Hybrid
from recommender.reading import clean_interactions

#: A blend as fitted on such shops; searching for it is training, not serving.
BLEND = {
    "own-frequency": 0.2, "own-recent": 0.1, "own-lasting": 0.1, "user-knn": 0.25, "item-knn": 0.15,
    "als": 0.15, "recent-popularity": 0.05,
}  # fmt: skip


def hybrid() -> Hybrid:
    """Return the model under test, unfitted."""
    return Hybrid(prior_weights=dict.fromkeys(Objective.values, BLEND), prior_strength=float("inf"))


def train(now: Any) -> tuple[ModelVersion, Any]:
    """Fit and store the hybrid on the shop's purchases, without lists."""
    ensure_strategies(now)
    strategy = Strategy.objects.get(key="hybrid")
    started = time.perf_counter()
    model = hybrid().fit(dataset_of(clean_interactions(purchases(now)), products(), now))
    say(f"  fitted in {time.perf_counter() - started:.0f} s, {peak_mb():.0f} MB at most")
    version = ModelVersion(strategy=strategy, as_of=now, code_version="benchmark", created_at=now)
    version.artifact, version.checksum = store(model, version.pk)
    version.save()
    return version, model


def lists_seconds(version: ModelVersion, model: Any) -> tuple[float, float]:
    """Return the seconds of all lists of one objective, and how a customer's cost grew after a quarter."""
    marks: list[tuple[int, float]] = []
    started = time.perf_counter()
    cpu = time.process_time()

    def note(done: int, total: int | None = None, message: str = "") -> None:
        marks.append((done, time.perf_counter() - started))

    count = precompute_lists(
        version, model, now=version.as_of, objectives=[Objective.REPLENISH], progress=note
    )
    taken = time.perf_counter() - started
    done, at = next(mark for mark in marks if mark[0] >= count / 4)
    say(f"  {count:,} lists in {taken:.1f} s, {time.process_time() - cpu:.0f} s of processor time here")
    return taken, (taken / count) / (at / done)


def p99(seconds: list[float]) -> float:
    """Return the slowest hundredth in ms."""
    return 1000 * statistics.quantiles(seconds, n=100)[98]


def keep_training(now: Any) -> None:
    """Train again and again, as the training worker does, until somebody ends it."""
    step_back()
    dataset = dataset_of(clean_interactions(purchases(now)), products(), now)
    print("training", flush=True)
    while True:
        hybrid().fit(dataset)


def serve(customers: int, seconds: int, now: Any, version: ModelVersion) -> list[dict[str, Any]]:
    """Return the figures of the three kinds of calls, a training beside them."""
    environment = os.environ | {"DATABASE_URL": server_address(DATABASE), "REDIS_URL": settings.REDIS_URL}
    training = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.serving", "--train", now.isoformat()],
        cwd=ROOT, env=environment | fewer_threads(), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert training.stdout is not None
        training.stdout.readline()
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "benchmarks.serving.bare",
            "BENCHMARK_ARTIFACTS": str(settings.ARTIFACTS),
        }
        key = create_key(name="benchmark", scopes=[Scope.RECOMMENDATIONS_READ], now=now)[1]
        half = customers // 2
        calls = {
            "bare": ["/api/v1/bare"],
            "precomputed": [
                f"/api/v1/customers/customer-{n}/recommendations?strategy=hybrid" for n in range(half)
            ],
            "fold_in": [
                f"/api/v1/customers/customer-{n}/recommendations?strategy=hybrid"
                for n in range(half, half + min(half, 20_000))
            ],
        }
        buyers = [path.split("/")[4] for path in calls["fold_in"]]
        buy(buyers, Product.objects.values_list("pk", flat=True)[7], clock.now())
        figures: dict[str, float] = {}
        with web_server() as (address, pid):
            cpu = Cpu(pid)
            for paths in calls.values():  # connections, plans, caches, and the model in every process
                paced(paths, address, key, 4)
            time.sleep(5)
            for name, paths in calls.items():
                before = cpu.read()
                taken = paced(paths, address, key, seconds)
                after = cpu.read()
                spent = {part: after[part] - before[part] for part in after} | {"client": taken.cpu}
                figures[name] = p99(taken.seconds)
                told = ", ".join(
                    f"{part} {1000 * cost / len(taken.seconds):.2f}" for part, cost in spent.items()
                )
                middle = 1000 * statistics.median(taken.seconds)
                say(f"  {name}: p50 {middle:.1f} ms, p99 {figures[name]:.1f} ms; cpu_ms a call: {told}")
        sources = execute(
            "SELECT s.key, sum(s.value::int) FROM recommendations_decision d"
            " CROSS JOIN jsonb_each_text(d.context->'sources') s GROUP BY 1"
        )
        say(f"  places by source: {dict(sources)}")
        if not dict(sources).get("folded"):
            raise SystemExit("Nobody was folded in.")
        return [
            result("precomputed_p99_ms", figures["precomputed"], "ms", 15),
            result("fold_in_p99_ms", figures["fold_in"], "ms", 40),
            result("precomputed_vs_bare", figures["precomputed"], "ms", figures["bare"]),
            result("fold_in_vs_bare", figures["fold_in"], "ms", figures["bare"]),
        ]
    finally:
        training.kill()
        training.wait()


def main() -> None:
    """Measure in a database of its own, which is dropped afterwards."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a twentieth of the customers")
    parser.add_argument("--customers", type=int, default=200_000)
    parser.add_argument("--lists", action="store_true", help="measure the lists only, nothing over REST")
    parser.add_argument(
        "--train", metavar="MOMENT", help="only train, again and again, on the database in use"
    )
    options = parser.parse_args()
    if options.train:
        keep_training(clock.parse_moment(options.train))
    customers, seconds = (10_000, 5) if options.quick else (options.customers, 20)
    name = connection.settings_dict["NAME"]
    connection.settings_dict["TEST"]["NAME"] = DATABASE
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    with tempfile.TemporaryDirectory() as folder:
        settings.ARTIFACTS = Path(folder)
        try:
            now = clock.now()
            make(customers, 20_000, now)
            version, model = train(now)
            Champion.objects.update_or_create(
                use=use_key("email", Objective.REPLENISH),
                defaults={"strategy": version.strategy, "since": now},
            )
            taken, growth = lists_seconds(version, model)
            peak = peak_mb()
            del model
            admit(version, now=now)
            execute("VACUUM ANALYZE recommendations_recommendationlist")
            results = [
                result("all_lists_200k_seconds", taken, "s", 120 * customers / 200_000),
                result("all_lists_growth", growth, "", 1.3),
            ]
            if not options.lists:
                results += serve(customers, seconds, now, version)
        finally:
            connection.creation.destroy_test_db(name, verbosity=0)
    cores = len(os.sched_getaffinity(0))
    print(json.dumps({"name": "serving", "cores": cores, "peak_mb": round(peak), "results": results}))


if __name__ == "__main__":
    main()
