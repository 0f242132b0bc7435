"""The recorder of one actor's browser context during one attempt: trace, screenshots, console, network, media.

It writes raw files into a private folder; `redaction` cleans them before anything leaves it. A recorder never raises
into the journey: a file that could not be saved is an artifact that is missing, with the reason.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from playwright.sync_api import BrowserContext, Page
from playwright.sync_api import Error as PlaywrightError

from firstbell.artifacts.console_log import ConsoleLog
from firstbell.artifacts.evidence import Artifact, ArtifactKind, absent, sealed, slug
from firstbell.artifacts.pictures import Pictures, hide_secrets, hosts_of
from firstbell.artifacts.policy import RecordingOptions
from firstbell.artifacts.traffic import Traffic
from firstbell.hostile_text import cut, secrets_in_use

HAR = "network.har"
# Pictures of a failing actor's other open pages.
OTHER_PICTURES = 3


class RecordedTabs(Protocol):
    """The pages of an actor's browser context: `firstbell.journeys.stage.pages.tabs.Tabs`."""

    @property
    def context(self) -> BrowserContext:
        """The context."""

    @property
    def in_view(self) -> Page:
        """The page that the picture of a step shows."""

    @property
    def opened(self) -> tuple[Page, ...]:
        """Every page so far."""

    def others(self) -> tuple[Page, ...]:
        """The open pages beside the one in view, the newest first."""

    def number_of(self, page: Page) -> int:
        """The number of a page, from 1."""

    def name_of(self, page: Page, actor: str) -> str:
        """The name of a page in evidence."""


