"""Measures the cost of one student on this machine, with the signed camera in a call of a page with itself."""

from __future__ import annotations

import time

import psutil
from playwright.sync_api import Browser, BrowserContext, Page

from firstbell.journeys.media.camera import FULL_RATE, LOW_RATE, PERMISSIONS, camera_script, signature_for
from firstbell.journeys.media.probe import probe_script
from firstbell.runner.rehearsal.document import CostRow
from firstbell.runner.rehearsal.processes.protocol import CapacityMeasured

# A student's call carries the teacher in one direction and the student in the other: here each is one person.
CAMERA_SETTINGS = (FULL_RATE, LOW_RATE)
PEOPLE = len(CAMERA_SETTINGS)
MEASURE_S = 4.0
SETTLE_MS = 1500
# Cost of all steps until in class, as a multiple of opening a page with a call: 2.2 processor seconds to 1.3 (half of a
# live class for two, benchmarks/speed.py).
ARRIVAL_FACTOR = 1.7
# Both directions together are one student: in a class that is a star, the other end of each call is here too.
ENDS = PEOPLE
# Browsers allow cameras and microphones only to pages of a trustworthy origin; nothing is fetched from this one.
ADDRESS = "http://localhost/measuring"
CALL = """async () => {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 480 } });
  const [here, there] = [new RTCPeerConnection(), new RTCPeerConnection()];
  here.onicecandidate = ({ candidate }) => there.addIceCandidate(candidate);
  there.onicecandidate = ({ candidate }) => here.addIceCandidate(candidate);
  there.ontrack = ({ streams }) => (document.querySelector("video").srcObject = streams[0]);
  for (const track of stream.getTracks()) here.addTrack(track, stream);
  await here.setLocalDescription();
  await there.setRemoteDescription(here.localDescription);
  await there.setLocalDescription();
  await here.setRemoteDescription(there.localDescription);
}"""
MIB = 1 << 20


def measure(browser: Browser) -> CapacityMeasured:
    """Holds a few calls and measures processor time and memory. Takes about ten seconds."""
    # The one-time cost of a browser's first page is not part of a student's cost.
    warm = browser.new_context()
    _call(warm, PEOPLE).wait_for_timeout(SETTLE_MS)
    warm.close()
    others_cores = psutil.cpu_percent(interval=1.0) / 100 * (psutil.cpu_count() or 1)
    free_mib = psutil.virtual_memory().available / MIB
    before_s, before_mib = _spent_s(), _memory_mib()
    contexts = [browser.new_context() for _ in range(PEOPLE)]
    pages = [_call(context, number) for number, context in enumerate(contexts)]
    pages[0].wait_for_timeout(SETTLE_MS)
    opened_s, began = _spent_s(), time.monotonic()
    pages[0].wait_for_timeout(MEASURE_S * 1000)
    stayed_s, took_s, used_mib = _spent_s(), time.monotonic() - began, _memory_mib()
    for context in contexts:
        context.close()
    staying = (stayed_s - opened_s) / took_s / PEOPLE
    coming_s = (opened_s - before_s) / PEOPLE - staying * SETTLE_MS / 1000
    return CapacityMeasured(
        cost=CostRow(
            arriving_s=round(max(0.0, coming_s) * ARRIVAL_FACTOR, 3),
            staying_share=round(staying * ENDS, 4),
            memory_mib=round(max(0.0, used_mib - before_mib) / PEOPLE, 1),
        ),
        others_cores=round(others_cores, 2),
        memory_free_mib=round(free_mib, 1),
    )


def _call(context: BrowserContext, number: int) -> Page:
    context.grant_permissions(list(PERMISSIONS))
    context.add_init_script(
        camera_script(signature_for("measuring", number), settings=CAMERA_SETTINGS[number % PEOPLE])
    )
    context.add_init_script(probe_script())
    page = context.new_page()
    page.route("**/*", lambda route: route.fulfill(content_type="text/html", body="<video autoplay></video>"))
    page.goto(ADDRESS)
    page.evaluate(CALL)
    return page


def _family() -> list[psutil.Process]:
    me = psutil.Process()
    return [me, *me.children(recursive=True)]


def _spent_s() -> float:
    """Processor seconds of this process, its driver and its browser so far."""
    total = 0.0
    for process in _family():
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        total += times.user + times.system
    return total


def _memory_mib() -> float:
    """Memory that would be freed if these processes ended."""
    total = 0.0
    for process in _family():
        try:
            total += process.memory_full_info().uss / MIB
        except psutil.Error:
            continue
    return total
