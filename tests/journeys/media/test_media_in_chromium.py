"""The media proof against real Chromium: a real call is proved, and each class of fault is named for what it is."""

from __future__ import annotations

import http.server
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from firstbell.journeys.media.camera import PERMISSIONS, Signature, camera_script, signature_for
from firstbell.journeys.media.figures import figures
from firstbell.journeys.media.probe import SAMPLE_CALL, SAMPLES_CALL, MediaProbe, probe_script
from firstbell.journeys.media.proof import MediaFault, MediaProof
from firstbell.journeys.media.sample import read_media_sample

pytestmark = pytest.mark.browser

FOLDER = Path(__file__).parent
NewContext = Callable[[], BrowserContext]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=FOLDER)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://two.localhost:{server.server_port}/two_people.html"
        server.shutdown()


@dataclass(frozen=True)
class Person:
    page: Page
    signature: Signature

    def does(self, what: str, given: Any = None) -> Any:
        return self.page.evaluate(f"given => call.{what}", given)

    def looks_at(self, other: Person, within_s: float = 6.0) -> MediaProof:
        probe = MediaProbe(lambda: [self.page])
        return probe.expect(other.signature, observer="student", observed="teacher", within_s=within_s)


@dataclass(frozen=True)
class Two:
    teacher: Person
    student: Person

    def call(self, *, tamper: Callable[[dict[str, Any]], dict[str, Any]] = lambda told: told) -> None:
        """Bring the call up; `tamper` may change what passes between the two."""
        offer = tamper(self.teacher.does("offer()"))
        answer = tamper(self.student.does("answer(given)", offer))
        self.teacher.does("accept(given)", answer)


@pytest.fixture
def two(new_context: NewContext, address: str) -> Two:
    people = []
    for index in range(2):
        signature = signature_for("a test run", index)
        context = new_context()
        context.grant_permissions(list(PERMISSIONS))
        context.add_init_script(camera_script(signature))
        context.add_init_script(probe_script())
        page = context.new_page()
        page.goto(address)
        page.evaluate("() => call.begin()")
        people.append(Person(page, signature))
    return Two(*people)


def without_candidates(told: dict[str, Any]) -> dict[str, Any]:
    """What a network that lets no media through amounts to: no address is ever learnt."""
    lines = [line for line in told["description"]["sdp"].splitlines() if not line.startswith("a=candidate")]
    return {**told, "description": {**told["description"], "sdp": "\r\n".join(lines) + "\r\n"}}


def test_a_call_is_proved_both_ways_ten_times(two: Two) -> None:
    two.call()
    for _ in range(10):
        for observer, observed in ((two.student, two.teacher), (two.teacher, two.student)):
            proof = observer.looks_at(observed)
            assert proof.fault is None, proof.said
            assert proof.latency_ms is not None
            assert 0 <= proof.latency_ms < 1000
            assert proof.tone_hz == pytest.approx(observed.signature.tone_hz, abs=12)
            assert proof.counted.frames_decoded > 0
            assert proof.path is not None
            assert (proof.path.protocol, proof.path.local) == ("udp", "host")


def test_the_phases_of_joining_are_timed_in_order(two: Two) -> None:
    two.call()
    phases = two.student.looks_at(two.teacher).phases
    times = [phases.page_ms, phases.ice_connected_ms, phases.first_frame_ms, phases.first_signed_ms]
    assert None not in times
    assert times == sorted(times, key=lambda ms: ms or 0.0)
    assert phases.first_packet_ms is not None


def test_a_proof_keeps_first_and_last_picture_and_figures(two: Two) -> None:
    two.call()
    probe = MediaProbe(lambda: [two.student.page])
    probe.expect(two.teacher.signature, observer="student", observed="teacher", within_s=6.0)
    first, last = probe.stills()
    assert first.jpeg.startswith(b"\xff\xd8")
    assert first.at_ms < last.at_ms
    two.student.page.wait_for_function(f"async () => (await ({SAMPLES_CALL})()).length > 4", polling=300)
    whole = max(figures(probe.samples(), began_ms=first.at_ms), key=lambda row: row.frames_per_s)
    assert 5 < whole.frames_per_s < 40
    assert whole.video_kbps > 0
    assert whole.audio_kbps > 0


def test_a_picture_without_our_signature_is_never_kept(two: Two) -> None:
    two.teacher.page.evaluate("() => call.stream.getVideoTracks().forEach((track) => (track.enabled = false))")
    two.call()
    probe = MediaProbe(lambda: [two.student.page])
    proof = probe.expect(two.teacher.signature, observer="student", observed="teacher", within_s=3.0)
    assert proof.fault is MediaFault.BLACK
    assert probe.stills() == ()


def with_another_key(told: dict[str, Any]) -> dict[str, Any]:
    """A fingerprint that is nobody's: whoever is met at the end of the way is not who was told of."""
    sdp = re.sub(r"a=fingerprint:sha-256 ..", "a=fingerprint:sha-256 00", told["description"]["sdp"])
    return {**told, "description": {**told["description"], "sdp": sdp}}


def test_no_offer(two: Two) -> None:
    assert two.student.looks_at(two.teacher, 2).fault is MediaFault.NO_OFFER


def test_ice_that_finds_no_way(two: Two) -> None:
    two.call(tamper=without_candidates)
    assert two.student.looks_at(two.teacher, 3).fault is MediaFault.ICE_FAILED


