"""The crew: each member claims a slot that is due, plays it, and settles it; then looks for the next.

A member is a thread with a player (a worker process) of its own. Claim, act, mark:
1. claim: the slot is running, with our name, fence and lease, and its people are locked;
2. act: it is played, or skipped with a reason;
3. mark: run, slot and locks in one transaction. If history is away the verdict waits for it; if we die first, the
   lease ends the slot as missed.
One poisoned slot never stops a member, and a member that dies is replaced by whoever supervises the crew.
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
from firstbell.runner.execution.supervision.managed_worker import ManagedWorker
from firstbell.runner.execution.supervision.supervisor import WorkerFailure
from firstbell.runner.history.database import HistoryError
from firstbell.runner.history.slots.claims import Claim, ClaimLost
from firstbell.runner.history.slots.slots import ClaimPolicy, SlotHistory
from firstbell.runner.schedule.maintenance import Maintenance, in_force
from firstbell.runner.watch.generation import Generation

log = structlog.get_logger()

# How long a member sleeps when nothing is due: short enough to be on time, long enough to cost nothing.
REST_S = 1.0
AWAY_S = 5.0


class SlotWorker:
    """One thread and its player."""

    def __init__(self, number: int, crew: SlotWorkers, player: ManagedWorker, programme: Generation) -> None:
        self._crew = crew
        self._player = player
        self._programme = programme
        self.thread = threading.Thread(target=self._work, name=f"member-{number}", daemon=True)

    def kill(self) -> None:
        """End what is being played."""
        self._player.kill()

    def close(self) -> None:
        """End the player, in order."""
        self._player.close()

    def _work(self) -> None:
        while not self._crew.closing.is_set():
            try:
                self._turn()
            except HistoryError as error:
                self._crew.history_is_away(error)
                self._crew.closing.wait(AWAY_S)
            except Exception:
                log.exception("crew.turn_failed")
                self._crew.closing.wait(REST_S)

    def _turn(self) -> None:
        """One look at what is due."""
        self._follow_generation()
        slots, programme = self._crew.slots, self._programme
        first = slots.next_due()
        wait_s = (first - slots.now()).total_seconds() if first else REST_S
        claim = slots.claim(self._crew.terms, programme.cast) if wait_s <= 0 else None
        self._crew.history_is_back()
        if claim is None:
            self._crew.closing.wait(min(max(wait_s, REST_S / 4), REST_S))
            return
        with self._crew.holding(claim):
            try:
                self._act(claim)
            except ClaimLost as overtaken:
                log.warning("slot.overtaken", said=str(overtaken))
            except HistoryError:
                raise
            except Exception as error:
                log.exception("slot.failed", journey=claim.journey)
                slots.lose(claim, f"it could not be run ({type(error).__name__})")

    def _act(self, claim: Claim) -> None:
        programme, slots = self._programme, self._crew.slots
        piece = programme.pieces.get(claim.journey)
        if piece is None or not piece.section.enabled:
            slots.skip(claim, "it is no longer in the configuration")
            return
        if why := programme.why_unplayable(claim.journey):
            log.error("journey.unplayable", journey=claim.journey, why=why)
            slots.lose(claim, why)
            return
        window = in_force(self._crew.asked.announced(), piece.relies_on, claim.due_at)
        if window is not None and not window.run:
            slots.skip(claim, str(window))
            return
        note = str(window) if window else ""
        given = {"accounts": claim.allocation.accounts, "claim": claim, "note": note}
        order = programme.staging.order(piece, claim.location, **given)
        reporter = self._crew.asked.reporter()
        reporter.ended(run_journey(order, self._player, programme.staging.house, reporter))

    def _follow_generation(self) -> None:
        """Take a new player where there is a new programme."""
        programme = self._crew.asked.programme()
        if programme.number != self._programme.number:
            self._player.close()
            self._player, self._programme = programme.staging.player(self._crew.location), programme


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerInputs:
    """What is asked anew for each slot, because it changes."""

    programme: Callable[[], Generation]
    reporter: Callable[[], Reporter]
    announced: Callable[[], Sequence[Maintenance]]


class SlotWorkers:
    """All members, and what they share."""

    def __init__(self, slots: SlotHistory, terms: ClaimPolicy, asked: WorkerInputs, location: str) -> None:
        self.slots = slots
        self.location = location
        self.terms = terms
        self.asked = asked
        self.closing = threading.Event()
        self._members: list[SlotWorker] = []
        self._held: dict[int, Claim] = {}
        self._is_away = False

    def hire(self, player: ManagedWorker) -> None:
        """One more member."""
        member = SlotWorker(len(self._members) + 1, self, player, self.asked.programme())
        self._members.append(member)
        member.thread.start()

    @contextmanager
    def holding(self, claim: Claim) -> Iterator[None]:
        """While this is open the claim is being played, and its lease is renewed."""
        self._held[claim.slot] = claim
        try:
            yield
        finally:
            del self._held[claim.slot]

    def held(self) -> list[Claim]:
        """What is being played now."""
        return list(self._held.values())

    def replace_dead_workers(self) -> None:
        """A member whose thread has died gets a successor, as soon as one can have a player."""
        for member in [member for member in self._members if not member.thread.is_alive()]:
            if self.closing.is_set():
                return
            log.error("crew.member_died", name=member.thread.name)
            member.kill()
            try:
                player = self.asked.programme().staging.player(self.location)
            except WorkerFailure as unwell:
                log.error("crew.no_successor", said=str(unwell))
                return
            self._members.remove(member)
            self.hire(player)

    def stop(self, within_s: float, at_once: threading.Event) -> None:
        """Claim nothing more; let what is being played end within a bound, or until `at_once`; then end it."""
        self.closing.set()
        deadline = time.monotonic() + within_s
        while self._is_playing() and not at_once.is_set() and time.monotonic() < deadline:
            at_once.wait(REST_S / 4)
        for member in self._members:
            if member.thread.is_alive():
                member.kill()
        for member in self._members:
            member.thread.join(AWAY_S)
            member.close()

    def _is_playing(self) -> bool:
        return any(member.thread.is_alive() for member in self._members)

    def history_is_away(self, error: HistoryError) -> None:
        """Say so, once."""
        if not self._is_away:
            self._is_away = True
            log.error("history.away", said=str(error))

    def history_is_back(self) -> None:
        """Say so, once."""
        if self._is_away:
            self._is_away = False
            log.warning("history.back")
