"""Providers' servers on loopback: real HTTP, answers as scripted."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.patience import PATIENCE


class Server:
    """Answers each POST by `answer(path, headers, body)`: (status, headers, body) or a way to misbehave."""

    def __init__(self, answer):
        self.answer, self.calls, self.peers = answer, [], set()
        self.over = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer.calls.append((self.path, dict(self.headers), body))
                outer.peers.add(self.client_address)
                found = outer.answer(self.path, dict(self.headers), body)
                if found == "hang":
                    outer.over.wait(PATIENCE)
                    self.close_connection = True
                    return
                if found == "drop":
                    self.close_connection = True
                    return
                status, headers, text = found
                data = text if isinstance(text, bytes) else json.dumps(text).encode()
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"


@contextmanager
def serve(answer):
    """Run a server until the block ends."""
    server = Server(answer)
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.http.shutdown()
        server.http.server_close()
        thread.join()
