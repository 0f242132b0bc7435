"""How much of a run is recorded, and how much of it is kept."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A trace with `screencast` costs about 20 % CPU on a live class, with snapshots alone 9 %."""

    trace: bool = True
    screencast: bool = False
    screenshots: bool = True


def recording_for(on_pass: str, on_fail: str) -> Recording:
    """The recorders of an attempt that may end either way: what either ending is to leave must be recorded from its start.

    The words are those of `evidence.on_pass` and `evidence.on_fail`: figures, screenshots, trace.
    """
    wanted = {on_pass, on_fail}
    return Recording(trace="trace" in wanted, screenshots=bool(wanted & {"screenshots", "trace"}))
