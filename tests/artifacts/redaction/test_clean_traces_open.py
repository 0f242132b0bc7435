"""A clean trace in Playwright's own viewer, in a real browser: the same as the raw one, except for removed secrets."""

from __future__ import annotations

import http.server
import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import pytest
from playwright.sync_api import Browser, Page

from firstbell.artifacts.capture import ActorRecorder
from firstbell.artifacts.evidence import Artifact, ArtifactKind
from firstbell.artifacts.policy import RecordingOptions
from firstbell.artifacts.redaction.known_secrets import REMOVED, KnownSecrets
from firstbell.artifacts.redaction.pipeline import clean
from firstbell.compat.playwright_package import trace_viewer_folder
from firstbell.journeys.stage.pages.tabs import Tabs
from tests.support.leaky_site import BY_KIND, KNOWN, leak_everything, leaky_site

pytestmark = pytest.mark.browser

VIEWER = trace_viewer_folder()
# Words of the format of a trace, whole and in part, as a page may name its cookies and contents of password fields.
HOSTILE = [
    *("message", "type", "name", "params", "0", "frame-snapshot", "resource-snapshot", "context-options", "callId"),
    *("essage", "apshot", "startTime", "_monotonicTime", "resources", "trace.network", "mimeType", "127.0.0.1", "html"),
    *("bWVzc2FnZQ", "BUTTON", "__playwright_value_", "1.65.0", "localhost", "snapshotName", "application/json"),
]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def address(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the viewer, and a raw and a clean trace of one journey."""
    folder = tmp_path_factory.mktemp("viewed")
    context = browser.new_context()
    page = context.new_page()
    recorder = ActorRecorder(
        Tabs(page), actor="student", folder=folder, attempt=1, options=RecordingOptions(screencast=True)
    )
    recorder.start()
    with leaky_site() as site, recorder.step("leaks"):
        context.add_cookies([{"name": f"h{n}", "value": word, "url": site} for n, word in enumerate(HOSTILE)])
        leak_everything(page, site)
    recorder.stop()
    context.close()
    shutil.copy(folder / "attempt-1/student/trace.zip", folder / "raw.zip")
    shutil.copy(folder / "raw.zip", folder / "clean.zip")
    trace = Artifact(kind=ArtifactKind.TRACE, name="clean.zip")
    known = KnownSecrets(KNOWN.values())
    (cleaned,) = clean([trace], folder, known, quarantine=folder / "quarantine", found=HOSTILE).artifacts
    assert not cleaned.missing
    shutil.copytree(VIEWER, folder / "viewer")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://localhost:{server.server_port}/viewer/index.html?trace=../"
        server.shutdown()


@dataclass(frozen=True)
class Viewed:
    """The viewer's content of a trace: its actions, the counts of requests and console lines, and a snapshot."""

    actions: list[str]
    tabs: list[str]
    snapshot: str
    errors: list[str]


def without_secrets(text: str) -> str:
    text = re.sub("|".join(map(re.escape, (*KNOWN.values(), *BY_KIND.values()))), REMOVED, text)
    return re.sub(r"aWQ6\S+", REMOVED, re.sub(r"\b\d+(\.\d+)?(ms|s)\b", "", text))


def viewed(page: Page, address: str) -> Viewed:
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    page.get_by_role("treeitem").first.wait_for()
    go = page.get_by_role("treeitem").filter(has_text='get_by_role("button", name="Go")').last
    go.click()
    page.get_by_role("tab", name="Before").click()
    shown = page.frame_locator("iframe >> visible=true").locator("body")
    shown.get_by_role("heading", name="Sign in").wait_for()
    return Viewed(
        actions=[without_secrets(text) for text in page.get_by_role("treeitem").all_inner_texts()],
        tabs=page.get_by_role("tab").all_inner_texts(),
        snapshot=without_secrets(shown.inner_text()),
        errors=errors,
    )


def test_viewer_shows_a_clean_trace_like_the_raw_one(page: Page, address: str) -> None:
    raw = viewed(page, f"{address}raw.zip")
    clean = viewed(page.context.new_page(), f"{address}clean.zip")
    assert clean == raw
    assert len(clean.actions) > 10
    assert any(re.fullmatch(r"Network\s*1\d", tab) for tab in clean.tabs)
    assert "Password" in clean.snapshot
    assert clean.errors == []
