"""A call in figures: rates between counts, and counts that begin anew."""

from __future__ import annotations

from firstbell.journeys.media.figures import CallSample, figures


def sample(at_ms: float, video_bytes: int, frames: int, lost: int = 0) -> CallSample:
    return CallSample(
        at_ms=at_ms,
        video_bytes=video_bytes,
        audio_bytes=video_bytes // 10,
        frames_decoded=frames,
        lost=lost,
        jitter_ms=4.0,
        round_trip_ms=None,
    )


def test_rates_are_taken_between_each_count_and_the_next() -> None:
    (first, second) = figures([sample(1000, 0, 0), sample(2000, 40_000, 15), sample(4000, 40_000, 15, lost=3)], 500.0)
    assert (first.at_s, first.video_kbps, first.audio_kbps, first.frames_per_s) == (1.5, 320.0, 32.0, 15.0)
    assert (second.at_s, second.video_kbps, second.frames_per_s, second.lost) == (3.5, 0.0, 0.0, 3)


def test_a_counter_that_went_back_gives_no_negative_rate() -> None:
    (only,) = figures([sample(0, 90_000, 50, lost=9), sample(1000, 10, 1)], 0.0)
    assert (only.video_kbps, only.frames_per_s, only.lost) == (0.0, 0.0, 0)


def test_two_counts_at_one_moment_give_no_rate() -> None:
    assert figures([sample(5, 0, 0), sample(5, 9, 9)], 0.0) == ()
