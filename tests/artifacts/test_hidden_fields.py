"""Fields for passwords and codes look the same in pictures whatever stands in them, and so does what repeats it.

A page with all fields is filled twice, with different secrets; each row of it must look the same both times.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from firstbell.artifacts.capture import ActorRecorder
from firstbell.artifacts.policy import RecordingOptions
from firstbell.artifacts.redaction.text_cleaner import TextCleaner
from firstbell.hostile_text import cleaned_by
from firstbell.journeys.stage.pages.tabs import Tabs

pytestmark = pytest.mark.browser

BOX = "<input maxlength=1 size=1>"
PLAIN_BOX = "<input class=box inputmode=numeric size=1>"
ECHO = "oninput='this.nextElementSibling.textContent = this.value'"
SLOTS = (
    "oninput='[...this.nextElementSibling.children].forEach((slot, at) => (slot.textContent = this.value[at] ?? \"\"))'"
)
# Rows whose first field, or fields of one character, are filled.
SECRET_ROWS = {
    "password": "<input type=password>",
    "one-time code": "<input autocomplete=one-time-code>",
    "current password of type text": "<input autocomplete='section-a current-password'>",
    "name": "<input name=otp>",
    "name with a number": "<input name=otp_1>",
    "name in camel case": "<input id=studentPinCode>",
    "label": "<label>PIN <input></label>",
    "label in Spanish": "<label>Código de verificación <input></label>",
    "label in Arabic": "<label>رمز التحقق <input></label>",
    "label in Vietnamese": "<label>Mật khẩu <input></label>",
    "label without accents": "<label>Code de securite <input></label>",
    "label beside it": "<input aria-labelledby=beside><b id=beside>Passwort</b>",
    "aria label": "<input aria-label='Security code'>",
    "placeholder": "<input placeholder=密码>",
    "digits only": "<input inputmode=numeric maxlength=6>",
    "pattern of digits": "<input pattern='[0-9]{6}'>",
    "telephone keys": "<input type=tel maxlength=4>",
    "number": "<input type=number name=pin>",
    "text area": "<textarea aria-label=passphrase></textarea>",
    "editable element": "<div contenteditable aria-label=passcode>-</div>",
    "six boxes": f"<div>{BOX * 6}</div>",
    "six boxes without a length": f"<div>{PLAIN_BOX * 6}</div>",
    "six boxes in boxes": f"<div>{'<span><i><input inputmode=numeric size=1></i></span>' * 6}</div>",
    "shown by its type": "<input type=password oninput=\"this.type = 'text'\">",
    "shown by another element": '<input type=password name=a oninput="setTimeout(() => { const x = '
    "document.createElement('input'); x.value = this.value; this.replaceWith(x) })\">",
    "shown by a copy": f"<input type=password {ECHO.replace('textContent', 'value')}><input>",
    "repeated beside it": f"<input type=password {ECHO}><output></output>",
    "repeated in slots": f"<div><input autocomplete=one-time-code {SLOTS}><div>{'<b></b>' * 6}</div></div>",
    "style taken away": "<input name=passwd oninput=\"this.removeAttribute('style')\">",
    "style fought by the page": "<style>.loud { -webkit-text-security: none !important }</style>"
    "<input name=passwd class=loud>",
    "label that comes later": "<input oninput=\"this.insertAdjacentHTML('beforebegin', "
    "'<label for=later>PIN</label>'); this.id = 'later'\">",
    "open shadow root": "<div class=host data-mode=open></div>",
    "closed shadow root": "<div class=host data-mode=closed></div>",
    "declared shadow root": "<div><template shadowrootmode=open><input name=pin></template></div>",
    "frame": "<iframe srcdoc='<body style=margin:0><input name=pin>'></iframe>",
    "frame of another origin": "<iframe src=//other.localhost:PORT/frame></iframe>",
    "frame that is written": "<iframe class=written></iframe>",
    "made later": "<div class=late></div>",
}
# Rows that show what stands in them.
OPEN_ROWS = {
    "message": "<label>Message <input></label>",
    "user name": "<input name=username autocomplete=username>",
    "mail": "<label>Email (we send a verification code) <input type=email autocomplete=email></label>",
    "shopping": "<label>Shopping list <input name=pinboard></label>",
    "year": "<label>Grade <input type=number max=12></label>",
    "output": f"<div><input name=search {ECHO}><output></output></div>",
}
SCRIPT = """<script>
for (const host of document.querySelectorAll(".host")) {
  const root = host.attachShadow({ mode: host.dataset.mode });
  root.innerHTML = "<input name=pin>";
  host.field = root.firstChild;
}
document.querySelector(".written").contentDocument.body.innerHTML = "<input name=pin>";
setTimeout(() => (document.querySelector(".late").innerHTML = "<input name=pin>"));
</script>"""
# Sets what stands in the fields of a row as a person would, and tells it.
FILL = """async (value) => {
  for (const row of document.querySelectorAll(".row")) if (!row.querySelector("iframe[src]")) fill(row, value);
  document.activeElement.blur();
  await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  function fill(row, value) {
  const find = (root) => [...root.querySelectorAll("input, textarea, [contenteditable]")];
  const inner = (one) => one.shadowRoot ?? one.contentDocument ?? null;
  const host = row.querySelector(".host");
  const holder = [...row.querySelectorAll("*")].map(inner).find(Boolean);
  const fields = host ? [host.field] : find(holder ?? row);
  const boxes = fields.length > 3 ? fields : fields.slice(0, 1);
  boxes.forEach((field, at) => {
    const text = boxes.length > 1 ? value[at] : value;
    "value" in field ? (field.value = text) : (field.textContent = text);
    field.dispatchEvent(new Event("input", { bubbles: true, composed: true }));
  });
  }
}"""
COMPARE = """async ([one, other, rows]) => {
  const [first, second] = await Promise.all([one, other].map(async (png) => {
    const bitmap = await createImageBitmap(await (await fetch("data:image/png;base64," + png)).blob());
    const pen = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
    pen.drawImage(bitmap, 0, 0);
    return (row) => pen.getImageData(0, 40 * row, bitmap.width, 40).data;
  }));
  return Array.from({ length: rows }, (_, row) => {
    const data = second(row);
    return first(row).every((value, at) => value === data[at]);
  });
}"""
CODES = ("402817", "993365")


def page_of(rows: dict[str, str], port: str) -> str:
    body = "".join(f"<div class=row>{html.replace('PORT', port)}</div>" for html in rows.values())
    style = "<style>.row { height: 40px; overflow: hidden } iframe { height: 30px; border: 0 }</style>"
    return f"<!doctype html>{style}{body}{SCRIPT if 'made later' in rows else ''}"


@contextmanager
def served() -> Iterator[str]:
    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            port = self.headers["Host"].rpartition(":")[2]
            rows = {"/secret": SECRET_ROWS, "/open": OPEN_ROWS}.get(self.path, {})
            body = page_of(rows, port) if rows else "<body style=margin:0><input name=pin>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", "style-src 'unsafe-inline'; script-src 'unsafe-inline'")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Logs nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://rows.localhost:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served() as address:
        yield address


@pytest.fixture
def recorded(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """A page that is recorded, without a trace."""
    page = browser.new_page(viewport={"width": 400, "height": 40 * len(SECRET_ROWS)})
    options = RecordingOptions(trace=False, har=False)
    recorder = ActorRecorder(Tabs(page), actor="student", folder=tmp_path, attempt=1, options=options)
    with cleaned_by(TextCleaner(["correct horse battery"])):
        recorder.start()
        yield page
    page.context.close()


def picture(page: Page, address: str, rows: dict[str, str], value: str) -> str:
    """Fill each row, and return a picture of all of them."""
    page.goto(address)
    if "made later" in rows:
        page.locator(".late input").wait_for()
        page.frame_locator("iframe[src]").locator("input").fill(value)
    page.evaluate(FILL, value)
    return base64.b64encode(page.screenshot()).decode()


def alike(page: Page, rows: dict[str, str], one: str, other: str) -> set[str]:
    """Return the names of the rows that look the same in two pictures."""
    same = page.evaluate(COMPARE, [one, other, len(rows)])
    return {name for name, is_same in zip(rows, same, strict=True) if is_same}


def test_two_secrets_look_alike_in_each_field_for_one(recorded: Page, browser: Browser, address: str) -> None:
    url = f"{address}/secret"
    empty, first, second = (picture(recorded, url, SECRET_ROWS, code) for code in ("", *CODES))
    shows_nothing = alike(recorded, SECRET_ROWS, empty, first)
    assert set(SECRET_ROWS) - alike(recorded, SECRET_ROWS, first, second) == set()
    assert shows_nothing <= {"repeated beside it"}
    with closing(browser.new_page(viewport=recorded.viewport_size)) as page:
        first, second = (picture(page, url, SECRET_ROWS, code) for code in CODES)
        assert alike(page, SECRET_ROWS, first, second) == {"password"}, "the rows prove nothing"


def test_other_fields_show_what_stands_in_them(recorded: Page, address: str) -> None:
    first, second = (picture(recorded, f"{address}/open", OPEN_ROWS, code) for code in CODES)
    assert alike(recorded, OPEN_ROWS, first, second) == set()


def test_a_known_secret_is_hidden_wherever_it_is_typed(recorded: Page, address: str) -> None:
    recorded.goto(f"{address}/open")
    field = recorded.get_by_label("Message")
    field.press_sequentially("correct ho")
    assert field.evaluate("one => one.style.length") == 0
    field.press_sequentially("rse battery")
    assert field.evaluate("one => getComputedStyle(one).webkitTextSecurity") == "disc"


def test_fields_keep_their_place_and_size(recorded: Page, browser: Browser, address: str) -> None:
    places = []
    for page in (recorded, browser.new_page(viewport=recorded.viewport_size)):
        page.goto(f"{address}/secret")
        page.locator(".late input").wait_for()
        places.append(
            page.evaluate(
                "() => [...document.querySelectorAll('input')].map(one => one.getBoundingClientRect().toJSON())"
            )
        )
    page.close()
    assert places[0] == places[1]
