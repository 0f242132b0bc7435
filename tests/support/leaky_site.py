"""Web site and journey that leak a different secret at every point where a web application can."""

from __future__ import annotations

import base64
import http.server
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import Page

from tests.support.websocket_echo import echo_one_message

# Known to the run: found by value, in any encoding. One for each point.
KNOWN = {
    "typed": "planted-Typed-1",
    "pasted": "planted-Pasted-2",
    "console": "planted-Console-3",
    "storage": "planted-Storage-4",
    "exception": "planted-Exception-5",
    "path": "planted-Path-6",
    "title": "planted-Title-7",
    "base64": "planted-Base64-8",
    "inline": "planted-Inline-9",
}
# Unknown to the run: removed because of the field that they stand in.
BY_KIND = {
    "posted": "planted-posted-10",
    "query": "planted-query-11",
    "fragment": "planted-fragment-12",
    "cookie": "planted-cookie-13",
    "header": "planted-header-14",
    "turn": "planted-turn-15",
    "socket": "planted-socket-16",
    "hidden": "planted-hidden-17",
    "added": "planted-added-cookie-18",
    "argument": "planted-argument-19",
    "code": "planted-code-20",
}

# Content types of files that no rendering of a page needs, and one that is not true.
ODD = ["application/wasm", "video/mp4", "text/csv", "application/pdf", "application/octet-stream", "image/png"]

START = f"""<!doctype html><title>Leaky {KNOWN["title"]}</title><h1>Sign in</h1>
<meta name="csrf-token" content="{BY_KIND["hidden"]}">
<form method=post action=/posted>
  <label>Name <input name=name></label>
  <label>Password <input type=password name=pw></label>
  <label>Code <input autocomplete=one-time-code name=otp></label>
  <label>Note <textarea name=note></textarea></label>
  <input type=hidden name=state value="{BY_KIND["hidden"]}">
  <button>Go</button>
</form>
<script>
  console.log("signed in with {KNOWN["console"]}");
  localStorage.setItem("remember", "{KNOWN["storage"]}");
  document.forms[0].addEventListener("formdata", (event) =>
    event.formData.set("posted", {BY_KIND["posted"].split("-")}.join("-")));
  const inline = "{KNOWN["inline"]}";
  fetch("/turn").then((answer) => answer.json()).then((credentials) => (window.turn = credentials));
  for (const kind of {list(ODD)}) fetch("/odd?" + kind).then((answer) => answer.blob());
  const socket = new WebSocket(`ws://${{location.host}}/socket`);
  socket.onopen = () => socket.send({BY_KIND["socket"].split("-")}.join("-"));
  socket.onmessage = () => (document.body.dataset.socket = "heard");
</script>"""
TURN = f'{{"iceServers": [{{"urls": "turn:x", "username": "1:{BY_KIND["turn"]}", "credential": "{BY_KIND["turn"]}"}}]}}'
ENCODED = base64.b64encode(b"id:" + KNOWN["base64"].encode()).decode()
LANDED = f"""<!doctype html><h1>Landed</h1><p>{ENCODED}</p>
<script>setTimeout(() => {{ window.thrown = true; throw new Error("cannot use {KNOWN["exception"]}"); }})</script>"""


class Leaky(http.server.BaseHTTPRequestHandler):
    """Request handler of the site."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == "/socket":
            return echo_one_message(self)
        if path == "/odd":
            return self._answer("no such thing", urlsplit(self.path).query)
        if path == "/turn":
            return self._answer(TURN, "application/json")
        return self._answer(LANDED if path.startswith("/landed") else START, "text/html")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(303)
        self.send_header("Set-Cookie", f"session={BY_KIND['cookie']}")
        query, fragment = f"token={BY_KIND['query']}", f"id_token={BY_KIND['fragment']}"
        self.send_header("Location", f"/landed/{KNOWN['path']}?{query}&page=2#{fragment}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _answer(self, body: str, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Logs nothing."""


@contextmanager
def leaky_site() -> Iterator[str]:
    """Runs the site on a free port. Yields its address."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Leaky) as server:
        server.daemon_threads = True
        server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://leaky.localhost:{server.server_port}"
        server.shutdown()


def leak_everything(page: Page, address: str) -> None:
    """Plays a journey that uses every point where the site leaks."""
    page.set_extra_http_headers({"Authorization": f"Bearer {BY_KIND['header']}"})
    page.context.add_cookies([{"name": "added", "value": BY_KIND["added"], "url": address}])
    page.goto(address)
    page.evaluate("given => given.secret.length", {"secret": BY_KIND["argument"]})
    page.get_by_label("Name").fill("zz.student01")
    page.get_by_label("Password").fill(KNOWN["typed"])
    page.locator("[name=otp]").press_sequentially(BY_KIND["code"])
    page.get_by_label("Note").click()
    page.keyboard.insert_text(KNOWN["pasted"])
    page.locator("body[data-socket=heard]").wait_for(state="attached")
    page.wait_for_function("() => window.turn")
    page.get_by_role("button", name="Go").click()
    page.get_by_role("heading", name="Landed").wait_for()
    page.wait_for_function("() => window.thrown")
