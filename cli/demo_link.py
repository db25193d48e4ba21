"""A server for the update's demo, behind a link that breaks: each connection ends after some bytes.

Serves one folder on this machine, with Range, as the release office's web server does.
"""

import contextlib
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_FROM = re.compile(r"bytes=(\d{1,12})-")


@dataclass
class BrokenLink:
    """url: of the folder. breaks_after: bytes of each connection. breaks: how often it broke."""

    url: str
    breaks_after: int
    breaks: int = 0


@contextlib.contextmanager
def broken_link(folder: Path, breaks_after: int) -> Iterator[BrokenLink]:
    """Serve a folder until the end, over a link that breaks."""
    link = BrokenLink("", breaks_after)
    handler = type("_Of", (_Handler,), {"folder": folder.resolve(), "link": link})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        link.url = f"http://127.0.0.1:{server.server_address[1]}/"
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        try:
            yield link
        finally:
            server.shutdown()
            serving.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder: Path
    link: BrokenLink

    def setup(self) -> None:
        """Begin a connection: so much goes through it."""
        super().setup()
        self.left = self.link.breaks_after

    def log_message(self, *_: object) -> None:
        """Say nothing: the client tells what it does."""

    def do_GET(self) -> None:
        """Hand out a file, from the byte that is asked for."""
        path = (self.folder / self.path.lstrip("/")).resolve()
        if not path.is_relative_to(self.folder) or not path.is_file():
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        data = path.read_bytes()
        found = _FROM.fullmatch(self.headers.get("Range", ""))
        start = int(found[1]) if found and int(found[1]) < len(data) else 0
        self.send_response(HTTPStatus.PARTIAL_CONTENT if start else HTTPStatus.OK)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        part = data[start : start + self.left]
        self.wfile.write(part)
        self.left -= len(part)
        if start + len(part) < len(data):
            self.link.breaks += 1
            self.close_connection = True
