"""A page that leaks generated secrets at every place that it can, and the plan of what it leaks where.

A plan has plants: a secret of some alphabet in some encoding, at a place. The page gets it as a script; places that a
server leaks at are asked for by the number of the plant.
"""

from __future__ import annotations

import http.server
import json
import random
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from urllib.parse import parse_qs, quote, urlsplit

from playwright.sync_api import Page

from tests.support.websocket_echo import echo_one_message


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """A secret, as it is spelled at a place. `alphabet` names it."""

    number: int
    place: str
    alphabet: str
    encoding: str
    text: str


# Each place of the page is a function of the text `s` and the plant's number `n`; a promise is waited for.
PLACES = {
    **{f"console.{level}": f"console.{level}('of', s)" for level in ("log", "info", "warn", "error", "debug", "trace")},
    "console, a format": "console.log('%s and %o', s, { s })",
    "console, an object": "console.log({ note: { deep: [s] }, [s]: 1 })",
    "console, an error": "console.error(new Error(s))",
    "console, a table": "console.table([{ s }])",
    "console, a group": "console.group(s); console.groupEnd()",
    "console, an assertion": "console.assert(false, s)",
    "exception": "setTimeout(() => { throw new TypeError('cannot use ' + s) })",
    "rejection": "Promise.reject(new Error(s))",
    "rejection without an error": "Promise.reject({ reason: s })",
    "text": "add('p').textContent = s",
    "comment": "add('p').append(document.createComment(s))",
    "title": "document.title = s",
    **{
        f"attribute {name}": f"add('span').setAttribute('{name}', s)"
        for name in ("alt", "aria-label", "title", "data-note", "placeholder", "style", "onclick", "id", "class")
    },
    "link": "add('a').href = '/go?note=' + s + '#' + s",
    "input": "add('input').value = s",
    "text area": "add('textarea').value = s",
    "option": "add('select').append(new Option(s, s))",
    "meta": "Object.assign(add('meta'), { name: 'note', content: s })",
    "template": "add('template').innerHTML = s",
    "style sheet": "add('style').textContent = `p::after { content: ${JSON.stringify(s)} }`",
    "adopted style sheet": "{ const sheet = new CSSStyleSheet(); sheet.replaceSync(`p { --n: ${JSON.stringify(s)} }`);"
    " document.adoptedStyleSheets.push(sheet) }",
    "picture": "add('img').src = 'data:image/svg+xml,' + encodeURIComponent(`<svg><title>${s}</title></svg>`)",
    "SVG": "{ add('div').innerHTML = '<svg><title></title><text></text></svg>';"
    " for (const one of document.querySelectorAll('svg *')) one.textContent ||= s }",
    "shadow root": "add('div').attachShadow({ mode: 'open' }).textContent = s",
    "frame of its own": "add('iframe').srcdoc = '<p></p>'.replace('></', () => '>' + s.replace(/</g, '&lt;') + '</')",
    "frame by data": "add('iframe').src = 'data:text/html,' + encodeURIComponent(s)",
    "frame by blob": "add('iframe').src = URL.createObjectURL(new Blob([s], { type: 'text/html' }))",
    "local storage": "localStorage['note' + n] = s",
    "session storage": "sessionStorage['note' + n] = s",
    "cookie": "document.cookie = 'note' + n + '=' + encodeURIComponent(s)",
    "database": "new Promise((done) => { const asked = indexedDB.open('notes' + n);"
    " asked.onupgradeneeded = () => asked.result.createObjectStore('s').add(s, 1); asked.onsuccess = done })",
    "cache": "caches.open('c').then((cache) => cache.put('/cached' + n, new Response(s)))",
    "history": "history.pushState({ s }, '', '/pushed?note=' + s)",
    "name of the window": "window.name = s",
    "mark of time": "performance.mark(s)",
    "message": "new Promise((done) => { addEventListener('message', done, { once: true }); postMessage({ s }, '*') })",
    "broadcast": "new BroadcastChannel('c').postMessage(s)",
    "worker": "new Worker(URL.createObjectURL(new Blob([`console.log(${JSON.stringify(s)}); postMessage(1)`])))",
    "query": "fetch('/plain?note=' + encodeURIComponent(s) + '&page=2')",
    "raw query": "fetch('/plain?' + s)",
    "path": "fetch('/plain/' + encodeURIComponent(s) + '/more')",
    "missing path": "fetch('/missing/' + encodeURIComponent(s))",
    "header": "fetch('/plain', { headers: { 'x-note': encodeURIComponent(s) } })",
    "authorization": "fetch('/plain', { headers: { authorization: 'Basic ' + btoa(encodeURIComponent(s)) } })",
    "body": "fetch('/plain', { method: 'POST', body: s })",
    "JSON body": "fetch('/plain', { method: 'PUT', body: JSON.stringify({ s }),"
    " headers: { 'content-type': 'application/json' } })",
    "form": "fetch('/plain', { method: 'POST', body: new URLSearchParams({ s }) })",
    "form of files": "{ const form = new FormData(); form.append(s, new Blob([s]), s);"
    " fetch('/plain', { method: 'POST', body: form }) }",
    "beacon": "navigator.sendBeacon('/plain?beacon', s)",
    "failing host": "fetch('http://nowhere.invalid/' + encodeURIComponent(s)).catch(() => 0)",
    "socket": "new Promise((done) => { const one = new WebSocket(`ws://${location.host}/socket?n=${encodeURIComponent(s)}`);"
    " one.onopen = () => one.send(s.slice(0, 90)); one.onmessage = done; one.onerror = done })",
    "alert": "alert(s)",
    "question": "prompt('Name?', s)",
    "download": "Object.assign(add('a'), { download: s, href: URL.createObjectURL(new Blob([s])) }).click()",
    "window": "window.open('/plain?opened=' + encodeURIComponent(s), s)",
    "import": "import('/answer?n=' + n + '&kind=text/javascript').catch(() => 0)",
    "style sheet by address": "Object.assign(add('link'), { rel: 'stylesheet', href: '/answer?kind=text/css&n=' + n })",
    "events": "new Promise((done) => { const one = new EventSource('/answer?kind=text/event-stream&n=' + n);"
    " one.onmessage = one.onerror = () => done(one.close()) })",
    **{
        f"answer of {kind}": f"fetch('/answer?kind={kind}&n=' + n).then((answer) => answer.text())"
        for kind in ("text/plain", "text/html", "application/json", "application/xml", "text/csv", "image/svg+xml",
                     "application/octet-stream", "application/x-unheard-of")
    },
    **{
        f"header {name}": f"fetch('/answer?header={name}&n=' + n)"
        for name in ("X-Note", "Set-Cookie", "ETag", "Link", "Server-Timing", "Content-Disposition", "Location",
                     "Refresh", "Via", "Content-Type", "X-Request-Id")
    },
    "status text": "fetch('/answer?status&n=' + n)",
    "redirect": "fetch('/answer?redirect&n=' + n)",
}  # fmt: skip
# Typed into fields by the journey; no one has told the run of them.
TYPED = {"code": "58203174", "token": "Kp7!typed#Code", "boxes": "604713"}
PIN = "4073"
FIELDS = """<!doctype html><meta charset=utf-8><h1>Hostile</h1>
<label>Verification code <input id=a></label>
<label>Access code <input id=b oninput="console.log('typed', value)"></label>
<label>PIN <input id=p maxlength=4 oninput="nextElementSibling.textContent = value"><output></output></label>
<div id=boxes>BOXES</div><main></main>
<script>const PLANTS = THE_PLANTS;
const add = (name) => document.querySelector("main").appendChild(document.createElement(name));
const PLACES = { THE_PLACES };
document.title = "Hostile";
(async () => {
  for (const { place, text, number } of PLANTS)
    try { Promise.resolve(PLACES[place](text, number)).catch(() => 0); } catch { /* Not every text fits everywhere. */ }
  const asked = () => performance.getEntriesByType("resource").length;
  const ends = Date.now() + 4000; // Nothing that is asked for later is new.
  for (let before = -1; before < asked() && Date.now() < ends; ) {
    before = asked();
    await new Promise((done) => setTimeout(done, 300));
  }
  document.body.dataset.leaked = "all";
})();
</script>""".replace("BOXES", "<input maxlength=1>" * 6)  # fmt: skip


