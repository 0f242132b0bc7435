"""The signature in the picture: what is encoded is read back, and what is not ours is not read at all."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstbell.journeys.media.camera import BITS, TIME_MODULUS, TONE_APART_HZ, FrameStamp, decode, encode, signature_for

stamps = st.builds(FrameStamp, actor_id=st.integers(0, 4095), sent_ms=st.integers(0, TIME_MODULUS - 1))


@given(stamps)
def test_an_encoded_stamp_is_decoded(stamp: FrameStamp) -> None:
    assert decode(encode(stamp)) == stamp


@given(stamps, st.sets(st.integers(0, BITS - 1), min_size=1, max_size=3))
def test_three_wrong_blocks_never_make_a_stamp(stamp: FrameStamp, wrong: set[int]) -> None:
    assert decode(encode(stamp) ^ sum(1 << bit for bit in wrong)) is None


@pytest.mark.parametrize("bits", [0, 2**BITS - 1])
def test_a_picture_of_one_colour_is_no_stamp(bits: int) -> None:
    assert decode(bits) is None


@pytest.mark.parametrize(
    ("sent_ms", "now_ms", "age_ms"),
    [
        pytest.param(1000, 1050, 50, id="a moment ago"),
        pytest.param(TIME_MODULUS - 10, TIME_MODULUS + 20, 30, id="across the wrap"),
        pytest.param(1050, 1000, -50, id="from a clock that runs ahead"),
    ],
)
def test_age_is_right_across_the_wrap(sent_ms: int, now_ms: int, age_ms: int) -> None:
    assert FrameStamp(actor_id=1, sent_ms=sent_ms).age_ms(now_ms) == age_ms


@given(st.text(min_size=1))
def test_actors_of_one_run_never_share_an_id_or_a_tone(run_token: str) -> None:
    cast = [signature_for(run_token, index) for index in range(32)]
    assert len({signature.actor_id for signature in cast}) == 32
    for one, other in itertools.combinations(cast, 2):
        assert abs(one.tone_hz - other.tone_hz) >= TONE_APART_HZ


def test_another_run_signs_differently() -> None:
    ids = {signature_for(f"run {number}", 0).actor_id for number in range(200)}
    assert len(ids) > 180
