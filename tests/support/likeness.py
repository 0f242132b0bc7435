"""Likenesses: small pages of our own that imitate the flows of products, served in-process at two host names."""

from __future__ import annotations

import html
import http.server
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

Form = Mapping[str, str]
Answer = Callable[[Form], str]


@dataclass
class Site:
    """Pages by path: text, or a function of the form that was sent. `port` is set while it is served."""

    pages: dict[str, str | Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    hanging: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    def url(self, path: str, host: str = "portal") -> str:
        """The address of a page; another host name is another origin."""
        return f"http://{host}.localhost:{self.port}{path}"

    def add(self, path: str, body: str | Answer) -> None:
        self.pages[path] = body


def page(body: str, title: str = "A page") -> str:
    return f"<!doctype html><html lang=en><title>{html.escape(title)}</title><body>{body}"


def form(to: str, *fields: str, button: str, alert: str = "", script: str = "") -> str:
    """A page with a form: fields are written "name:type:Label"."""
    inputs = ""
    for one in fields:
        name, kind, label = one.split(":")
        inputs += f"<p><label for={name}>{label}</label> <input id={name} name={name} type={kind}></p>"
    told = f"<p role=alert>{alert}</p>" if alert else ""
    sends = f"<form method=post action='{to}'>{inputs}<button>{button}</button></form>"
    return page(f"{told}{sends}<script>{script}</script>")


@contextmanager
def serve(site: Site) -> Iterator[Site]:
    """Serves a site on every name under localhost. `/hangs` is never answered."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({key: value[0] for key, value in parse_qs(urlsplit(self.path).query).items()})

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            self._answer({key: value[0] for key, value in parse_qs(text).items()})

        def _answer(self, sent: Form) -> None:
            path = urlsplit(self.path).path
            site.asked.append(path)
            if path == "/hangs":
                site.hanging.wait(30)
            found = site.pages.get(path)
            body = found(sent) if callable(found) else found
            redirect = body.removeprefix("-> ") if body and body.startswith("-> ") else ""
            self.send_response(303 if redirect else 200 if body else 404)
            if redirect:
                self.send_header("Location", redirect)
            data = b"" if redirect else (body or page("nothing here")).encode()
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site.port = server.server_port
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield site
        finally:
            site.hanging.set()
            server.shutdown()
