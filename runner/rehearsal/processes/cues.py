"""The order of one round: who has played which statement, who waits for it, and when guests come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from firstbell.runner.execution.supervision.protocol import PipeMessage
from firstbell.runner.rehearsal.arrivals import Arrival
from firstbell.runner.rehearsal.processes.protocol import (
    ActorLeft,
    ActorWaits,
    Cue,
    FromPlayers,
    GuestsCome,
    HostValues,
    PersonLeft,
    StatementsPlayed,
    StepPlayed,
    Stuck,
)


class RoundOrder:
    """Follows a round. A person who has left, for whatever reason, is not waited for."""

    def __init__(self, arrivals: Sequence[Arrival]) -> None:
        self._people: dict[str, set[str]] = defaultdict(set)
        for arrival in arrivals:
            self._people[arrival.role].add(arrival.actor)
        self._hosts = {arrival.actor for arrival in arrivals if not arrival.is_guest}
        self._guests = {arrival.actor for arrival in arrivals if arrival.is_guest}
        self._played: dict[str, set[str]] = defaultdict(set)
        self._values: dict[str, str] = {}
        self._waiting: dict[str, tuple[str, str]] = {}
        self._left: set[str] = set()
        self._failed: set[str] = set()
        self._have_come = False
        self._is_stuck = False

    @property
    def is_over(self) -> bool:
        """Tells whether the round is over: all have left, or the guests never came."""
        return self._hosts <= self._left and (not self._have_come or self._guests <= self._left)

    @property
    def absent(self) -> set[str]:
        """The people who have not left."""
        return (self._hosts | self._guests) - self._left

    def begin(self) -> list[PipeMessage]:
        """Begins the round: guests without a host come at once."""
        return self._come_if_ready()

    def receive(self, message: FromPlayers) -> list[PipeMessage]:
        """Processes a message, and returns the messages to all players that are due now."""
        news: list[PipeMessage] = []
        match message:
            case StatementsPlayed(actor=actor, statements=statements):
                for statement in statements:
                    self._played[statement.path].add(actor)
                    self._values.setdefault(statement.path, statement.value)
                values = {statement.path: statement.value for statement in statements if statement.value}
                news = [HostValues(values=values)] if values and actor in self._hosts else []
            case ActorWaits(actor=actor, path=path, role=role):
                self._waiting[actor] = (path, role)
            case StepPlayed(actor=actor, ending=ending) if ending:
                self._failed.add(actor)
            case ActorLeft(actor=actor, ending=ending):
                self._left.add(actor)
                news = [PersonLeft(actor=actor)]
                self._waiting.pop(actor, None)
                if ending:
                    self._failed.add(actor)
            case _:
                return []
        return [*news, *self._due(), *self._come_if_ready(), *self._stuck()]

    def _due(self) -> list[PipeMessage]:
        due: list[PipeMessage] = []
        for path, role in sorted(set(self._waiting.values())):
            played, present = self._played[path], self._people[role] - self._left
            if not present <= played:
                continue
            self._waiting = {actor: wait for actor, wait in self._waiting.items() if wait != (path, role)}
            # Guests may all have left; only a host who failed leaves nothing to go on with.
            is_played = bool(played & self._people[role]) or not self._people[role] & self._hosts & self._failed
            due.append(
                Cue(
                    path=path,
                    role=role,
                    # Guests may have a value each, and a host cannot go on with all of them.
                    value=self._values.get(path, "") if self._people[role] <= self._hosts else "",
                    is_played=is_played,
                )
            )
        return due

    def _come_if_ready(self) -> list[PipeMessage]:
        """Guests come when every host waits for another person, or has left well."""
        is_ready = all(host in self._waiting or host in self._left - self._failed for host in self._hosts)
        if self._have_come or not is_ready:
            return []
        self._have_come = True
        return [GuestsCome()]

    def _stuck(self) -> list[PipeMessage]:
        if self._is_stuck or not self._have_come or not self.absent or not self.absent <= self._waiting.keys():
            return []
        self._is_stuck = True
        waits = sorted({f"the {role} ({_place(path)})" for path, role in self._waiting.values()})
        said = f"no person can go on, because all wait for {' and '.join(waits)}: write one statement for each person"
        return [Stuck(said=said)]


def _place(path: str) -> str:
    """File and line of a statement."""
    file, _, rest = path.rpartition("/")[2].partition(":")
    return f"{file}:{rest.partition(':')[0]}"
