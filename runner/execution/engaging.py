"""Engages people for a play by hand: waits until each role has an account that is free, and keeps it meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from firstbell.errors import FirstBellError
from runner.execution.casting import Company, Part
from runner.execution.identity import me
from runner.history.claims import Casting
from runner.history.locks import Locks

# How long a run by hand waits for an account that another run plays, and how often it looks.
CASTING_S = 180.0
LOOK_AGAIN_S = 0.5


class Busy(FirstBellError):
    """An account that is needed stays in use by another run."""


@contextmanager
def engaged(company: Company, part: Part, locks: Locks, *, lease_s: float) -> Iterator[Casting]:
    """Somebody for each role, who is in no other run meanwhile. Raises Busy and HistoryError."""
    holder = f"run by {me()}"
    deadline = time.monotonic() + CASTING_S
    while (
        casting := locks.cast(lambda taken: company.cast(part, taken), holder=holder, lease_s=lease_s + CASTING_S)
    ) is None:
        if time.monotonic() > deadline:
            raise Busy("the accounts that this journey needs are in use by other runs; try again when they are done")
        time.sleep(LOOK_AGAIN_S)
    try:
        yield casting
    finally:
        locks.give_back(holder)
