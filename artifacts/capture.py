"""Recorders on one actor's browser context during one attempt: trace, screenshots, console, network by host.

They write into a private folder, raw; `redaction` cleans what is there before anything leaves it. A recorder never
raises into the play: what it could not save is an artifact that is missing, with the reason.
"""

from __future__ import annotations

import base64
import contextlib
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, CDPSession, ConsoleMessage, Page, Request, Response
from playwright.sync_api import Error as PlaywrightError

from artifacts.evidence import Artifact, ArtifactKind, absent, sealed, slug
from artifacts.policy import Recording

# A picture waits for the page's fonts and can hang on them (microsoft/playwright#28226); the play goes on without it.
PICTURE_LIMIT_MS = 3000
# JPEG at this quality keeps small print readable at a sixth of a PNG's size.
PICTURE_QUALITY = 70
CONSOLE_LINES = 500
TEXT_LIMIT = 500
TROUBLES = 200
# A one-time code is valid for a while after the picture was taken.
ONE_TIME_CODE = "input[autocomplete='one-time-code']"


class ActorRecorder:
    """Records one actor. `start` before anything happens on the page; `stop` while the context is still open."""

    def __init__(self, page: Page, *, actor: str, folder: Path, attempt: int, options: Recording) -> None:
        self._page = page
        self._context: BrowserContext = page.context
        self._actor = actor
        self._folder = folder
        self._place = f"attempt-{attempt}/{slug(actor)}"
        self._options = options
        self._artifacts: list[Artifact] = []
        self._console: list[dict[str, Any]] = []
        self._traffic = Traffic()
        self._cdp: CDPSession | None = None

    def start(self) -> None:
        """Begin to record."""
        (self._folder / self._place).mkdir(parents=True, exist_ok=True, mode=0o700)
        self._page.on("console", self._hear)
        self._page.on("pageerror", lambda error: self._note("pageerror", str(error)))
        self._context.on("response", self._traffic.answered)
        self._context.on("requestfailed", self._traffic.failed)
        with contextlib.suppress(PlaywrightError):  # Only Chromium has one.
            self._cdp = self._context.new_cdp_session(self._page)
        if self._options.trace:
            self._context.tracing.start(
                screenshots=self._options.screencast, snapshots=True, title=f"{self._actor} ({self._place})"
            )

    def step(self, title: str) -> AbstractContextManager[object]:
        """What happens inside stands under this title in the trace."""
        if not self._options.trace:
            return contextlib.nullcontext()
        return self._group(title)

    @contextmanager
    def _group(self, title: str) -> Iterator[None]:
        with contextlib.suppress(PlaywrightError):
            self._context.tracing.group(title)
        yield
        with contextlib.suppress(PlaywrightError):
            self._context.tracing.group_end()

    def picture(self, position: int, title: str, *, failed: bool) -> None:
        """Take a picture of the page as a step left it."""
        if not (self._options.screenshots or failed):
            return
        ending = "-failed" if failed else ""
        name = f"{self._place}/{position:02}-{slug(title)}{ending}.jpg"
        artifact = Artifact(kind=ArtifactKind.SCREENSHOT, name=name, actor=self._actor, step=position)
        try:
            (self._folder / name).write_bytes(self._careful_picture() if failed else self._quick_picture())
        except (PlaywrightError, OSError) as error:
            self._artifacts.append(absent(artifact, _reason(error)))
        else:
            self._artifacts.append(sealed(artifact, self._folder / name))

    def _quick_picture(self) -> bytes:
        """A picture of a page that has just passed a step, straight from Chromium: half of what Playwright's takes,
        which waits for two frames. Without a time limit, so never of a page that may hang, and without masks."""
        if self._cdp is None or self._page.locator(ONE_TIME_CODE).count():
            return self._careful_picture()
        asked = {"format": "jpeg", "quality": PICTURE_QUALITY, "optimizeForSpeed": True}
        return base64.b64decode(self._cdp.send("Page.captureScreenshot", asked)["data"])

    def _careful_picture(self) -> bytes:
        """A picture of any page, or Playwright's error in bounded time."""
        return self._page.screenshot(
            type="jpeg",
            quality=PICTURE_QUALITY,
            timeout=PICTURE_LIMIT_MS,
            mask=[self._page.locator(ONE_TIME_CODE)],
        )

    def stop(self) -> tuple[Artifact, ...]:
        """Save what is not saved yet, and say what there is."""
        if self._options.trace:
            self._save_trace()
        self._write(ArtifactKind.CONSOLE, "console.json", {"schema": "firstbell.console/1", "lines": self._console})
        self._write(ArtifactKind.NETWORK, "network.json", self._traffic.told())
        return tuple(self._artifacts)

    def _save_trace(self) -> None:
        artifact = Artifact(kind=ArtifactKind.TRACE, name=f"{self._place}/trace.zip", actor=self._actor)
        try:
            self._context.tracing.stop(path=self._folder / artifact.name)
        except (PlaywrightError, OSError) as error:
            self._artifacts.append(absent(artifact, _reason(error)))
        else:
            self._artifacts.append(sealed(artifact, self._folder / artifact.name))

    def _write(self, kind: ArtifactKind, name: str, content: object) -> None:
        artifact = Artifact(kind=kind, name=f"{self._place}/{name}", actor=self._actor)
        file = self._folder / artifact.name
        try:
            file.write_text(json.dumps(content, indent=1), encoding="utf-8")
        except OSError as error:
            self._artifacts.append(absent(artifact, _reason(error)))
        else:
            self._artifacts.append(sealed(artifact, file))

    def _hear(self, message: ConsoleMessage) -> None:
        self._note(message.type, message.text)

    def _note(self, kind: str, text: str) -> None:
        if len(self._console) < CONSOLE_LINES:
            self._console.append({"kind": kind, "text": text[:TEXT_LIMIT]})


