"""A room with people in it: who is in, who waits, who is called by whom, and what one says to all.

Knows nothing of web servers: a seat is told things by the callable it brings. Used by the live class (a star: the
teacher calls each student) and by plan B (everybody calls everybody).
"""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from firstbell.journeys.practice.services.sdp_faults import Reroute, keep_candidate, receive_only, rewrite_candidates

SendMessage = Callable[[Mapping[str, Any]], Awaitable[None]]

CHAT_LIMIT = 500
NO_LIMIT = 10_000
# A day of one call at 30 frames a second: whoever claims more has not counted.
FRAMES_LIMIT = 30 * 86_400


@dataclass(slots=True, kw_only=True, eq=False)
class Participant:
    """Somebody's place in a room, for as long as their page is connected."""

    id: str
    name: str
    role: str
    tell: SendMessage
    is_in: bool = False
    hand_up: bool = False


@dataclass(slots=True, kw_only=True)
class RoomCounters:
    """What has happened in all rooms so far; a rehearsal compares its own figures with these.

    `frames_sent` are pictures that went out by calls that are over, by the role of whose page sent them.
    """

    joins: int = 0
    peak_people: int = 0
    signals: int = 0
    chats: int = 0
    frames_sent: dict[str, int] = field(default_factory=dict)

    def forget_peak(self) -> None:
        """Look anew for the most people at once: a rehearsal's are not those of one before it."""
        self.peak_people = 0


@dataclass(slots=True, kw_only=True)
class RoomSettings:
    """How a room behaves just now. Read at each use, so that faults can be switched while people are in it.

    `capacity` is how many fit in; `reroute` what becomes of candidates between two pages; `only_listens` whether
    somebody of that role is told of as one who sends nothing; `relays` what a page gets as its iceServers. In a class
    with a `film` everybody sees that instead of each other.
    """

    has_host: bool
    film: str = ""
    lobby_is_stuck: Callable[[], bool] = field(default=lambda: False)
    capacity: Callable[[], int] = field(default=lambda: NO_LIMIT)
    reroute: Callable[[], Reroute] = field(default=lambda: keep_candidate)
    only_listens: Callable[[str], bool] = field(default=lambda _role: False)
    relays: Callable[[str], Sequence[Mapping[str, Any]]] = field(default=lambda _who: ())
    stranger: Callable[[], str] = field(default=lambda: "")
    devices: Callable[[str], Mapping[str, bool]] = field(default=lambda _role: {"picture": True, "sound": True})


