"""Requests of a page in a real browser, served by this process: waits on purpose, error bodies, and hosts it calls."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Page

from firstbell.artifacts.request_failures import FailedRequest
from firstbell.artifacts.traffic import Traffic

pytestmark = pytest.mark.browser

ERRORS = {
    "/login": (401, "application/json", {"error": "invalid_grant", "error_description": "Bad credentials", "id": 7}),
    "/token": (
        400,
        "application/json",
        {"message": "of ana@school.example", "errors": [{"detail": "k3f9tq7Lw02mZx8Rb4Nc6Vd1"}]},
    ),
    "/html": (500, "text/html", "<h1>Stack</h1>"),
    "/long": (500, "application/json", {"message": "x" * 20000}),
    "/text": (503, "text/plain", "Maximum number of participants reached"),
    "/fine": (200, "application/json", {"message": "secret of a good answer"}),
}
PAGE = """<script>
const post = path => fetch(path, {method: 'POST'}).then(one => one.text());
addEventListener('load', async () => {
  new EventSource('/feed');
  fetch('/api/poll?timeout=30');
  fetch('/report');
  for (const path of %s) await post(path);
  await fetch('http://127.0.0.1:%d/refused').catch(() => 0);
  await fetch('http://127.0.0.1:' + location.port + '/other-origin').catch(() => 0);
  document.title = 'done';
});
</script>"""


class Server(BaseHTTPRequestHandler):
    """A page, error answers, and addresses that never answer."""

    over: threading.Event
    closed_port: int

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = self.path.partition("?")[0]
        if path in ("/feed", "/api/poll", "/report"):
            self.over.wait(30)
            return
        status, kind, content = ERRORS.get(path, (200, "text/html", PAGE % (json.dumps([*ERRORS]), self.closed_port)))
        body = (content if isinstance(content, str) else json.dumps(content)).encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    Server.over = threading.Event()
    # Bound and not listening: a connection is refused, and no other process can take the port.
    closed = socket.socket()
    closed.bind(("127.0.0.1", 0))
    Server.closed_port = closed.getsockname()[1]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"localhost:{server.server_port}"
    Server.over.set()
    server.shutdown()
    server.server_close()
    closed.close()


def test_requests_of_a_page_are_told_apart(page: Page, site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firstbell.artifacts.traffic.LONG_WAIT_S", 0.0)
    traffic = Traffic()
    page.on("request", traffic.on_request)
    page.on("response", traffic.on_response)
    page.on("requestfinished", traffic.on_request_finished)
    page.on("requestfailed", traffic.on_request_failed)
    page.goto(f"http://{site}/")
    page.wait_for_function("document.title === 'done'")
    found = traffic.failed_requests(with_words=True)
    by_path = {request.path: request for request in found}

    assert _waits(found) == {("/feed", True), ("/api/poll", True), ("/report", False)}
    assert by_path["/login"].said == "invalid_grant: Bad credentials"
    assert by_path["/token"].said == "of ***: ***"
    assert by_path["/text"].said == "Maximum number of participants reached"
    assert by_path["/html"].said == by_path["/long"].said == ""
    assert "/fine" not in by_path
    assert by_path["/refused"].error == "net::ERR_CONNECTION_REFUSED"
    assert by_path["/other-origin"].error == "net::ERR_FAILED"
    assert {(request.from_host, request.page_host) for request in found if request.path != "/favicon.ico"} == {
        (site, site)
    }
    assert "Bad credentials" not in json.dumps(traffic.document()), "words go to the diagnosis and not into a file"
    # The page closes its open requests, so that the next test's server does not wait for them.
    page.goto("about:blank")


def _waits(found: tuple[FailedRequest, ...]) -> set[tuple[str, bool]]:
    return {(request.path, request.meant_to_wait) for request in found if request.waited_s}
