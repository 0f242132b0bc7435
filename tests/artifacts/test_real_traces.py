"""Traces that Playwright really records, of a journey that leaks: clean afterwards, and still traces."""

from __future__ import annotations

import http.server
import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from artifacts.capture import ActorRecorder
from artifacts.policy import Recording
from artifacts.redaction.broom import Broom
from artifacts.redaction.forms import KnownSecrets
from artifacts.redaction.trace import clean_trace

pytestmark = pytest.mark.browser

PAGE = (Path(__file__).parent / "plain_page.html").read_bytes()
# Known to the run, and so found wherever they went; the rest of what is planted must go by its kind.
KNOWN = ("planted-typed", "planted-console", "planted-storage", "planted-argument", "planted-body")
BY_KIND = ("planted-hidden-field", "planted-cookie", "planted-query", "planted-header")


class Leaky(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer(PAGE)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(b"<h1>Thank you</h1><p>planted-body</p>")

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Set-Cookie", "session=planted-cookie")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Leaky) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def raw(new_context: Callable[..., BrowserContext], address: str, tmp_path: Path) -> Path:
    """The raw trace of a journey that leaks."""
    context = new_context(extra_http_headers={"Authorization": "Bearer planted-header"})
    page = context.new_page()
    options = Recording(screencast=True)
    recorder = ActorRecorder(page, actor="student", folder=tmp_path / "work", attempt=1, options=options)
    recorder.start()
    with recorder.step("leaks"):
        page.goto(f"{address}/?token=planted-query&page=2")
        page.evaluate("given => given.length", "planted-argument")
        page.get_by_label("Username").fill("zz.student01")
        page.get_by_label("Password").fill("planted-typed")
        page.get_by_role("button", name="Send").click()
        page.get_by_role("heading", name="Thank you").wait_for()
    recorder.picture(1, "leaks", failed=False)
    artifacts = recorder.stop()
    assert not [artifact for artifact in artifacts if artifact.missing]
    return tmp_path / "work" / "attempt-1" / "student" / "trace.zip"


def content(trace: Path) -> bytes:
    with zipfile.ZipFile(trace) as members:
        return b"\n".join(members.read(name) for name in members.namelist())


def actions(trace: Path) -> list[str]:
    """What Playwright's own reader lists for a trace, without durations."""
    where = trace.parent / f"read-{trace.stem}"
    where.mkdir()
    for command in (["open", str(trace)], ["actions"]):
        done = subprocess.run(
            [sys.executable, "-m", "playwright", "trace", *command],
            cwd=where,
            capture_output=True,
            text=True,
            check=True,
        )
    return [re.sub(r"[\d.]+m?s\b", "", line).rstrip() for line in done.stdout.splitlines()]


def test_what_was_planted_is_there_before_and_gone_after(raw: Path, tmp_path: Path) -> None:
    before = content(raw)
    assert [secret for secret in (*KNOWN, *BY_KIND) if secret.encode() not in before] == []
    clean_trace(raw, tmp_path / "clean.zip", Broom(KnownSecrets(KNOWN)))
    after = content(tmp_path / "clean.zip")
    assert [secret for secret in (*KNOWN, *BY_KIND) if secret.encode() in after] == []
    assert b"zz.student01" in after


def test_a_clean_trace_opens_in_playwrights_own_reader_with_the_same_actions(raw: Path, tmp_path: Path) -> None:
    clean_trace(raw, tmp_path / "clean.zip", Broom(KnownSecrets(KNOWN)))
    before, after = actions(raw), actions(tmp_path / "clean.zip")
    assert any("leaks" in line for line in after)
    assert [line.replace("planted-typed", "***").replace("planted-query", "***") for line in before] == after
