"""An SMTP server that accepts and forgets, as a process of its own: `python -m benchmarks.blackhole`."""

import asyncio
import logging

from aiosmtpd.smtp import SMTP


class Forget:
    """Accept everything."""

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        """Answer at once."""
        return "250 OK"


async def serve() -> None:
    """Listen on a free port, print it, and go on until killed."""
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Forget(), loop=loop), "127.0.0.1", 0)
    print(f"listening on 127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
