"""The library's pages: a front door, a sign-in with a card, a catalogue, books that can be borrowed and returned."""

from __future__ import annotations

import html
import http.server
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Somebody with a library card."""

    name: str
    card: str
    pin: str


READER = Reader(name="Zz Reader", card="20001", pin="turn-the-page-7")
SECOND = Reader(name="Zz Reader Two", card="20002", pin="turn-the-page-8")
READERS = {reader.card: reader for reader in (READER, SECOND)}
BOOKS = ("Charlotte's Web", "Hatchet", "Holes", "The Giver", "The Phantom Tollbooth")

STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}"
    "nav a{margin-right:1rem}label{display:block;margin:.5rem 0}[role=alert]{border:2px solid #a00;padding:.5rem}"
)


@dataclass(slots=True, kw_only=True)
class Visit:
    """One browser's stay: who it is once signed in, and what they have on loan."""

    reader: Reader | None = None
    loans: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Library:
    """The site while it is open. `is_catalogue_down` and `is_sign_in_down` break it; `at_once` is how many were signed
    in with one card at the same time at most, and `most` the same for any card."""

    url: str
    server: http.server.ThreadingHTTPServer
    visits: dict[str, Visit] = field(default_factory=dict)
    is_catalogue_down: bool = False
    is_sign_in_down: bool = False
    inside: dict[str, int] = field(default_factory=dict)
    at_once: dict[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def until_interrupted(self) -> None:
        """Stay open until Ctrl-C."""
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return

    def entered(self, reader: Reader) -> None:
        """Count somebody in."""
        with self.lock:
            self.inside[reader.card] = self.inside.get(reader.card, 0) + 1
            self.at_once[reader.card] = max(self.at_once.get(reader.card, 0), self.inside[reader.card])

    def left(self, reader: Reader) -> None:
        """Count somebody out."""
        with self.lock:
            self.inside[reader.card] -= 1


@contextmanager
def serve(port: int = 0) -> Iterator[Library]:
    """Open the library on a port of this machine, a free one where none is named, for as long as it is needed."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Pages)
    server.daemon_threads = True
    library = Library(url=f"http://127.0.0.1:{server.server_port}", server=server)
    server.library = library  # type: ignore[attr-defined]  # how a handler finds what it serves
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield library
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Pages(http.server.BaseHTTPRequestHandler):
    """Answers one browser."""

    protocol_version = "HTTP/1.1"

    @property
    def library(self) -> Library:
        """What is served."""
        library: Library = self.server.library  # type: ignore[attr-defined]  # set in `serve`
        return library

    def do_GET(self) -> None:
        """A page."""
        asked = urlsplit(self.path)
        visit = self._visit()
        match asked.path:
            case "/":
                way_in = "<p><a href=/sign-in>Sign in</a> to borrow books.</p>"
                self._page("Library", f"<h1>Bell County Library</h1>{way_in}")
            case "/sign-in":
                self._sign_in_form("")
            case "/catalogue" if visit:
                self._catalogue(parse_qs(asked.query).get("q", [""])[0])
            case "/loans" if visit:
                self._loans(visit)
            case "/catalogue" | "/loans":
                self._go("/sign-in")
            case _:
                self._page("Not found", "<h1>There is no such page</h1>", status=404)

    def do_POST(self) -> None:
        """A form."""
        length = int(self.headers.get("Content-Length", "0"))
        given = {name: values[0] for name, values in parse_qs(self.rfile.read(length).decode()).items()}
        visit = self._visit()
        match self.path:
            case "/sign-in":
                self._sign_in(given)
            case "/borrow" if visit and given.get("book") in BOOKS:
                visit.loans.append(given["book"])
                self._go("/loans")
            case "/sign-out" if visit and visit.reader:
                self.library.left(visit.reader)
                visit.reader = None
                self._go("/")
            case _:
                self._page("Refused", "<h1>This cannot be done</h1>", status=400)

    def _sign_in_form(self, said: str, status: int = 200) -> None:
        alert = f"<p role=alert>{html.escape(said)}</p>" if said else ""
        self._page(
            "Sign in",
            f"<h1>Sign in</h1>{alert}<form method=post action=/sign-in>"
            "<label>Library card <input name=card autocomplete=username autofocus></label>"
            "<label>PIN <input name=pin type=password></label><button>Enter</button></form>",
            status=status,
        )

    def _sign_in(self, given: dict[str, str]) -> None:
        reader = READERS.get(given.get("card", ""))
        if self.library.is_sign_in_down or reader is None or reader.pin != given.get("pin"):
            said = "Sign-in is closed." if self.library.is_sign_in_down else "This card and PIN do not belong together."
            self._sign_in_form(said)
            return
        key = secrets.token_hex(8)
        self.library.visits[key] = Visit(reader=reader)
        self.library.entered(reader)
        self._go("/catalogue", cookie=f"visit={key}; HttpOnly; SameSite=Lax; Path=/")

    def _catalogue(self, sought: str) -> None:
        if self.library.is_catalogue_down:
            self._page(
                "Catalogue",
                "<h1>Catalogue</h1><p role=alert>The catalogue is being counted.</p>"
                "<script>console.error('catalogue: no answer from shelf 3')</script>",
            )
            return
        found = [book for book in BOOKS if sought.lower() in book.lower()]
        rows = "".join(
            f"<li>{html.escape(book)} <form method=post action=/borrow style=display:inline>"
            f'<button name=book value="{html.escape(book)}" aria-label="Borrow {html.escape(book)}">Borrow</button>'
            "</form></li>"
            for book in found
        )
        self._page(
            "Found" if sought else "Catalogue",
            "<h1>Catalogue</h1><form role=search><label>Title <input name=q autofocus></label>"
            "<button>Search</button></form>"
            f"<ul aria-label=Books>{rows}</ul>",
        )

    def _loans(self, visit: Visit) -> None:
        rows = "".join(f"<li>{html.escape(book)}</li>" for book in visit.loans)
        self._page(
            "My books",
            f"<h1>My books</h1><ul aria-label='On loan'>{rows}</ul>"
            "<form method=post action=/sign-out><button>Sign out</button></form>",
        )

    def _visit(self) -> Visit | None:
        """The stay that a cookie stands for; None for whoever is not signed in."""
        crumbs = SimpleCookie(self.headers.get("Cookie", ""))
        visit = self.library.visits.get(crumbs["visit"].value) if "visit" in crumbs else None
        return visit if visit and visit.reader else None

    def _page(self, title: str, body: str, status: int = 200) -> None:
        links = "<nav><a href=/>Library</a><a href=/catalogue>Catalogue</a><a href=/loans>My books</a></nav>"
        head = f'<title>{title}</title><link rel=icon href="data:,"><style>{STYLE}</style>'
        text = f"<!doctype html><html lang=en>{head}{links}<main>{body}</main>"
        self._send(status, text.encode(), {"Content-Type": "text/html; charset=utf-8"})

    def _go(self, path: str, cookie: str = "") -> None:
        self._send(303, b"", {"Location": path, **({"Set-Cookie": cookie} if cookie else {})})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body)), "Cache-Control": "no-store"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""
