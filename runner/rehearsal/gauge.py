"""Reads this machine once or twice a second while a rehearsal is played."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Self

import psutil

from runner.rehearsal.document import SampleRow

EVERY_S = 0.5
MIB = 1 << 20


class Gauge:
    """Samples from when it is entered until it is left; `samples` holds what was read."""

    def __init__(self) -> None:
        self.samples: list[SampleRow] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read, name="gauge", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _read(self) -> None:
        began, before = time.monotonic(), psutil.cpu_times()
        while not self._stop.wait(EVERY_S):
            now = psutil.cpu_times()
            busy, stolen = _shares(before, now)
            before = now
            self.samples.append(
                SampleRow(
                    at_s=round(time.monotonic() - began, 2),
                    busy_share=busy,
                    stolen_share=stolen,
                    memory_free_mib=round(psutil.virtual_memory().available / MIB, 1),
                )
            )


# "guest" is counted in "user" already; what waits for a disk could have worked.
NOT_COUNTED = frozenset({"guest", "guest_nice"})
IDLE = frozenset({"idle", "iowait", "steal"})


def _shares(before: object, now: object) -> tuple[float, float]:
    """Busy and stolen, of the processors' time between two readings."""
    fields = [name for name in getattr(now, "_fields", ()) if name not in NOT_COUNTED]
    passed = {name: max(0.0, getattr(now, name) - getattr(before, name)) for name in fields}
    total = sum(passed.values())
    if total <= 0:
        return 0.0, 0.0
    busy = sum(share for name, share in passed.items() if name not in IDLE)
    return round(busy / total, 4), round(passed.get("steal", 0.0) / total, 4)
