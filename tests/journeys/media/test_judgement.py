"""What is proved and what is missing, decided from looks alone: one row a class of fault."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firstbell.journeys.media.camera import FrameStamp, Signature
from firstbell.journeys.media.ice import IceCandidate, IceError, IceFacts
from firstbell.journeys.media.judgement import conclude, fault_of, is_certain, is_proved
from firstbell.journeys.media.observation import MediaObservation
from firstbell.journeys.media.proof import MediaFault
from firstbell.journeys.media.sample import AudioReading, MediaCounters, MediaSample, VideoReading, read_media_sample

TEACHER = Signature(actor_id=7, tone_hz=1000.0)
TONE = AudioReading(level_db=-20, beside_db=-90, floor_db=-100, peak_hz=1002.0, bin_hz=5.86)
SILENCE = AudioReading(level_db=-110, beside_db=-110, floor_db=-110, peak_hz=500.0, bin_hz=5.86)
HEALTHY = MediaSample(
    at_ms=0,
    own_id=3,
    shown=2,
    pictures=(),
    sounds=(TONE,),
    peers=1,
    ice="connected",
    described=True,
    answered=True,
    counters=MediaCounters(video_packets=1, audio_packets=1, frames_decoded=1),
    path=None,
    marks={},
)


def picture(at_ms: int, *, sent_ms: int | None = None, actor_id: int = 7) -> VideoReading:
    stamp = FrameStamp(actor_id=actor_id, sent_ms=at_ms - 40 if sent_ms is None else sent_ms)
    return VideoReading(at_ms=at_ms, stamp=stamp, luma=120, spread=60)


def seen(*looks: MediaSample) -> MediaObservation:
    return MediaObservation(expected=TEACHER, samples=looks)


def moving(last: MediaSample = HEALTHY) -> MediaObservation:
    """A good second of fresh pictures, counters that rise, and `last` for whatever is special."""
    later = MediaCounters(video_packets=20, audio_packets=30, frames_decoded=12)
    pictures = tuple(picture(10_000 + 66 * number) for number in range(19))
    return seen(
        replace(HEALTHY, at_ms=10_000),
        replace(last, at_ms=11_250, pictures=pictures, counters=later),
    )


def test_fresh_pictures_a_tone_and_rising_counters_are_proof() -> None:
    assert is_proved(moving())
    proof = conclude(moving(), observer="student", observed="teacher", waited_s=1.1)
    assert proof.fault is None
    assert proof.latency_ms == 40
    assert proof.frames_per_s == pytest.approx(15, abs=0.3)
    assert proof.tone_hz == 1002.0


def test_a_page_without_peer_connection_is_judged_by_picture_and_tone() -> None:
    no_call = replace(HEALTHY, peers=0, ice="", described=False, counters=MediaCounters())
    assert is_proved(moving(no_call))


def test_a_call_whose_media_comes_by_other_ways_than_rtp_is_judged_by_picture_and_tone() -> None:
    first, last = moving().samples
    no_rtp = MediaCounters()
    assert is_proved(seen(replace(first, counters=no_rtp), replace(last, counters=no_rtp)))


def test_half_a_second_of_pictures_is_not_enough() -> None:
    first, last = moving().samples
    assert not is_proved(seen(first, replace(last, at_ms=10_600, pictures=last.pictures[:10])))


def test_frames_that_waited_for_a_page_that_stood_still_are_no_rate() -> None:
    """A second and a half of pictures, shown within half a second, and the next ones as they were drawn."""
    first, last = moving().samples
    held = [
        picture(max(each.at_ms, 10_700) + number, sent_ms=each.at_ms - 40) for number, each in enumerate(last.pictures)
    ]
    proof = conclude(seen(first, replace(last, pictures=tuple(held))), observer="a", observed="b", waited_s=1.1)
    assert proof.frames_per_s == pytest.approx(15, abs=0.3)


def test_a_rate_since_an_earlier_proof_is_that_of_the_pictures_own_element() -> None:
    """Frames of other people on the same page add nothing, and a new element has no earlier count."""
    early, late = (conclude(moving(), observer="a", observed="b", waited_s=1.1) for _ in range(2))
    shown = replace(picture(20_000), source="1.4", presented=900)
    counts = [
        (replace(shown, at_ms=10_000, presented=780), 12.0),
        (replace(shown, at_ms=10_000, presented=780, source="1.5"), late.frames_per_s),
        (replace(shown, at_ms=10_000, presented=None), late.frames_per_s),
        (replace(shown, at_ms=10_000, presented=1200), late.frames_per_s),
        (shown, late.frames_per_s),
        (None, late.frames_per_s),
    ]
    for before, rate in counts:
        assert replace(late, newest=shown).frames_per_s_since(replace(early, newest=before)) == rate


def test_frames_that_were_shown_and_not_read_are_counted() -> None:
    """The browser's own count goes on while the probe reads every third frame."""
    first, last = moving().samples
    read = tuple(replace(each, presented=number) for number, each in enumerate(last.pictures))[::3]
    proof = conclude(seen(first, replace(last, pictures=read)), observer="a", observed="b", waited_s=1.1)
    assert (proof.fault, proof.is_rate_certain) == (None, True)
    assert proof.frames_per_s == pytest.approx(15, abs=0.3)


