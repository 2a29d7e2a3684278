"""A client process of the benchmarks: `python -m benchmarks.clients http|call|copy FILE …`. No Django.

It reads its work from a file of length-prefixed blocks, says *ready*, waits for a line, sends one block
after the other, and answers with one JSON line: the seconds of each, and what was not taken.
"""

import http.client
import io
import json
import struct
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2

_LENGTH = struct.Struct("<I")


def write_blocks(path: Path, blocks: Iterable[bytes]) -> None:
    """Write work for a client."""
    with path.open("wb") as file:
        for block in blocks:
            file.write(_LENGTH.pack(len(block)) + block)


def _blocks(path: str) -> Iterator[bytes]:
    content = Path(path).read_bytes()
    at = 0
    while at < len(content):
        (length,) = _LENGTH.unpack_from(content, at)
        at += _LENGTH.size
        yield content[at : at + length]
        at += length


def sender(url: str, key: str) -> Callable[[bytes], str | None]:
    """Return what posts a block to the events API over a connection that stays open."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=120)
    headers = {"Authorization": f"Api-Key {key}", "Content-Type": "application/json"}

    def send(block: bytes) -> str | None:
        connection.request("POST", "/api/v1/events", block, headers)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status == 202:
            taken = json.loads(body)
            if not (taken["duplicates"] or taken["quarantined"] or taken["rejected"]):
                return None
        return f"{answer.status} {body[:300]!r}"

    return send


def caller(url: str, key: str, path: str) -> Callable[[bytes], str | None]:
    """Return what posts a block to a call of the API that answers 200."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=120)
    headers = {"Authorization": f"Api-Key {key}", "Content-Type": "application/json"}

    def call(block: bytes) -> str | None:
        connection.request("POST", path, block, headers)
        answer = connection.getresponse()
        body = answer.read()
        return None if answer.status == 200 else f"{answer.status} {body[:300]!r}"

    return call


def copier(address: str, command: str) -> Callable[[bytes], str | None]:
    """Return what COPYs a block in a transaction of its own."""
    connection = psycopg2.connect(address)

    def copy(block: bytes) -> str | None:
        with connection, connection.cursor() as cursor:
            cursor.copy_expert(command, io.BytesIO(block))
        return None

    return copy


def main() -> None:
    """Do the work of one client."""
    kind, path, *rest = sys.argv[1:]
    blocks = list(_blocks(path))
    work = {"http": sender, "call": caller, "copy": copier}[kind](*rest)
    print("ready", flush=True)
    sys.stdin.readline()
    seconds, refused = [], []
    for block in blocks:
        start = time.perf_counter()
        if (wrong := work(block)) is not None:
            refused.append(wrong)
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"seconds": seconds, "refused": refused[:3]}))


if __name__ == "__main__":
    main()