def plan(
    secrets: Mapping[str, str], encodings: Mapping[str, Callable[[str], str]], *, each: int, seed: int
) -> list[Plant]:
    """Choose `each` secrets and encodings for every place."""
    chance = random.Random(seed)  # noqa: S311  # a choice of tests, which can be repeated
    found: list[Plant] = []
    for place in PLACES:
        for _ in range(each):
            alphabet, encoding = chance.choice(sorted(secrets)), chance.choice(sorted(encodings))
            text = encodings[encoding](secrets[alphabet])
            found.append(Plant(number=len(found), place=place, alphabet=alphabet, encoding=encoding, text=text))
    return found


def _page(plants: list[Plant]) -> str:
    written = json.dumps([asdict(plant) for plant in plants]).replace("<", "\\u003c")
    places = ",\n".join(f"{json.dumps(name)}: (s, n) => {{ {_as_body(code)} }}" for name, code in PLACES.items())
    return FIELDS.replace("THE_PLANTS", written).replace("THE_PLACES", places)


def _as_body(code: str) -> str:
    return code if code.startswith(("{", "setTimeout")) else f"return {code}"


class _Hostile(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    plants: tuple[Plant, ...] = ()

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/socket":
            echo_one_message(self)
        elif url.path == "/":
            self._answer(_page(list(self.plants)), kind="text/html; charset=utf-8")
        elif url.path == "/answer":
            asked = {name: values[0] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
            self._leak(asked, self.plants[int(asked["n"])].text)
        else:
            self._answer("plain", status=404 if url.path.startswith("/missing") else 200)

    def _leak(self, asked: dict[str, str], text: str) -> None:
        line, part = quote(text, safe="!#$%&'()*+/:;=?@[]~ "), quote(text, safe="")
        if "kind" in asked:
            self._answer(_body_of(asked["kind"], text), kind=asked["kind"])
        elif "redirect" in asked:
            self._answer("", status=302, header=("Location", f"/plain/{part}?note={part}"))
        elif "status" in asked:
            self._answer("", reason=line)
        else:
            values = {"Set-Cookie": f"noted={part}", "Content-Type": f"text/plain; note={line}"}
            self._answer("", header=(asked["header"], values.get(asked["header"], line)))

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        self._answer("plain")

    do_PUT = do_POST  # noqa: N815  # the name that the class asks for

    def _answer(
        self, body: str, *, kind: str = "text/plain", status: int = 200, reason: str | None = None,
        header: tuple[str, str] | None = None,
    ) -> None:  # fmt: skip
        data = body.encode("utf-8", "surrogatepass")
        self.send_response(status, reason)
        if header is None or header[0] != "Content-Type":
            self.send_header("Content-Type", kind)
        if header is not None:
            self.send_header(*header)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Logs nothing."""


def _body_of(kind: str, text: str) -> str:
    inner = json.dumps(text)
    shapes = {
        "application/json": f'{{"note": {inner}, "deep": [{{"of": [{inner}]}}]}}',
        "text/html": f"<p title={inner}>{text}</p><!-- {text} -->",
        "text/css": f"p::before {{ content: {inner} }}",
        "text/javascript": f"export const note = {inner}; // {text}",
        "text/event-stream": f"data: {text}\n\n",
        "text/csv": f"name,note\nzz,{text}\n",
    }
    return shapes.get(kind, f"of {text}")


@contextmanager
def hostile_page(plants: list[Plant]) -> Iterator[str]:
    """Serve the page on a free port. Yields its address."""
    handler = type("Hostile", (_Hostile,), {"plants": tuple(plants)})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://hostile.localhost:{server.server_port}"
        server.shutdown()


def visit(page: Page, address: str) -> None:
    """Play a journey on the page: type codes, and wait until all has leaked."""
    page.context.on("dialog", lambda dialog: dialog.accept())
    page.goto(address)
    page.locator("#a").fill(TYPED["code"])
    page.locator("#b").press_sequentially(TYPED["token"])
    page.locator("#p").fill(PIN)
    for at, digit in enumerate(TYPED["boxes"]):
        page.locator("#boxes input").nth(at).fill(digit)
    page.locator("body[data-leaked]").wait_for(state="attached")
