"""Takes what is on the spool to the store, beside the runs: a verdict never waits for it.

A thread and not a process: it only moves files that are durable already, dies with its process without losing any, and
shares boto3 with it, which a process of its own would load again (50 MiB). It begins by asking the store whether it is
there, so that a store that is away is told before it is missed, and nobody waits for the answer. Then it sleeps until
something is put on, or until a store that was away is due to be asked again.
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
    """What an uploader has to say, each once for each time that it turns so."""

    AWAY = "store.away"
    BACK = "store.back"
    ASIDE = "store.refused"
    BROKEN = "spool.broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadReport:
    """One thing that an uploader says, with the sentence of the store, or what was caught up."""

    word: UploadState
    said: str


class Uploader:
    """Delivers a spool to a store, from `start` until `close`."""

    def __init__(self, spool: Spool, store: Store, listener: Callable[[UploadReport], object]) -> None:
        self._spool = spool
        self._store = store
        self._listener = listener
        self._wake = threading.Event()
        self._hurry = threading.Event()
        self._is_closing = False
        self._round_over = threading.Condition()
        self._failures = 0
        self._is_new = True
        self._is_broken = False
        self._last = SpoolDelivery()
        self._thread = threading.Thread(target=self._work, name="uploader", daemon=True)

    def start(self) -> Self:
        """Begin to deliver, and to say how the store is."""
        self._thread.start()
        return self

    def nudge(self) -> None:
        """Something was put on the spool."""
        self._wake.set()

    def finish(self, within_s: float) -> str:
        """Deliver what is left, for so long at most. Returns why something still waits; empty if nothing does.

        A store that is away is asked once, now, and not waited for.
        """
        if not self._thread.is_alive():
            return "nobody has sent it yet" if self._spool.waiting().runs else ""
        with self._round_over:
            self._last = SpoolDelivery()
            self._hurry.set()
            self._wake.set()
            self._round_over.wait_for(lambda: self._last.waiting or not self._spool.waiting().runs, timeout=within_s)
            if not self._spool.waiting().runs:
                return ""
            if self._last.waiting:
                return self._last.waiting[0].said
            return "another First Bell sends it" if self._last.busy else f"the store took longer than {within_s:g} s"

    def close(self) -> None:
        """Stop. What is being sent just now is sent again next time."""
        self._is_closing = True
        self._hurry.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(1.0)

    def _work(self) -> None:
        while True:
            self._wake.clear()
            self._hurry.clear()
            if self._is_closing:
                return
            delivery = self._round()
            self._hear(delivery)
            with self._round_over:
                self._last = delivery
                self._round_over.notify_all()
            if delivery.busy or self._failures:
                self._hurry.wait(BACKOFF.wait_s(max(0, self._failures - 1)))
            else:
                self._wake.wait(BACKOFF.longest_s)

    def _round(self) -> SpoolDelivery:
        """Deliver once. Whatever goes wrong, the thread lives: evidence waits, and it is tried again."""
        try:
            delivery = self._spool.deliver(self._store)
            is_silent = not (delivery.busy or delivery.objects or delivery.waiting)
            if is_silent and (self._is_new or self._failures):
                self._store.check()
        except StoreError as error:
            return SpoolDelivery(waiting=(Undelivered(name="the store", said=str(error)),))
        except Exception as error:
            said = f"{getattr(error, 'strerror', None) or error!r}"
            if not self._is_broken:
                self._is_broken = True
                self._listener(UploadReport(word=UploadState.BROKEN, said=said))
            return SpoolDelivery(waiting=(Undelivered(name="the spool", said=f"it cannot be emptied ({said})"),))
        self._is_new = self._is_broken = False
        return delivery

    def _hear(self, delivery: SpoolDelivery) -> None:
        for refused in delivery.aside:
            self._listener(UploadReport(word=UploadState.ASIDE, said=str(refused)))
        if delivery.busy:
            return
        if delivery.waiting:
            is_first, self._failures = not self._failures, 1 if delivery.objects else self._failures + 1
            if is_first and not self._is_broken:
                self._listener(UploadReport(word=UploadState.AWAY, said=delivery.waiting[0].said))
        elif self._failures:
            self._failures = 0
            self._listener(UploadReport(word=UploadState.BACK, said=f"{delivery.objects} objects were waiting"))