@pytest.mark.parametrize(
    ("twice", "is_certain_rate"),
    [pytest.param(True, True, id="each frame read twice"), pytest.param(False, False, id="each frame read once")],
)
def test_a_rate_by_reading_is_certain_only_if_reading_is_faster(*, twice: bool, is_certain_rate: bool) -> None:
    first, last = moving().samples
    again = [each for one in last.pictures for each in (one, replace(one, at_ms=one.at_ms + 30))]
    pictures = tuple(again) if twice else last.pictures
    proof = conclude(seen(first, replace(last, pictures=pictures)), observer="a", observed="b", waited_s=1.1)
    assert proof.is_rate_certain is is_certain_rate


def test_other_people_beside_do_not_make_a_live_picture_old() -> None:
    first, last = moving(replace(HEALTHY, sounds=())).samples
    others = tuple(replace(picture(at_ms, actor_id=9), source="tile 2") for at_ms in (11_700, 11_800))
    beside = replace(last, at_ms=11_900, pictures=(*last.pictures, *others))
    assert seen(first, beside).is_live
    assert not seen(first, replace(beside, pictures=(*last.pictures, *(replace(o, source="") for o in others)))).is_live


@pytest.mark.parametrize(
    "pictures",
    [
        pytest.param(tuple(picture(10_000 + 66 * n, sent_ms=9_000) for n in range(17)), id="one stamp again and again"),
        pytest.param(tuple(picture(10_000 + n) for n in range(17)), id="all at one moment"),
        pytest.param(tuple(picture(10_000 + 66 * n, actor_id=9) for n in range(17)), id="somebody else's"),
        pytest.param(tuple(picture(4_000 + 66 * n) for n in range(17)), id="long ago"),
        pytest.param(tuple(picture(10_000 + 66 * n, sent_ms=66 * n) for n in range(17)), id="a recording, 10 s old"),
    ],
)
def test_pictures_that_prove_nothing(pictures: tuple[VideoReading, ...]) -> None:
    later = replace(HEALTHY, at_ms=11_100, pictures=pictures, counters=MediaCounters(audio_packets=9, frames_decoded=9))
    assert not is_proved(seen(HEALTHY, later))


def test_counters_that_stand_still_deny_a_picture_that_moves() -> None:
    observation = moving()
    still = replace(observation.samples[-1], counters=HEALTHY.counters)
    assert not is_proved(seen(observation.samples[0], still))


DIRECT = IceCandidate(kind="host", protocol="udp")
BY_UDP, BY_TCP = "turn:relay:3478?transport=udp", "turn:relay:3478?transport=tcp"
RELAYED = IceCandidate(kind="relay", protocol="udp", server=BY_UDP)
REFUSED = IceFacts(servers=(BY_UDP,), errors=(IceError(server=BY_UDP, code=401),), received=(DIRECT,))
UNANSWERED = IceFacts(servers=(BY_UDP,), received=(DIRECT,))
CHECKING = replace(HEALTHY, ice="checking")
UNHEARD = replace(HEALTHY, counters=MediaCounters(acknowledged=90))
FLOWING = MediaCounters(video_packets=50, frames_decoded=20)
BLACK = VideoReading(at_ms=19_900, stamp=None, luma=16, spread=0.5)
ROOM = VideoReading(at_ms=19_900, stamp=None, luma=120, spread=50)
LOOKS = tuple(replace(HEALTHY, at_ms=at_ms) for at_ms in range(0, 20_000, 500))
STILL = tuple(picture(at_ms, sent_ms=9_000) for at_ms in range(10_000, 20_000, 500))