class ServerRoom:
    """One room. All methods are called from one event loop."""

    def __init__(self, rules: RoomSettings, counters: RoomCounters) -> None:
        self._rules = rules
        self._counters = counters
        self._seats: dict[str, Participant] = {}
        self._ids = itertools.count(1)
        self._is_open = not rules.has_host

    def seat(self, name: str, role: str, tell: SendMessage) -> Participant:
        """A place for somebody who has just connected."""
        return Participant(id=str(next(self._ids)), name=name, role=role, tell=tell)

    async def enter(self, seat: Participant) -> None:
        """Come to the door: a host opens the room, a guest goes in or waits."""
        if self._rules.has_host and seat.role == "teacher":
            await self._open_anew()
        self._seats[seat.id] = seat
        await seat.tell({"type": "state", "state": "lobby"})
        await self._let_in()

    async def leave(self, seat: Participant) -> None:
        """Be gone, for whatever reason. Without a teacher in it, a class lets nobody else in."""
        if self._seats.pop(seat.id, None) is not None:
            self._is_open = not self._rules.has_host or any(other.role == "teacher" for other in self._inside())
            await self._tell_all({"type": "gone", "peer": seat.id})
            await self._tell_people()

    async def end(self, seat: Participant) -> None:
        """The host sends everybody home."""
        if self._rules.has_host and seat.role == "teacher":
            await self._close()

    async def heard(self, seat: Participant, message: Mapping[str, Any]) -> None:
        """What somebody's page says. Anything that is not understood, or not allowed, is dropped."""
        if seat.is_in and message.get("type") == "frames":
            # Also of those who have just been sent home: a page counts when its call is over.
            self._count_frames(seat, message.get("sent"))
        if not seat.is_in or seat.id not in self._seats:
            return
        match message.get("type"):
            case "signal":
                await self._pass_on(seat, message)
            case "chat":
                self._counters.chats += 1
                await self._tell_all({"type": "chat", "name": seat.name, "text": str(message.get("text"))[:CHAT_LIMIT]})
            case "hand":
                seat.hand_up = message.get("up") is True
                await self._tell_people()
            case "end":
                await self.end(seat)

    async def faults_changed(self) -> None:
        """Let those in who may come in now, and switch devices on and off."""
        await self._let_in()
        for seat in self._inside():
            await seat.tell({"type": "devices", **self._rules.devices(seat.role)})
        await self._tell_people()

    async def _open_anew(self) -> None:
        """A host who comes again, perhaps after a crash, gets a fresh room; whoever was in the old one has left it."""
        if any(seat.role == "teacher" for seat in self._seats.values()):
            await self._close()
        self._is_open = True

    async def _close(self) -> None:
        self._is_open = False
        seats, self._seats = list(self._seats.values()), {}
        for seat in seats:
            await seat.tell({"type": "state", "state": "ended"})

    async def _let_in(self) -> None:
        waiting = [seat for seat in self._seats.values() if not seat.is_in and self._may_come_in(seat)]
        # Whoever opens the class is in it before it can be full.
        for seat in sorted(waiting, key=lambda seat: seat.role != "teacher"):
            if seat.role != "teacher" and len(self._inside()) >= self._rules.capacity():
                del self._seats[seat.id]
                await seat.tell({"type": "state", "state": "full"})
            else:
                await self._seat_inside(seat)

    async def _seat_inside(self, seat: Participant) -> None:
        others = self._inside()
        seat.is_in = True
        self._counters.joins += 1
        self._counters.peak_people = max(self._counters.peak_people, len(others) + 1)
        told = {"you": seat.id, "relays": self._rules.relays(seat.id), "film": self._rules.film}
        await seat.tell({"type": "state", "state": "in", **told, **self._rules.devices(seat.role)})
        await self._tell_people()
        if not self._rules.film:
            await self._introduce(seat, others)

    def _may_come_in(self, seat: Participant) -> bool:
        if seat.role == "teacher":
            return True
        return self._is_open and not self._rules.lobby_is_stuck()

    async def _introduce(self, seat: Participant, others: list[Participant]) -> None:
        """Say who calls whom: the host calls guests; without a host, whoever comes later calls who is there."""
        for other in others:
            if not self._rules.has_host or seat.role == "teacher":
                await seat.tell({"type": "call", "peer": other.id, "name": other.name})
            elif other.role == "teacher":
                await other.tell({"type": "call", "peer": seat.id, "name": seat.name})

    async def _pass_on(self, seat: Participant, message: Mapping[str, Any]) -> None:
        other = self._seats.get(str(message.get("peer")))
        if other is None or not other.is_in:
            return
        passed: dict[str, Any] = {"type": "signal", "peer": seat.id, "name": seat.name}
        reroute = self._rules.reroute()
        if isinstance(described := message.get("description"), dict):
            passed["description"] = rewrite_candidates(described, reroute)
            if self._rules.only_listens(seat.role):
                passed["description"] = receive_only(passed["description"])
        elif isinstance(told := message.get("candidate"), dict):
            candidate = reroute(str(told.get("candidate", "")))
            if candidate is None:
                return
            passed["candidate"] = {**told, "candidate": candidate}
        else:
            return
        self._counters.signals += 1
        await other.tell(passed)

    def _count_frames(self, seat: Participant, sent: object) -> None:
        if type(sent) is int and 0 <= sent <= FRAMES_LIMIT:
            so_far = self._counters.frames_sent.get(seat.role, 0)
            self._counters.frames_sent[seat.role] = so_far + sent

    async def _tell_people(self) -> None:
        people = [{"name": seat.name, "role": seat.role, "hand": seat.hand_up} for seat in self._inside()]
        if stranger := self._rules.stranger():
            people.append({"name": stranger, "role": "student", "hand": False})
        await self._tell_all({"type": "people", "people": people})

    async def _tell_all(self, message: Mapping[str, Any]) -> None:
        for seat in self._inside():
            await seat.tell(message)

    def _inside(self) -> list[Participant]:
        return [seat for seat in self._seats.values() if seat.is_in]
