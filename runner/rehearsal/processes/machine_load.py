"""Samples processor and memory of this machine twice per second during a rehearsal."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Self

import psutil

from firstbell.runner.execution.runs.processor_time import shares_between
from firstbell.runner.rehearsal.document import SampleRow

EVERY_S = 0.5
MIB = 1 << 20


class MachineSampler:
    """Samples in a thread while its context is open; `samples` holds the results."""

    def __init__(self) -> None:
        self.samples: list[SampleRow] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read, name="machine-load", daemon=True)

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
            shares = shares_between(before, now)
            before = now
            self.samples.append(
                SampleRow(
                    at_s=round(time.monotonic() - began, 2),
                    busy_share=round(shares.busy, 4),
                    stolen_share=round(shares.stolen, 4),
                    memory_free_mib=round(psutil.virtual_memory().available / MIB, 1),
                )
            )
