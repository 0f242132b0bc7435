"""Threads that each claim a due slot, run it, record the result, and look for the next.

Each thread has a worker process of its own. Claim, act, mark:
1. claim: the slot is running, with our name, fence and lease, and its accounts are locked;
2. act: the journey is played, or the slot is skipped with a reason;
3. mark: run, slot and locks in one transaction. If history is unavailable the result waits for it; if the process dies
   first, the slot ends as missed when the lease expires.
A slot that raises never stops its thread, and the service replaces a thread that dies.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from firstbell.runner.execution.runs.reporter import Reporter
from firstbell.runner.execution.runs.run_journey import run_journey
from firstbell.runner.execution.runs.run_result import RunResult
from firstbell.runner.execution.supervision.managed_worker import ManagedWorker
from firstbell.runner.execution.supervision.supervisor import WorkerFailure
from firstbell.runner.history.database import HistoryError, HistoryRefused
from firstbell.runner.history.slots.claims import Claim, ClaimLost
from firstbell.runner.history.slots.slots import ClaimPolicy, SlotHistory
from firstbell.runner.metrics.worker_count import WorkerCount
from firstbell.runner.schedule.maintenance import Maintenance, in_force
from firstbell.runner.watch.generation import Generation

log = structlog.get_logger()

# How long a thread sleeps when nothing is due: short enough to be on time, long enough to cost nothing.
IDLE_S = 1.0
UNAVAILABLE_S = 5.0


class SlotWorker:
    """One thread and its worker process."""

    def __init__(self, number: int, group: SlotWorkers, process: ManagedWorker, generation: Generation) -> None:
        self._group = group
        self._process = process
        self._generation = generation
        self.thread = threading.Thread(target=self._work, name=f"slot-worker-{number}", daemon=True)

    def kill(self) -> None:
        """Ends the current attempt by force."""
        self._process.kill()

    def close(self) -> None:
        """Ends the worker process in order."""
        self._process.close()

    def _work(self) -> None:
        while not self._group.closing.is_set():
            try:
                self._turn()
            except HistoryRefused:
                log.exception("slot_worker.turn_failed")
                self._group.closing.wait(IDLE_S)
            except HistoryError as error:
                self._group.note_history_unavailable(error)
                self._group.closing.wait(UNAVAILABLE_S)
            except Exception:
                log.exception("slot_worker.turn_failed")
                self._group.closing.wait(IDLE_S)

    def _turn(self) -> None:
        """Claims and runs one due slot, or waits for the next."""
        if not self._group.planned.wait(IDLE_S):
            return
        self._follow_generation()
        slots = self._group.slots
        first = slots.next_due()
        wait_s = (first - slots.now()).total_seconds() if first else IDLE_S
        claim = slots.claim(self._group.policy, self._generation.allocate) if wait_s <= 0 else None
        self._group.note_history_available()
        if claim is None:
            self._group.closing.wait(min(max(wait_s, IDLE_S / 4), IDLE_S))
            return
        with self._group.claiming(claim):
            try:
                self._act(claim)
            except ClaimLost as lost:
                log.warning("slot.claim_lost", error=str(lost))
            except HistoryRefused as refused:
                log.error("slot.refused", journey=claim.journey, error=str(refused))
                slots.lose(claim, "its record was refused by history")
            except HistoryError:
                raise
            except Exception as error:
                log.exception("slot.failed", journey=claim.journey)
                slots.lose(claim, f"it could not be run ({type(error).__name__})")

    def _act(self, claim: Claim) -> None:
        generation, slots = self._generation, self._group.slots
        entry = generation.entries.get(claim.journey)
        if entry is None or not entry.section.enabled:
            slots.skip(claim, "it is no longer in the configuration")
            return
        if why := generation.why_unplayable(claim.journey):
            log.error("journey.unplayable", journey=claim.journey, why=why)
            slots.lose(claim, why)
            return
        window = in_force(self._group.inputs.announced(), entry.relies_on, claim.due_at)
        if window is not None and not window.run:
            slots.skip(claim, str(window))
            return
        note = str(window) if window else ""
        fields = {"accounts": claim.allocation.accounts, "claim": claim, "note": note}
        order = generation.runtime.order(entry, claim.location, **fields)
        reporter = self._group.inputs.reporter()
        result = run_journey(order, self._process, generation.runtime.run_context, reporter)
        reporter.ended(result)
        self._group.inputs.count_run(result)

    def _follow_generation(self) -> None:
        """Replaces the worker process if there is a new generation."""
        generation = self._group.inputs.generation()
        if generation.number != self._generation.number:
            self._process.close()
            self._process, self._generation = generation.runtime.start_worker(self._group.location), generation


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerInputs:
    """Inputs that are read for each slot, because they change."""

    generation: Callable[[], Generation]
    reporter: Callable[[], Reporter]
    count_run: Callable[[RunResult], None]
    announced: Callable[[], Sequence[Maintenance]]


class SlotWorkers:
    """All threads of one location, and the state that they share. None claims a slot before `planned` is set: slots
    that were left over by an earlier service were not late for want of a worker."""

    def __init__(self, slots: SlotHistory, policy: ClaimPolicy, inputs: WorkerInputs, location: str) -> None:
        self.slots = slots
        self.location = location
        self.policy = policy
        self.inputs = inputs
        self.closing, self.planned = threading.Event(), threading.Event()
        self._workers: list[SlotWorker] = []
        self._claims: dict[int, Claim] = {}
        self._is_history_available = True

    def start_worker(self, process: ManagedWorker) -> None:
        """Starts one more thread."""
        worker = SlotWorker(len(self._workers) + 1, self, process, self.inputs.generation())
        self._workers.append(worker)
        worker.thread.start()

    @contextmanager
    def claiming(self, claim: Claim) -> Iterator[None]:
        """Keeps a claim active, so that its lease is renewed."""
        self._claims[claim.slot] = claim
        try:
            yield
        finally:
            del self._claims[claim.slot]

    @property
    def count(self) -> WorkerCount:
        """The workers, and those that are busy."""
        return WorkerCount(total=len(self._workers), busy=len(self._claims))

    def active_claims(self) -> list[Claim]:
        """Returns the claims that are being played now."""
        return list(self._claims.values())

    def replace_dead_workers(self) -> None:
        """Replaces each dead thread, as soon as a worker process for it can be started."""
        for worker in [worker for worker in self._workers if not worker.thread.is_alive()]:
            if self.closing.is_set():
                return
            log.error("slot_worker.died", name=worker.thread.name)
            worker.kill()
            try:
                process = self.inputs.generation().runtime.start_worker(self.location)
            except WorkerFailure as failure:
                log.error("slot_worker.not_replaced", error=str(failure))
                return
            self._workers.remove(worker)
            self.start_worker(process)

    def stop(self, within_s: float, at_once: threading.Event) -> None:
        """Claims no more slots. Waits for current runs up to a limit or until `at_once`, then ends them by force."""
        self.closing.set()
        deadline = time.monotonic() + within_s
        while self._is_playing() and not at_once.is_set() and time.monotonic() < deadline:
            at_once.wait(IDLE_S / 4)
        for worker in self._workers:
            if worker.thread.is_alive():
                worker.kill()
        for worker in self._workers:
            worker.thread.join(UNAVAILABLE_S)
            worker.close()

    def _is_playing(self) -> bool:
        return any(worker.thread.is_alive() for worker in self._workers)

    def note_history_unavailable(self, error: HistoryError) -> None:
        """Logs that history is unavailable, once."""
        if self._is_history_available:
            self._is_history_available = False
            log.error("history.unavailable", error=str(error))

    def note_history_available(self) -> None:
        """Logs that history is available again, once."""
        if not self._is_history_available:
            self._is_history_available = True
            log.warning("history.available")