def test_keys_that_do_not_match(two: Two) -> None:
    two.call(tamper=with_another_key)
    proof = two.student.looks_at(two.teacher, 9)
    assert (proof.fault, proof.ice.dtls) == (MediaFault.DTLS_FAILED, "failed")
    assert proof.waited_s < 6, "it is certain long before the time is up"


def test_no_packets(two: Two) -> None:
    for person in (two.teacher, two.student):
        person.page.evaluate("() => call.senders.forEach(sender => sender.replaceTrack(null))")
    two.call()
    assert two.student.looks_at(two.teacher, 3).fault is MediaFault.NO_PACKETS


def test_one_way(two: Two) -> None:
    two.teacher.does("senders.forEach(sender => sender.replaceTrack(null))")
    two.call()
    proof = two.student.looks_at(two.teacher, 9)
    assert proof.fault is MediaFault.ONE_WAY
    assert proof.waited_s < 8, "it is certain before the time is up"
    assert two.teacher.looks_at(two.student).fault is None


def test_packets_that_cannot_be_decoded(two: Two) -> None:
    two.teacher.does("begin({ encoded: true })")
    two.teacher.page.evaluate(
        """() => call.senders.forEach(sender => {
            const { readable, writable } = sender.createEncodedStreams();
            readable.pipeThrough(new TransformStream({ transform(frame, out) {
                if (sender.track.kind === "video") frame.data = new ArrayBuffer(frame.data.byteLength);
                out.enqueue(frame);
            } })).pipeTo(writable);
        })"""
    )
    two.call()
    assert two.student.looks_at(two.teacher, 4).fault is MediaFault.NO_DECODE


def test_a_black_picture(two: Two) -> None:
    two.teacher.does("stream.getVideoTracks()[0].enabled = false")
    two.call()
    assert two.student.looks_at(two.teacher, 4).fault is MediaFault.BLACK


def test_a_dead_class_whose_page_looks_alive(two: Two) -> None:
    """The tracks are taken away mid-call: the page goes on showing a video, and only deltas tell."""
    two.call()
    assert two.student.looks_at(two.teacher).fault is None
    two.teacher.does("senders.forEach(sender => sender.replaceTrack(null))")
    proof = two.student.looks_at(two.teacher, 5)
    assert proof.fault is MediaFault.FROZEN
    alive = two.student.page.evaluate(
        "() => [theirs.checkVisibility(), theirs.paused, call.peer.iceConnectionState, call.peer.connectionState]"
    )
    assert alive == [True, False, "connected", "connected"]


def test_a_picture_that_freezes_while_packets_go_on(two: Two) -> None:
    two.call()
    assert two.student.looks_at(two.teacher).fault is None
    two.teacher.page.evaluate(
        """() => {
            const still = document.createElement("canvas");
            const live = document.createElement("video");
            live.srcObject = call.stream; live.muted = true;
            return live.play().then(() => {
                [still.width, still.height] = [live.videoWidth, live.videoHeight];
                const pen = still.getContext("2d");
                pen.drawImage(live, 0, 0);
                const picture = pen.getImageData(0, 0, still.width, still.height);
                setInterval(() => pen.putImageData(picture, 0, 0), 66);
                const track = still.captureStream(15).getVideoTracks()[0];
                return call.senders.find(sender => sender.track.kind === "video").replaceTrack(track);
            });
        }"""
    )
    proof = two.student.looks_at(two.teacher, 6)
    assert proof.fault is MediaFault.FROZEN
    assert "while packets arrive" in proof.said


@pytest.mark.parametrize(
    ("deed", "fault"),
    [
        ("stream.getVideoTracks()[0].enabled = false", MediaFault.BLACK),
        ("stream.getAudioTracks()[0].enabled = false", MediaFault.SILENT),
    ],
)
def test_a_fault_in_the_middle_of_a_call_gets_its_name(two: Two, deed: str, fault: MediaFault) -> None:
    two.call()
    assert two.student.looks_at(two.teacher).fault is None
    two.teacher.does(deed)
    # What was on its way still arrives, so the first looks may be good ones.
    proof = two.student.looks_at(two.teacher, 5)
    while proof.fault is None:
        proof = two.student.looks_at(two.teacher, 5)
    assert proof.fault is fault


def test_silence(two: Two) -> None:
    two.teacher.does("stream.getAudioTracks()[0].enabled = false")
    two.call()
    assert two.student.looks_at(two.teacher, 3).fault is MediaFault.SILENT


def test_a_picture_of_another_person(two: Two) -> None:
    two.call()
    stranger = Person(two.teacher.page, signature_for("another run", 0))
    assert two.student.looks_at(stranger, 3).fault is MediaFault.SOMEONE_ELSE


def test_a_page_that_decodes_but_shows_nothing(two: Two) -> None:
    two.student.page.evaluate("() => { theirs.style.display = 'none' }")
    two.call()
    assert two.student.looks_at(two.teacher, 3).fault is MediaFault.NO_PICTURE


def test_a_drawn_grid_is_read_back_bit_for_bit(two: Two) -> None:
    """The sender's JavaScript and our Python agree on the grid, through a codec."""
    two.call()
    assert two.student.looks_at(two.teacher).fault is None
    look = read_media_sample(two.student.page.evaluate(SAMPLE_CALL, {"toneHz": 400.0, "actorId": 0, "waitMs": 1000}))
    signed = [picture.stamp for picture in look.pictures if picture.stamp]
    assert signed
    assert {stamp.actor_id for stamp in signed} == {two.teacher.signature.actor_id}