@pytest.mark.parametrize(
    ("fault", "last"),
    [
        (MediaFault.NO_OFFER, replace(HEALTHY, described=False, ice="new", peers=1)),
        (MediaFault.NO_OFFER, replace(HEALTHY, described=False, ice="", peers=0)),
        (MediaFault.NO_ANSWER, replace(HEALTHY, answered=False, ice="new", peers=1)),
        (MediaFault.ICE_FAILED, replace(HEALTHY, ice="checking")),
        (MediaFault.RELAY_REFUSED, replace(CHECKING, ice_facts=REFUSED)),
        (MediaFault.UDP_BLOCKED, replace(CHECKING, ice_facts=UNANSWERED)),
        (MediaFault.ICE_FAILED, replace(CHECKING, ice_facts=replace(UNANSWERED, received=()))),
        (MediaFault.ICE_FAILED, replace(CHECKING, ice_facts=replace(REFUSED, gathered=(RELAYED,)))),
        (MediaFault.ICE_FAILED, replace(CHECKING, ice_facts=replace(UNANSWERED, gathered=(RELAYED,)))),
        (MediaFault.DTLS_FAILED, replace(HEALTHY, ice_facts=IceFacts(dtls="failed"))),
        (MediaFault.ONE_WAY, UNHEARD),
        (MediaFault.NO_PACKETS, replace(HEALTHY, counters=MediaCounters(audio_packets=50, acknowledged=90))),
        (MediaFault.NO_PACKETS, replace(HEALTHY, counters=MediaCounters(audio_packets=50))),
        (MediaFault.NO_PACKETS, HEALTHY),
        (MediaFault.NO_DECODE, replace(HEALTHY, counters=MediaCounters(video_packets=50))),
        (MediaFault.NO_PICTURE, replace(HEALTHY, counters=FLOWING)),
        (MediaFault.BLACK, replace(HEALTHY, pictures=(BLACK,))),
        (MediaFault.BLACK, replace(HEALTHY, pictures=(picture(18_000), BLACK))),
        (MediaFault.SOMEONE_ELSE, replace(HEALTHY, pictures=(ROOM,))),
        (MediaFault.SOMEONE_ELSE, replace(HEALTHY, pictures=tuple(picture(at, actor_id=9) for at in (19_800, 19_900)))),
        (MediaFault.FROZEN, replace(HEALTHY, pictures=STILL)),
        (MediaFault.SILENT, replace(HEALTHY, sounds=(SILENCE,), pictures=(picture(19_900),))),
        (MediaFault.SILENT, replace(HEALTHY, sounds=(), pictures=(picture(19_900),))),
    ],
)
def test_each_missing_part_of_a_call_has_a_fault(fault: MediaFault, last: MediaSample) -> None:
    found, said = fault_of(seen(*LOOKS, replace(last, at_ms=20_000)))
    assert found is fault
    assert said


@pytest.mark.parametrize(
    ("fault", "last"),
    [
        pytest.param(MediaFault.PROBE_LATE, replace(HEALTHY, pictures=STILL), id="frozen, or not looked at"),
        pytest.param(MediaFault.PROBE_LATE, replace(HEALTHY, counters=FLOWING), id="no picture, or not looked at"),
        pytest.param(MediaFault.BLACK, replace(HEALTHY, pictures=(BLACK,)), id="black is black"),
        pytest.param(MediaFault.ICE_FAILED, replace(HEALTHY, ice="checking"), id="no path is no path"),
    ],
)
def test_a_probe_that_could_not_look_says_so(fault: MediaFault, last: MediaSample) -> None:
    blocked = seen(*LOOKS, replace(last, at_ms=20_000, lost_ms=1500))
    rarely = seen(HEALTHY, replace(last, at_ms=20_000))
    assert [fault_of(blocked)[0], fault_of(rarely)[0]] == [fault, fault]
    assert not is_certain(blocked, 0)


def test_the_observers_own_picture_proves_nothing() -> None:
    own = replace(HEALTHY, at_ms=20_000, pictures=(picture(19_900, actor_id=3),), counters=FLOWING)
    assert fault_of(seen(*LOOKS, own))[0] is MediaFault.NO_PICTURE


