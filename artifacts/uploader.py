"""The uploader, a thread that sends the spool to the store beside the runs: no result waits for it.

A thread and not a process: it only moves files that are durable already, dies with its process without losing any, and
shares boto3 with it, which a process of its own would load again (50 MiB). It checks the store first, so an
unavailable store is reported before it is needed, and no run waits for the answer. Then it sleeps until a run is
spooled, or until an unavailable store is due to be tried again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Self

from firstbell.artifacts.spool import Spool, SpoolDelivery, Undelivered
from firstbell.artifacts.stores import Store, StoreError
from firstbell.backoff import Backoff

BACKOFF = Backoff(first_s=2.0, longest_s=300.0, spread=(0.5, 1.0))


class UploadState(Enum):
    """A change that an uploader reports, once for each time that it happens. The values are log events."""

    AWAY = "store.away"
    BACK = "store.back"
    ASIDE = "store.refused"
    BROKEN = "spool.broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadReport:
    """A change of state, with the store's message, or with what was sent meanwhile."""

    state: UploadState
    message: str


class Uploader:
    """Delivers a spool to a store, from `start` until `close`."""

    def __init__(self, spool: Spool, store: Store, listener: Callable[[UploadReport], object]) -> None:
        self._spool = spool
        self._store = store
        self._listener = listener
        self._wake = threading.Event()
        self._retry_now = threading.Event()
        self._is_closing = False
        self._delivered = threading.Condition()
        self._failures = 0
        self._is_new = True
        self._is_broken = False
        self._last = SpoolDelivery()
        self._thread = threading.Thread(target=self._run, name="uploader", daemon=True)

    def start(self) -> Self:
        """Start delivering, and reporting the state of the store."""
        self._thread.start()
        return self

    def nudge(self) -> None:
        """Wake the uploader: a run was spooled."""
        self._wake.set()

    def finish(self, within_s: float) -> str:
        """Deliver what is left, for `within_s` at most. Returns why a run still waits; empty if none does.

        An unavailable store is tried once, now, and not waited for.
        """
        if not self._thread.is_alive():
            return "the uploader is not running" if self._spool.waiting().runs else ""
        with self._delivered:
            self._last = SpoolDelivery()
            self._retry_now.set()
            self._wake.set()
            self._delivered.wait_for(lambda: self._last.waiting or not self._spool.waiting().runs, timeout=within_s)
            if not self._spool.waiting().runs:
                return ""
            if self._last.waiting:
                return self._last.waiting[0].reason
            return "another First Bell is sending it" if self._last.busy else f"the store took over {within_s:g} s"

    def close(self) -> None:
        """Stop. An object that is being sent now is sent again next time."""
        self._is_closing = True
        self._retry_now.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(1.0)

    def _run(self) -> None:
        while True:
            self._wake.clear()
            self._retry_now.clear()
            if self._is_closing:
                return
            delivery = self._deliver()
            self._report(delivery)
            with self._delivered:
                self._last = delivery
                self._delivered.notify_all()
            if delivery.busy or self._failures:
                self._retry_now.wait(BACKOFF.wait_s(max(0, self._failures - 1)))
            else:
                self._wake.wait(BACKOFF.longest_s)

    def _deliver(self) -> SpoolDelivery:
        """Deliver once. The thread survives any error: the evidence waits, and is tried again."""
        try:
            delivery = self._spool.deliver(self._store)
            is_idle = not (delivery.busy or delivery.objects or delivery.waiting)
            if is_idle and (self._is_new or self._failures):
                self._store.check()
        except StoreError as error:
            return SpoolDelivery(waiting=(Undelivered(name="the store", reason=str(error)),))
        except Exception as error:
            message = f"{getattr(error, 'strerror', None) or error!r}"
            if not self._is_broken:
                self._is_broken = True
                self._listener(UploadReport(state=UploadState.BROKEN, message=message))
            return SpoolDelivery(waiting=(Undelivered(name="the spool", reason=f"it cannot be emptied ({message})"),))
        self._is_new = self._is_broken = False
        return delivery

    def _report(self, delivery: SpoolDelivery) -> None:
        for run in delivery.aside:
            self._listener(UploadReport(state=UploadState.ASIDE, message=str(run)))
        if delivery.busy:
            return
        if delivery.waiting:
            was_available, self._failures = not self._failures, 1 if delivery.objects else self._failures + 1
            if was_available and not self._is_broken:
                self._listener(UploadReport(state=UploadState.AWAY, message=delivery.waiting[0].reason))
        elif self._failures:
            self._failures = 0
            self._listener(UploadReport(state=UploadState.BACK, message=f"{delivery.objects} objects were waiting"))
