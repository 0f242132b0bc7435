"""A web server that shows a bag in a browser of this machine: Playwright's viewer needs a web address.

It answers only this machine, and only requests with the token in the address; it reads from memory, lists nothing and
writes nothing.
"""

from __future__ import annotations

import http.server
import mimetypes
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit

TYPES = {".webmanifest": "application/manifest+json", ".ttf": "font/ttf", ".js": "text/javascript"}


@contextmanager
def serve_files(files: Mapping[str, bytes]) -> Iterator[str]:
    """Serve files on a free port of 127.0.0.1; yields the address of their folder."""
    token = secrets.token_urlsafe(16)
    handler = type("BagHandler", (_Handler,), {"files": files, "token": token})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http://localhost:{server.server_port}/{token}/"
        finally:
            server.shutdown()
            thread.join()


class _Handler(http.server.BaseHTTPRequestHandler):
    files: Mapping[str, bytes]
    token: str
    server_version, sys_version = "FirstBell", ""

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        data = self._requested_file()
        if data is None:
            self.send_error(404)
            return
        name = urlsplit(self.path).path
        suffix = name[name.rfind(".") :] if "." in name else ""
        kind = TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        self.send_response(200)
        self.send_header(
            "Content-Type", "text/html; charset=utf-8" if kind == "text/html" or name.endswith("/") else kind
        )
        self.send_header("Content-Length", str(len(data)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if with_body:
            self.wfile.write(data)

    def _requested_file(self) -> bytes | None:
        """Return the requested file. A Host header with another name is refused: a foreign page asks by a name that it
        points here (DNS rebinding)."""
        host = self.headers.get("Host", "").rpartition(":")[0]
        path = unquote(urlsplit(self.path).path)
        prefix = f"/{self.token}/"
        if host not in ("localhost", "127.0.0.1") or not path.startswith(prefix):
            return None
        return self.files.get(path.removeprefix(prefix) or "index.html")

    def log_message(self, *_: object) -> None:
        """Log nothing: addresses contain the token."""
