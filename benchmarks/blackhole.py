"""An SMTP server that accepts and forgets, in a process of its own: `python -m benchmarks.blackhole`.

With `--bare` it speaks just enough of SMTP for senders that make no mistakes, so that it takes next to no
processor time from those that are measured.
"""

import asyncio
import logging
import sys

from aiosmtpd.smtp import SMTP


class Forget:
    """Accept everything."""

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        """Answer at once."""
        return "250 OK"


class Bare(asyncio.Protocol):
    """Answer each command by its first word, and a whole mail by its closing dot."""

    def connection_made(self, transport):
        """Greet."""
        self.transport, self.rest, self.in_data = transport, b"", False
        transport.write(b"220 ready\r\n")

    def data_received(self, data):
        """Answer all that is complete."""
        self.rest += data
        while True:
            end = b"\r\n.\r\n" if self.in_data else b"\r\n"
            line, found, rest = self.rest.partition(end)
            if not found:
                return
            self.rest = rest
            self.answer(b"." if self.in_data else line[:4].upper())

    def answer(self, word):
        """Answer one command."""
        self.in_data = word == b"DATA"
        answers = {b"DATA": b"354 go on", b"EHLO": b"250-here\r\n250 8BITMIME", b"QUIT": b"221 bye"}
        self.transport.write(answers.get(word, b"250 OK") + b"\r\n")
        if word == b"QUIT":
            self.transport.close()


async def serve(bare: bool) -> None:
    """Listen on a free port, print it, and go on until killed."""
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Bare if bare else lambda: SMTP(Forget(), loop=loop), "127.0.0.1", 0)
    print(f"listening on 127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve("--bare" in sys.argv))
