"""A post: one location of the service, with its slots, its plan, its rounds and its crew."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from runner.execution.identity import is_gone
from runner.execution.player import Player
from runner.history.database import Database
from runner.history.host_checks import HostCheckHistory
from runner.history.slots import SlotHistory, Terms
from runner.watch.crew import Asked, Crew
from runner.watch.planner import Planner, Unwatched
from runner.watch.programme import Programme
from runner.watch.rounds import Look, Rounds

log = structlog.get_logger()


class Post:
    """Watches from one location. `programme` is asked each time, because configurations change."""

    def __init__(self, location: str, database: Database, terms: Terms, asked: Asked) -> None:
        self.location = location
        self._programme: Callable[[], Programme] = asked.programme
        self._slots = SlotHistory(database, location, self._programme().staging.zone)
        self._planner = Planner(self._slots, lambda: self._programme().timetable, terms.grace_s)
        self._rounds = Rounds(HostCheckHistory(database), location, self._look)
        self.crew = Crew(self._slots, terms, asked, location)

    def hire(self, player: Player) -> None:
        """One more for the crew."""
        self.crew.hire(player)

    def plan(self) -> Unwatched | None:
        """Write down what is due soon. Says what was missed meanwhile, if anything was."""
        return self._planner.plan()

    def go_round(self) -> None:
        """Look at every host once."""
        self._rounds.ring()

    def end_rounds(self) -> None:
        """Keep nothing of what is looked at from now on."""
        self._rounds.end()

    def hold(self) -> None:
        """Hold on to what is ours before anybody looks for what is nobody's."""
        self._slots.renew(self.crew.terms, self.crew.held())
        if reaped := self._slots.reap(is_gone):
            log.warning("slots.reaped", slots=reaped, location=self.location)

    def _look(self) -> Look:
        """What is looked at: the hosts of today's configuration, by this location's way."""
        inquiry = self._programme().staging.inquiry
        return Look(targets=list(inquiry.targets), way=inquiry.locations[self.location].way, within_s=inquiry.within_s)
