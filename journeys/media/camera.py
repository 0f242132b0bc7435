"""The signed camera: a picture and a tone that say whose they are and when they were made.

The picture carries an 8 x 6 grid of black and white blocks, 48 bits: actor 12, time in ms modulo 2^28 (3.1 days) 28,
CRC-8 over those 8. The tone is a sine whose frequency belongs to the actor. `camera.js` draws and sounds it in the
page; nothing here is secret or a person's likeness. `devices.js` gives it to the page in place of a fake device of the
browser's own, once the browser has opened that device for the page.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

ACTOR_BITS, TIME_BITS, CRC_BITS = 12, 28, 8
FRAMES_PER_S = 15
LOW_RATE_FRAMES_PER_S = 5

BITS = ACTOR_BITS + TIME_BITS + CRC_BITS
TIME_MODULUS = 1 << TIME_BITS

# 32 tones from 400 Hz, 62.5 Hz apart: ten bins of the 8192-point analyser at 48 kHz, and inside what every voice
# codec carries (300 to 3400 Hz).
TONES, TONE_LOWEST_HZ, TONE_APART_HZ = 32, 400.0, 62.5

LAUNCH_ARGS: tuple[str, ...] = (
    # A camera and microphones of the browser's own, for a machine that has none.
    "--use-fake-device-for-media-stream",
    # The headless shell cannot ask for them, and refuses them to everybody without this stand-in for the prompt. It
    # grants them to everybody; `devices.js` then refuses what the context was not granted.
    "--use-fake-ui-for-media-stream",
    # A tone must be heard and an analyser must run before anything on the page was clicked.
    "--autoplay-policy=no-user-gesture-required",
    # One renderer for an actor instead of one for each origin that a sign-in passes through: 4.4 processor seconds for
    # a live class instead of 5.3. Chromium's sandbox stays; actors stay apart, because each has a context of its own.
    "--disable-site-isolation-trials",
    "--renderer-process-limit=1",
)

# The same for Firefox, which has no such arguments: devices of its own without a prompt (it has no permission for them
# that could be granted), sound without a click, and host addresses that are not hidden.
FIREFOX_PREFS: Mapping[str, bool | int] = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    "media.autoplay.blocking_policy": 0,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
}

# With these granted Chromium gives ICE real host addresses. Without, it hides them behind mDNS names, which two
# browsers on one machine without a multicast network cannot resolve (feross/simple-peer#572).
PERMISSIONS: tuple[str, ...] = ("camera", "microphone")


def permissions_in(engine: str) -> tuple[str, ...]:
    """The permissions to grant to a context. Playwright's Firefox knows none of them; its fake devices need none."""
    return () if engine == "firefox" else PERMISSIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """The mark of one actor's camera, which no other has. `actor_id` has 12 bits."""

    actor_id: int
    tone_hz: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSettings:
    """The frame rate of a camera, and whether its microphone sends."""

    frames_per_s: int = FRAMES_PER_S
    is_muted: bool = False


FULL_RATE = CameraSettings()
# A student in a class of many: seen, though not closely, and muted. At the full rate most of the cost of a rehearsal
# is the teacher's page, which decodes and shows every student.
LOW_RATE = CameraSettings(frames_per_s=LOW_RATE_FRAMES_PER_S, is_muted=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameStamp:
    """The content of a grid: the actor, and the sender's clock in ms modulo 2^28."""

    actor_id: int
    sent_ms: int

    def age_ms(self, now_ms: int) -> int:
        """The age of the stamp at `now_ms`, across the wrap. A clock that runs ahead gives a small negative age."""
        age = (now_ms - self.sent_ms) % TIME_MODULUS
        return age - TIME_MODULUS if age > TIME_MODULUS // 2 else age


def signature_for(run_token: str, index: int) -> Signature:
    """The signature of a run's actor number `index`: ids and tones differ within a run (up to 32 actors for the tones),
    and other runs' ids differ by chance of 1 in 4096."""
    seed = int.from_bytes(hashlib.sha256(run_token.encode()).digest()[:8])
    # Odd strides visit every value before one comes again.
    actor_id = (seed + index * 1201) % (1 << ACTOR_BITS)
    tone = (seed // 4096 + index * 7) % TONES
    return Signature(actor_id=actor_id, tone_hz=TONE_LOWEST_HZ + tone * TONE_APART_HZ)


def encode(stamp: FrameStamp) -> int:
    """The 48 bits of a stamp, the first block being the highest bit."""
    payload = stamp.actor_id << TIME_BITS | stamp.sent_ms % TIME_MODULUS
    return payload << CRC_BITS | crc8(payload)


def decode(bits: int) -> FrameStamp | None:
    """The stamp that 48 bits hold, or None when they hold none."""
    payload, crc = bits >> CRC_BITS, bits & 0xFF
    if crc8(payload) != crc:
        return None
    return FrameStamp(actor_id=payload >> TIME_BITS, sent_ms=payload % TIME_MODULUS)


def crc8(payload: int) -> int:
    """CRC-8 with polynomial 0x2F (AUTOSAR CRC8H2F), which finds any three wrong bits in up to 119. Starts at 0xFF, so
    that a picture of one colour is never a stamp."""
    crc = 0xFF
    for byte in payload.to_bytes(5):
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x2F if crc & 0x80 else crc << 1) & 0xFF
    return crc


def camera_script(signature: Signature, *, settings: CameraSettings = FULL_RATE) -> str:
    """The init script that gives this camera to each page and frame of a context that is given a real one."""
    return f"({_source('devices.js')})(({_source('camera.js')})({json.dumps(asdict(signature) | asdict(settings))}));"


def permission_script() -> str:
    """The init script for a context without a signed camera: its pages get the browser's fake devices if granted."""
    return f"({_source('devices.js')})(null);"


def _source(name: str) -> str:
    return Path(__file__).with_name(name).read_text()
