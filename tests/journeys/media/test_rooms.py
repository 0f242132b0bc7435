"""Tests that the probe sees and hears in a room as a person does; and that it sees and hears nothing more.

`rooms.html` has one call, which each room shows in its own way, and frames in which nothing can be asked.
"""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from firstbell.journeys.media.camera import PERMISSIONS, camera_script, signature_for
from firstbell.journeys.media.probe import MediaProbe, probe_script
from firstbell.journeys.media.proof import MediaFault, MediaProof

pytestmark = pytest.mark.browser

FOLDER = Path(__file__).parent
TEACHER, STUDENT, OTHER = (signature_for("rooms", number) for number in range(3))

SILENT = """muted element|volume 0|paused sound|sound element without a stream|gain 0|suspended context|closed context
|sound taken from the output|sound only measured|recorded, rerouted to nowhere|no output device|only our own sound
|only another's sound"""
UNSEEN = """display none|a parent without opacity|a parent that is hidden|one pixel|far to the left
|far to the right, fixed|a box of no height|a closed box|a curtain over it|a hidden frame|a frame of one pixel
|not in the document|our own picture alone|our own picture, copied|canvas that nobody sees"""
FAULTY = {"another's picture": MediaFault.SOMEONE_ELSE, "a paused picture": MediaFault.FROZEN}
FAULTY |= {"canvas that stops": MediaFault.FROZEN}
BESIDE = ("frames that never answer", "sixty advertisements")


def rooms(names: str) -> list[str]:
    return [name.strip() for name in names.replace("\n", "").split("|")]


class Site(http.server.BaseHTTPRequestHandler):
    """Serves the pages of this folder, and one address that never answers."""

    def do_GET(self) -> None:
        if self.path == "/never":
            self.server.closing.wait()  # type: ignore[attr-defined]
            return
        body = (FOLDER / self.path.strip("/")).read_bytes() if self.path.endswith(".html") else b"<p>An advertisement"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        server.closing = threading.Event()  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://rooms.localhost:{server.server_port}"
        server.closing.set()  # type: ignore[attr-defined]
        server.shutdown()


FRAMES = "() => [document.querySelector('video').getVideoPlaybackQuality().totalVideoFrames, performance.now()]"


@dataclass(frozen=True)
class Building:
    """A page with a call; a room is entered, and all that belongs to it is gone after `leave`."""

    page: Page

    def enter(self, *names: str) -> None:
        for name in names:
            self.page.evaluate("name => room.enter(name)", name)

    def leave(self) -> None:
        self.page.evaluate("() => room.leave()")

    def frames(self) -> tuple[int, float]:
        """Frames that the page's first video has had since it began to play, and the page's time in ms."""
        return tuple(self.page.evaluate(FRAMES))

    def look(self, within_s: float) -> MediaProof:
        """A look that this machine was not too busy for; the last of five, should it always be."""
        probe = MediaProbe(lambda: [self.page])
        for _ in range(5):
            proof = probe.expect(TEACHER, observer="student", observed="teacher", within_s=within_s)
            if proof.fault is not MediaFault.PROBE_LATE:
                break
        return proof


def open_page(browser: Browser) -> Page:
    context = browser.new_context()
    context.grant_permissions(list(PERMISSIONS))
    context.add_init_script(camera_script(STUDENT))
    context.add_init_script(probe_script())
    return context.new_page()


@pytest.fixture(scope="module")
def opened(browser: Browser, site: str) -> Iterator[Building]:
    page = open_page(browser)
    page.goto(f"{site}/rooms.html")
    page.evaluate("others => room.open(...others)", [camera_script(TEACHER), camera_script(OTHER)])
    yield Building(page)
    page.context.close()


@pytest.fixture
def building(opened: Building) -> Iterator[Building]:
    yield opened
    opened.leave()


def test_a_person_sees_and_hears_the_teacher_in_every_good_room(building: Building) -> None:
    faulty = {*rooms(SILENT), *rooms(UNSEEN), *FAULTY, *BESIDE}
    names = building.page.evaluate("() => room.names()")
    assert faulty <= set(names)
    faults = {}
    for name in names:
        if name not in faulty:
            building.enter(name)
            proof = building.look(within_s=10)
            if proof.fault is not None:
                faults[name] = proof.said
            building.leave()
    assert not faults


def test_nothing_is_heard_where_a_person_hears_nothing(building: Building) -> None:
    """All at once: the tone would come from any of them."""
    building.enter("muted element")
    building.enter(*rooms(SILENT))
    # Longer than an analyser remembers what was there before.
    assert building.look(within_s=3).fault is MediaFault.SILENT


def test_nothing_is_seen_where_a_person_sees_nothing(building: Building) -> None:
    building.enter(*rooms(UNSEEN))
    assert building.look(within_s=3).fault is MediaFault.NO_PICTURE


@pytest.mark.parametrize("name", FAULTY)
def test_a_picture_that_is_wrong_has_its_fault(name: str, building: Building) -> None:
    building.enter(name)
    assert building.look(within_s=6).fault is FAULTY[name]


def test_a_rate_is_counted_over_a_second(building: Building) -> None:
    """A busy machine sends fewer than the camera's 15: the browser's own count of the same time says how many."""
    building.enter("plain")
    building.look(within_s=10)
    looks = [(building.frames(), building.look(within_s=10), building.frames()) for _ in range(5)]
    sent = [(after[0] - before[0]) * 1000 / (after[1] - before[1]) for before, _, after in looks]
    seen = [(rate.frames_per_s, frames) for (_, rate, _), frames in zip(looks, sent, strict=True) if not rate.is_late]
    assert all(abs(rate - frames) < 4 for rate, frames in seen), seen
    assert any(rate.is_rate_certain for _, rate, _ in looks)


def test_frames_in_which_nothing_can_be_asked_hold_up_no_look(browser: Browser, site: str) -> None:
    page = open_page(browser)
    page.goto(f"{site}/rooms.html")
    page.evaluate("others => room.open(...others)", [camera_script(TEACHER), camera_script(OTHER)])
    building = Building(page)
    building.enter("plain", *BESIDE)
    page.wait_for_function("() => window.length > 60")
    began = time.monotonic()
    assert building.look(within_s=20).fault is None
    probe = MediaProbe(lambda: [page])
    assert probe.counted().video_packets > 0
    assert probe.samples()
    # On this page one that waits for each frame waits until its own end.
    assert time.monotonic() - began < 25
    page.context.close()


def test_a_page_that_runs_for_long_is_not_waited_for(browser: Browser, site: str) -> None:
    page = open_page(browser)
    page.goto(f"{site}/rooms.html")
    # It ends after the test: closing its context does not end a page that runs.
    page.evaluate("() => void setTimeout(() => { for (const end = Date.now() + 9000; Date.now() < end; ); }, 50)")
    began = time.monotonic()
    with pytest.raises(LookupError, match="has not answered"):
        Building(page).look(within_s=1)
    assert time.monotonic() - began < 6
    page.context.close()
