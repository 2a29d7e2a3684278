"""The turns that COPY and HTTP take, each with the same events from as many processes."""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from accounts.keys import create_key
from accounts.models import Scope
from benchmarks.clients import write_blocks
from benchmarks.ingest.server import Cpu
from benchmarks.ingest.shop import Shop
from benchmarks.ingest.storage import BARE, COPY, DATABASE, execute, say, server_address
from config.embedded.places import ROOT
from events.models import Event

CLIENTS = 4
BATCH = 1000


def run_clients(work: list[list[bytes]], kind: str, *arguments: str) -> tuple[float, list[float]]:
    """Let one process send each list of blocks, all at once. Return the seconds and those of each block."""
    with tempfile.TemporaryDirectory() as folder:
        clients = []
        for number, blocks in enumerate(work):
            path = Path(folder) / str(number)
            write_blocks(path, blocks)
            command = [sys.executable, "-m", "benchmarks.clients", kind, str(path), *arguments]
            clients.append(
                subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
        for client in clients:
            if client.stdout.readline() != "ready\n":  # type: ignore[union-attr]
                raise SystemExit("A client did not start.")
        start = time.perf_counter()
        for client in clients:
            client.stdin.write("go\n")  # type: ignore[union-attr]
            client.stdin.flush()  # type: ignore[union-attr]
        answers = [json.loads(client.stdout.readline()) for client in clients]  # type: ignore[union-attr]
        elapsed = time.perf_counter() - start
        for client in clients:
            client.communicate()
    for answer in answers:
        if answer["refused"]:
            raise SystemExit(f"The server did not take everything: {answer['refused']}")
    return elapsed, [s for answer in answers for s in answer["seconds"]]


class Bench:
    """The shop, the server, and the turns that COPY and HTTP take."""

    def __init__(self, shop: Shop, address: str, pid: int) -> None:
        self.shop, self.address = shop, address
        self.cpu = Cpu(pid)
        self.key = create_key(name="benchmark", scopes=[Scope.EVENTS_WRITE], now=shop.now)[1]

    def batches(self, count: int, random_ids: bool) -> list[list[list[dict[str, Any]]]]:
        """Return `count` batches of events for each client."""
        return [
            [[self.shop.event(random_id=random_ids) for _ in range(BATCH)] for _ in range(count)]
            for _ in range(CLIENTS)
        ]

    def turn(self, count: int, random_ids: bool) -> tuple[float, float, list[float]]:
        """COPY and post the same events. Return the seconds of each, and of each call."""
        batches = self.batches(count, random_ids)
        rows = [[self.shop.csv(batch) for batch in client] for client in batches]
        copied, _ = self._timed(
            "COPY", count, lambda: run_clients(rows, "copy", server_address(DATABASE), COPY)
        )
        bodies = [[orjson.dumps({"events": batch}) for batch in client] for client in batches]
        posted, calls = self._timed(
            "HTTP", count, lambda: run_clients(bodies, "http", self.address, self.key)
        )
        return copied, posted, calls

    def _timed(self, name: str, count: int, work: Callable[[], tuple[float, list[float]]]) -> Any:
        before = self.cpu.read()
        own = resource.getrusage(resource.RUSAGE_CHILDREN)
        elapsed, calls = work()
        after = self.cpu.read()
        now = resource.getrusage(resource.RUSAGE_CHILDREN)
        cost = {part: after[part] - before[part] for part in after}
        cost["clients"] = now.ru_utime + now.ru_stime - own.ru_utime - own.ru_stime
        thousands = CLIENTS * count * BATCH / 1000
        shown = ", ".join(f"{part} {1000 * seconds / thousands:.1f}" for part, seconds in cost.items())
        say(f"  {name}: {1000 * thousands / elapsed:,.0f} events/s; cpu_ms of 1,000: {shown}")
        return elapsed, calls

    def turns(
        self, count: int, times: int = 3, *, random_ids: bool = False
    ) -> tuple[float, float, list[float]]:
        """Return the best seconds of COPY and of HTTP for 1,000 events, and the seconds of all calls."""
        execute(f"TRUNCATE {BARE}")
        execute("CHECKPOINT")
        self.turn(2, random_ids)  # connections, plans and caches
        before = Event.objects.count()
        taken = [self.turn(count, random_ids) for _ in range(times)]
        if Event.objects.count() != before + times * CLIENTS * count * BATCH:
            raise SystemExit("What was answered for is not stored.")
        share = CLIENTS * count
        calls = [s for _, _, one in taken for s in one]
        return min(c for c, _, _ in taken) / share, min(p for _, p, _ in taken) / share, calls

    def single(self, count: int) -> float:
        """Return how many calls of one event each are answered in a second."""
        bodies = [[orjson.dumps(self.shop.event()) for _ in range(count)] for _ in range(CLIENTS)]
        elapsed, calls = run_clients(bodies, "http", self.address, self.key)
        say(f"  single: median {1000 * statistics.median(calls):.1f} ms")
        return CLIENTS * count / elapsed