class ActorRecorder:
    """Records one actor. Call `start` before anything happens on the page, and `stop` while the context is open."""

    def __init__(
        self, tabs: RecordedTabs, *, actor: str, folder: Path, attempt: int, options: RecordingOptions
    ) -> None:
        self._tabs = tabs
        self._context: BrowserContext = tabs.context
        self._actor = actor
        self._folder = folder
        self._prefix = f"attempt-{attempt}/{slug(actor)}"
        self._options = options
        self._artifacts: list[Artifact] = []
        self._pictures = Pictures(options.mask)
        self._traffic = Traffic()
        self._figures: Sequence[Mapping[str, Any]] = ()
        self._withheld: dict[ArtifactKind, str] = {}

    def start(self) -> None:
        """Start recording, of pages that open later too."""
        (self._folder / self._prefix).mkdir(parents=True, exist_ok=True, mode=0o700)
        self._console = ConsoleLog(self._context, self._tabs.number_of)
        for page in self._tabs.opened:
            self._traffic.follow_sockets(page)
        self._context.on("page", self._traffic.follow_sockets)
        self._context.on("request", self._traffic.on_request)
        self._context.on("response", self._traffic.on_response)
        self._context.on("requestfinished", self._traffic.on_request_finished)
        self._context.on("requestfailed", self._traffic.on_request_failed)
        hide_secrets(self._context, secrets_in_use())
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

    def picture(
        self, position: int, title: str, *, failed: bool, with_others: bool = False, withheld: str = ""
    ) -> None:
        """Take a picture of the page in view as it is after a step; of the actor's other open pages too, if asked. Only
        note it as missing, if `withheld` has a reason to."""
        if ArtifactKind.SCREENSHOT in self._withheld or not (self._options.screenshots or failed):
            return
        for page in (self._tabs.in_view, *(self._tabs.others()[:OTHER_PICTURES] if with_others else ())):
            if not self._picture_of(page, position, title, failed=failed, withheld=withheld):
                return  # Pages of one actor share a process: if one hangs, so do the others.

    def _picture_of(self, page: Page, position: int, title: str, *, failed: bool, withheld: str) -> bool:
        number = self._tabs.number_of(page)
        ending = "-failed" if failed else ""
        tab = f"-tab-{number}" if number > 1 or page is not self._tabs.in_view else ""
        artifact = Artifact(
            kind=ArtifactKind.SCREENSHOT,
            name=f"{self._prefix}/{position:02}-{slug(title)}{ending}{tab}.jpg",
            actor=self._tabs.name_of(page, self._actor),
            step=position,
        )
        if withheld:
            self._artifacts.append(absent(artifact, withheld))
            return False
        before = hosts_of(page)
        try:
            taken = self._pictures.careful(page) if failed else self._pictures.quick(page)
            (self._folder / artifact.name).write_bytes(taken)
        except (PlaywrightError, OSError) as error:
            self._artifacts.append(absent(artifact, _reason(error)))
            return False
        # It may have shown one page when it began and another when it ended.
        shown = replace(artifact, hosts=tuple(sorted({*before, *hosts_of(page)})))
        self._artifacts.append(sealed(shown, self._folder / artifact.name))
        return True

    def stop(self) -> tuple[Artifact, ...]:
        """Save what is not saved yet, and return the artifacts."""
        if self._options.har:
            self._save(ArtifactKind.HAR, HAR, lambda _file: self._context.tracing.stop_har())
        if self._options.trace:
            self._save(ArtifactKind.TRACE, "trace.zip", lambda file: self._context.tracing.stop(path=file))
        self._write(ArtifactKind.CONSOLE, "console.json", self._console.document())
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
        if ArtifactKind.FRAME in self._withheld or not self._options.screenshots:
            return
        for moment_name, picture in zip(("first", "last"), pictures, strict=False):
            name = f"sees-{slug(observed)}-{moment_name}.jpg"
            self._save(ArtifactKind.FRAME, name, _writer(picture), hosts_of(self._tabs.in_view))

    def figures(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Keep a call's figures over time, in place of those kept before."""
        self._figures = rows

    def withhold(self, kinds: Collection[ArtifactKind], reason: str) -> None:
        """Keep nothing of these kinds, from before or after now: they show or name people who may not be recorded."""
        self._withheld |= dict.fromkeys(kinds, reason)

    def hide_paths(self) -> None:
        """Name only hosts in the network log, from before or after now: a path may name a person."""
        self._traffic.hides_paths = True
        if any(artifact.kind is ArtifactKind.NETWORK for artifact in self._artifacts):
            self._artifacts = [one for one in self._artifacts if one.kind is not ArtifactKind.NETWORK]
            self._write(ArtifactKind.NETWORK, "network.json", self._traffic.document())

    def artifacts(self) -> tuple[Artifact, ...]:
        """Return the artifacts; those that are withheld are missing, for that reason."""
        for artifact in self._artifacts:
            if artifact.kind in self._withheld:
                (self._folder / artifact.name).unlink(missing_ok=True)
        return tuple(
            absent(artifact, self._withheld[artifact.kind]) if artifact.kind in self._withheld else artifact
            for artifact in self._artifacts
        )

    def _write(self, kind: ArtifactKind, name: str, content: object) -> None:
        self._save(kind, name, _writer(json.dumps(content, indent=1).encode()))

    def _save(self, kind: ArtifactKind, name: str, save: Callable[[Path], object], hosts: tuple[str, ...] = ()) -> None:
        """Save a file under a name, and note the artifact, or why it is missing."""
        artifact = Artifact(kind=kind, name=f"{self._prefix}/{name}", actor=self._actor, hosts=hosts)
        file = self._folder / artifact.name
        try:
            save(file)
        except (PlaywrightError, OSError) as error:
            self._artifacts.append(absent(artifact, _reason(error)))
        else:
            self._artifacts.append(sealed(artifact, file))


def _writer(data: bytes) -> Callable[[Path], object]:
    return lambda file: file.write_bytes(data)


def _reason(error: PlaywrightError | OSError) -> str:
    if isinstance(error, OSError):
        return f"it could not be written ({error.strerror or type(error).__name__})"
    return f"the browser did not give it ({cut(error.message.splitlines()[0], 160)})"