def test_waiting_ends_early_only_where_it_is_useless() -> None:
    assert not is_certain(seen(HEALTHY), 0)
    assert is_certain(seen(HEALTHY), 3000)
    assert is_certain(seen(*LOOKS, replace(HEALTHY, at_ms=20_000, pictures=STILL)), 0)


@pytest.mark.parametrize(
    ("is_sure", "last", "after_ms"),
    [
        pytest.param(True, replace(CHECKING, ice_facts=REFUSED), 5000, id="a relay that refuses"),
        pytest.param(False, replace(CHECKING, ice_facts=REFUSED), 4900, id="not yet"),
        pytest.param(True, replace(CHECKING, ice_facts=UNANSWERED), 5000, id="UDP that nobody answers"),
        pytest.param(
            False, replace(CHECKING, ice_facts=IceFacts(servers=(BY_TCP,))), 7900, id="TCP that may still come"
        ),
        pytest.param(True, replace(CHECKING, ice_facts=IceFacts(servers=(BY_TCP,))), 8000, id="TCP that has not come"),
        pytest.param(
            False,
            replace(CHECKING, ice_facts=replace(UNANSWERED, gathered=(RELAYED,))),
            9000,
            id="a relay that is being tried",
        ),
        pytest.param(False, HEALTHY, 9000, id="a way that was found"),
        pytest.param(False, replace(CHECKING, described=False), 9000, id="no call"),
        pytest.param(False, replace(CHECKING, peers=0), 9000, id="no connection"),
    ],
)
def test_the_wait_for_a_path_lasts_while_servers_may_answer(last: MediaSample, after_ms: int, *, is_sure: bool) -> None:
    first = replace(last, at_ms=10_000)
    assert is_certain(seen(first, replace(last, at_ms=10_000 + after_ms)), 0) is is_sure


@pytest.mark.parametrize(
    ("last", "lasting_ms", "is_sure"),
    [
        pytest.param(UNHEARD, 5000, True, id="one way"),
        pytest.param(UNHEARD, 4900, False, id="one way, not yet"),
        pytest.param(replace(HEALTHY, ice_facts=IceFacts(dtls="failed")), 3000, True, id="DTLS"),
        pytest.param(replace(HEALTHY, pictures=(BLACK,)), 5000, True, id="black"),
        pytest.param(replace(HEALTHY, pictures=(ROOM,)), 5000, True, id="somebody else"),
        pytest.param(HEALTHY, 60_000, False, id="packets may still come"),
    ],
)
def test_a_lasting_fault_ends_the_wait(last: MediaSample, lasting_ms: int, *, is_sure: bool) -> None:
    assert is_certain(seen(HEALTHY, replace(last, at_ms=20_000)), 0, lasting_ms) is is_sure


def test_counters_that_begin_anew_count_as_nothing_and_never_below() -> None:
    assert MediaCounters(video_packets=3, lost=-2).since(MediaCounters(video_packets=90)) == MediaCounters()


@pytest.mark.parametrize(
    ("sound", "is_heard"),
    [
        pytest.param(TONE, True, id="the tone"),
        pytest.param(replace(TONE, level_db=-45, peak_hz=1400.0), True, id="beside a louder one"),
        pytest.param(replace(TONE, level_db=-80), False, id="too faint"),
        pytest.param(replace(TONE, floor_db=-25), False, id="only noise"),
        pytest.param(replace(TONE, beside_db=-24), False, id="a voice that passes over it"),
    ],
)
def test_which_sounds_carry_the_tone(sound: AudioReading, *, is_heard: bool) -> None:
    assert sound.carries_tone is is_heard


def test_a_page_with_several_connections_is_judged_by_its_best() -> None:
    way = {"gathering": "complete", "dtls": "new", "servers": [], "errors": [], "gathered": [], "received": []}
    facts = {"described": True, "answered": True, "path": None, "connection": "", "way": way}
    peer = {**facts, **dict.fromkeys(MediaCounters.__slots__, 2)}
    told: dict[str, object] = {
        "at_ms": 1,
        "own_id": 1,
        "page_ms": None,
        "origin_ms": 0.0,
        "lost_ms": 0.0,
        "marks": {},
        "shown": 0,
        "pictures": [],
        "sounds": [],
        "peers": [{**peer, "ice": "connected"}, {**peer, "ice": "failed"}],
    }
    look = read_media_sample(told)
    assert look.ice == "connected"
    assert look.counters.video_packets == 4
