"""Calls by the clock over a few kept connections, from one process that costs next to nothing."""

import random
import select
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

#: Calls a second, and connections that take turns, as many as a shop's servers keep. Of four, three may
#: happen to fall to one process of the web server, which then answers 150 calls a second beside an idle one.
RATE, CONNECTIONS = 200, 16
_END = b"\r\n\r\n"


@dataclass
class Taken:
    """The seconds that each call took, and the processor seconds of all of them on this side."""

    seconds: list[float]
    cpu: float


class _Line:
    """One connection: its calls, which of them is under way, and what has come of its answer."""

    def __init__(self, host: tuple[str, int], calls: Sequence[bytes], late: float) -> None:
        self.host, self.calls, self.late = host, calls, late
        self.done = 0
        self.under_way = False
        self.answer = bytearray()
        self.connect()

    def connect(self) -> None:
        """Open the connection: at first, and when the server says that it ends one."""
        self.socket = socket.create_connection(self.host, timeout=120)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def due(self) -> float:
        """Return when the next call is due, in seconds since the beginning."""
        return self.late + self.done * CONNECTIONS / RATE

    def send(self) -> None:
        """Send the next call."""
        self.socket.sendall(self.calls[self.done])
        self.under_way = True

    def receive(self) -> bool:
        """Take what has come and say whether it is the whole answer; anything but 200 ends the benchmark."""
        self.answer += self.socket.recv(1 << 16)
        head, end, body = self.answer.partition(_END)
        if not end:
            return False
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"The server did not answer everything: {bytes(self.answer[:300])!r}")
        head = head.lower()
        if len(body) < int(head.partition(b"content-length:")[2].partition(b"\r\n")[0]):
            return False
        if b"connection: close" in head:
            self.socket.close()
            self.connect()
        self.answer.clear()
        self.done += 1
        self.under_way = False
        return True


def paced(paths: Sequence[str], address: str, key: str, seconds: int) -> Taken:
    """Send GET calls at RATE, paths by chance, and time each from the moment at which it was due.

    Each connection calls at even distances, whether the others were answered or not; an answer that is
    late makes the next call of its connection late, which counts. 0.1 ms of processor time a call.
    """
    parts = urlsplit(address)
    head = f"HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept-Encoding: identity\r\nAuthorization: Api-Key {key}"
    lines = []
    for number in range(CONNECTIONS):
        dice = random.Random(number)
        calls = [
            f"GET {dice.choice(paths)} {head}\r\n\r\n".encode() for _ in range(RATE * seconds // CONNECTIONS)
        ]
        lines.append(_Line((parts.hostname or "", parts.port or 80), calls, number / RATE))
    taken: list[float] = []
    cpu, begin = time.process_time(), time.perf_counter()
    while any(line.done < len(line.calls) for line in lines):
        waiting = [line for line in lines if not line.under_way and line.done < len(line.calls)]
        now = time.perf_counter() - begin
        for line in waiting:
            if line.due <= now:
                line.send()
        next_due = min((line.due for line in waiting if not line.under_way), default=None)
        patience = None if next_due is None else max(next_due - (time.perf_counter() - begin), 0)
        asked = {line.socket: line for line in lines if line.under_way}
        for answered in select.select(list(asked), [], [], patience)[0]:
            line, due = asked[answered], asked[answered].due
            if line.receive():
                taken.append(time.perf_counter() - begin - due)
    for line in lines:
        line.socket.close()
    return Taken(taken, time.process_time() - cpu)