class Traffic:
    """What went over the wire, by host: counts of all, and of what failed the path. No queries, headers, bodies."""

    def __init__(self) -> None:
        self._statuses: dict[str, Counter[str]] = {}
        self._slowest_ms: dict[str, float] = {}
        self._troubles: list[dict[str, Any]] = []

    def answered(self, response: Response) -> None:
        """An answer arrived."""
        host, path = _place(response.url)
        self._statuses.setdefault(host, Counter())[f"{response.status // 100}xx"] += 1
        timing = response.request.timing
        self._slowest_ms[host] = max(self._slowest_ms.get(host, 0.0), timing["responseStart"] - timing["requestStart"])
        if response.status >= 400:
            self._trouble({"host": host, "path": path, "method": response.request.method, "status": response.status})

    def failed(self, request: Request) -> None:
        """A request got no answer. Chromium's name for why is all that is known."""
        host, path = _place(request.url)
        self._statuses.setdefault(host, Counter())["failed"] += 1
        self._trouble({"host": host, "path": path, "method": request.method, "error": (request.failure or "")[:80]})

    def told(self) -> dict[str, Any]:
        """The content of network.json."""
        hosts = {
            host: {"answers": dict(sorted(counts.items())), "slowest_ms": round(self._slowest_ms.get(host, 0.0), 1)}
            for host, counts in sorted(self._statuses.items())
        }
        return {"schema": "firstbell.network/1", "hosts": hosts, "troubles": self._troubles}

    def _trouble(self, trouble: dict[str, Any]) -> None:
        if len(self._troubles) < TROUBLES:
            self._troubles.append(trouble)


def _place(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.netloc.rpartition("@")[2], parts.path[:TEXT_LIMIT]


def _reason(error: PlaywrightError | OSError) -> str:
    if isinstance(error, OSError):
        return f"it could not be written ({error.strerror or type(error).__name__})"
    return f"the browser did not give it ({error.message.splitlines()[0][:160]})"
