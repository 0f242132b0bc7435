"""The recorder of one actor's browser context during one attempt: trace, screenshots, console, network, media.

It writes raw files into a private folder; `redaction` cleans them before anything leaves it. A recorder never raises
into the journey: a file that could not be saved is an artifact that is missing, with the reason.
"""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, CDPSession, ConsoleMessage, Page
from playwright.sync_api import Error as PlaywrightError

from firstbell.artifacts.evidence import Artifact, ArtifactKind, absent, sealed, slug
from firstbell.artifacts.policy import KINDS_WITH_PAGE_CONTENT, RecordingOptions
from firstbell.artifacts.traffic import Traffic

# A picture waits for the page's fonts and can hang on them (microsoft/playwright#28226); the run goes on without it.
PICTURE_LIMIT_MS = 3000
# JPEG at this quality keeps small print readable at a sixth of a PNG's size.
PICTURE_QUALITY = 70
CONSOLE_LINES = 500
TEXT_LIMIT = 500
HAR = "network.har"
# Masked: a one-time code is valid for a while after the picture was taken.
ONE_TIME_CODE = "input[autocomplete='one-time-code']"


class ActorRecorder:
    """Records one actor. Call `start` before anything happens on the page, and `stop` while the context is open."""

    def __init__(self, page: Page, *, actor: str, folder: Path, attempt: int, options: RecordingOptions) -> None:
        self._page = page
        self._context: BrowserContext = page.context
        self._actor = actor
        self._folder = folder
        self._prefix = f"attempt-{attempt}/{slug(actor)}"
        self._options = options
        self._artifacts: list[Artifact] = []
        self._console: list[dict[str, Any]] = []
        self._traffic = Traffic()
        self._figures: Sequence[Mapping[str, Any]] = ()
        self._discarded = ""
        self._cdp: CDPSession | None = None

    def start(self) -> None:
        """Start recording."""
        (self._folder / self._prefix).mkdir(parents=True, exist_ok=True, mode=0o700)
        self._page.on("console", self._on_console)
        self._page.on("pageerror", lambda error: self._add_line("pageerror", str(error), self._page.url))
        self._page.on("websocket", self._traffic.on_websocket)
        self._context.on("request", self._traffic.on_request)
        self._context.on("response", self._traffic.on_response)
        self._context.on("requestfinished", self._traffic.on_request_finished)
        self._context.on("requestfailed", self._traffic.on_request_failed)
        with contextlib.suppress(PlaywrightError):  # Only Chromium has one.
            self._cdp = self._context.new_cdp_session(self._page)
        if self._options.trace:
            self._context.tracing.start(
                screenshots=self._options.screencast, snapshots=True, title=f"{self._actor} ({self._prefix})"
            )
        if self._options.har:
            self._context.tracing.start_har(self._folder / self._prefix / HAR, content="omit")

    def step(self, title: str) -> AbstractContextManager[object]:
        """Return a context whose actions are grouped under this title in the trace."""
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
        """Take a picture of the page as it is after a step."""
        if self._discarded or not (self._options.screenshots or failed):
            return
        ending = "-failed" if failed else ""
        name = f"{self._prefix}/{position:02}-{slug(title)}{ending}.jpg"
        artifact = Artifact(kind=ArtifactKind.SCREENSHOT, name=name, actor=self._actor, step=position)
        try:
            (self._folder / name).write_bytes(self._careful_picture() if failed else self._quick_picture())
        except (PlaywrightError, OSError) as error:
            self._artifacts.append(absent(artifact, _reason(error)))
        else:
            self._artifacts.append(sealed(artifact, self._folder / name))

    def _quick_picture(self) -> bytes:
        """Take a picture of a page that has just passed a step, directly from Chromium: in half the time of
        Playwright's, which waits for two frames. It has no time limit and no masks, so it is not for a page that may
        hang, or that has something to mask."""
        if self._cdp is None or self._options.mask or self._page.locator(ONE_TIME_CODE).count():
            return self._careful_picture()
        options = {"format": "jpeg", "quality": PICTURE_QUALITY, "optimizeForSpeed": True}
        return base64.b64decode(self._cdp.send("Page.captureScreenshot", options)["data"])

    def _careful_picture(self) -> bytes:
        """Take a picture of any page. Raises Playwright's error within PICTURE_LIMIT_MS."""
        return self._page.screenshot(
            type="jpeg",
            quality=PICTURE_QUALITY,
            timeout=PICTURE_LIMIT_MS,
            mask=[self._page.locator(selector) for selector in (ONE_TIME_CODE, *self._options.mask)],
        )

    def stop(self) -> tuple[Artifact, ...]:
        """Save what is not saved yet, and return the artifacts."""
        if self._options.har:
            self._save(ArtifactKind.HAR, HAR, lambda _file: self._context.tracing.stop_har())
        if self._options.trace:
            self._save(ArtifactKind.TRACE, "trace.zip", lambda file: self._context.tracing.stop(path=file))
        self._write(ArtifactKind.CONSOLE, "console.json", {"schema": "firstbell.console/1", "lines": self._console})
        self._write(ArtifactKind.NETWORK, "network.json", self._traffic.document())
        if self._figures:
            document = {"schema": "firstbell.figures/1", "samples": self._figures}
            self._write(ArtifactKind.FIGURES, "figures.json", document)
        return self.artifacts()

    @property
    def clock_offset_s(self) -> float | None:
        """The seconds that the hosts' clocks are ahead of this machine's, good to about a second."""
        return self._traffic.clock_offset_s

    @property
    def traffic(self) -> Traffic:
        """This actor's requests."""
        return self._traffic

    def frames(self, observed: str, pictures: Sequence[bytes]) -> None:
        """Keep the first and the last frame that a media proof compared. Each carries our own signature."""
        if self._discarded or not self._options.screenshots:
            return
        for moment_name, picture in zip(("first", "last"), pictures, strict=False):
            self._save(ArtifactKind.FRAME, f"sees-{slug(observed)}-{moment_name}.jpg", _writer(picture))

    def figures(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Keep a call's figures over time, in place of those kept before."""
        self._figures = rows

    def discard(self, reason: str) -> None:
        """Keep nothing that shows or names a person, before or after now: a stranger who may not be recorded joined."""
        self._discarded = reason

    def artifacts(self) -> tuple[Artifact, ...]:
        """Return the artifacts; after `discard`, without any that shows or names a person."""
        if not self._discarded:
            return tuple(self._artifacts)
        for artifact in self._artifacts:
            if artifact.kind in KINDS_WITH_PAGE_CONTENT:
                (self._folder / artifact.name).unlink(missing_ok=True)
        return tuple(
            absent(artifact, self._discarded) if artifact.kind in KINDS_WITH_PAGE_CONTENT else artifact
            for artifact in self._artifacts
        )

    def _write(self, kind: ArtifactKind, name: str, content: object) -> None:
        self._save(kind, name, _writer(json.dumps(content, indent=1).encode()))

    def _save(self, kind: ArtifactKind, name: str, save: Callable[[Path], object]) -> None:
        """Save a file under a name, and note the artifact, or why it is missing."""
        artifact = Artifact(kind=kind, name=f"{self._prefix}/{name}", actor=self._actor)
        file = self._folder / artifact.name
        try:
            save(file)
        except (PlaywrightError, OSError) as error:
            self._artifacts.append(absent(artifact, _reason(error)))
        else:
            self._artifacts.append(sealed(artifact, file))

    def _on_console(self, message: ConsoleMessage) -> None:
        self._add_line(message.type, message.text, message.location["url"])

    def _add_line(self, kind: str, text: str, url: str) -> None:
        """Note a line with the host of the page that wrote it: a vendor gets only the lines of its own pages."""
        if len(self._console) < CONSOLE_LINES:
            host = urlsplit(url).netloc.rpartition("@")[2]
            self._console.append({"kind": kind, "host": host, "text": text[:TEXT_LIMIT]})


def _writer(data: bytes) -> Callable[[Path], object]:
    return lambda file: file.write_bytes(data)


def _reason(error: PlaywrightError | OSError) -> str:
    if isinstance(error, OSError):
        return f"it could not be written ({error.strerror or type(error).__name__})"
    return f"the browser did not give it ({error.message.splitlines()[0][:160]})"
