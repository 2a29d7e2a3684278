"""An SMTP server that accepts and forgets, in a process of its own: `python -m benchmarks.blackhole`.

With `--bare` it speaks just enough of SMTP for senders that make no mistakes, so that it takes next to no
processor time from those that are measured.
"""

import asyncio
import logging
import sys

from aiosmtpd.smtp import SMTP


class Forget:
    """Accept everything, and commands in groups as Postfix and Exim do (RFC 2920)."""

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802
        """Say so."""
        session.host_name = hostname
        return [responses[0], "250-PIPELINING", *responses[1:]]

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        """Answer at once."""
        return "250 OK"


class Bare(asyncio.Protocol):
    """Answer each command by its first word, and a whole mail by its closing dot."""

    ANSWERS = {
        b"DATA": b"354 go on\r\n",
        b"EHLO": b"250-here\r\n250-PIPELINING\r\n250 8BITMIME\r\n",
        b"QUIT": b"221 bye\r\n",
    }

    def connection_made(self, transport):
        """Greet."""
        self.transport, self.rest, self.in_data = transport, b"", False
        transport.write(b"220 ready\r\n")

    def data_received(self, data):
        """Answer all that is complete."""
        self.rest += data
        answers = []  # to a group of commands in one write, as servers do
        while self.rest:
            end = b"\r\n.\r\n" if self.in_data else b"\r\n"
            line, found, rest = self.rest.partition(end)
            if not found:
                break
            self.rest = rest
            word = b"." if self.in_data else line[:4].upper()
            self.in_data = word == b"DATA"
            answers.append(self.ANSWERS.get(word, b"250 OK\r\n"))
        self.transport.write(b"".join(answers))
        if answers and answers[-1] == self.ANSWERS[b"QUIT"]:
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
