"""Room of a live class or meeting: admission, lobby, call set-up and chat.

It knows nothing of web servers: each participant brings a callable that sends messages to its page. Used by the live
class (a star: the teacher calls each student) and by plan B (a mesh: all call each other).
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
# A day of one call at 30 frames a second; a higher count cannot be true.
FRAMES_LIMIT = 30 * 86_400


@dataclass(slots=True, kw_only=True, eq=False)
class Participant:
    """A person in a room, for as long as the page is connected."""

    id: str
    name: str
    role: str
    send: SendMessage
    is_in: bool = False
    hand_up: bool = False


@dataclass(slots=True, kw_only=True)
class RoomCounters:
    """Counts of all rooms so far; a rehearsal compares its own figures with these.

    `frames_sent` are the video frames that ended calls sent, by the sender's role.
    """

    joins: int = 0
    peak_people: int = 0
    signals: int = 0
    chats: int = 0
    frames_sent: dict[str, int] = field(default_factory=dict)

    def reset_peak(self) -> None:
        """Resets the most people at once, so that a rehearsal does not count those of an earlier one."""
        self.peak_people = 0


@dataclass(slots=True, kw_only=True)
class RoomSettings:
    """Behaviour of a room. Read at each use, so that faults can be switched while people are in it.

    `capacity` is the most people it admits; `reroute` rewrites ICE candidates between two pages; `only_listens` tells
    whether a role is announced as receive-only; `relays` returns a page's iceServers. In a class with a `film`,
    participants see that instead of each other.
    """

    has_host: bool
    film: str = ""
    lobby_is_stuck: Callable[[], bool] = field(default=lambda: False)
    capacity: Callable[[], int] = field(default=lambda: NO_LIMIT)
    reroute: Callable[[], Reroute] = field(default=lambda: keep_candidate)
    only_listens: Callable[[str], bool] = field(default=lambda _role: False)
    relays: Callable[[str], Sequence[Mapping[str, Any]]] = field(default=lambda _participant: ())
    stranger: Callable[[], str] = field(default=lambda: "")
    devices: Callable[[str], Mapping[str, bool]] = field(default=lambda _role: {"picture": True, "sound": True})


class ServerRoom:
    """One room. All methods are called from one event loop."""

    def __init__(self, settings: RoomSettings, counters: RoomCounters) -> None:
        self._settings = settings
        self._counters = counters
        self._participants: dict[str, Participant] = {}
        self._ids = itertools.count(1)
        self._is_open = not settings.has_host

    def create_participant(self, name: str, role: str, send: SendMessage) -> Participant:
        """Creates a participant for a page that has just connected."""
        return Participant(id=str(next(self._ids)), name=name, role=role, send=send)

    async def enter(self, participant: Participant) -> None:
        """Adds a participant: a host opens the room, others are admitted or wait in the lobby."""
        if self._settings.has_host and participant.role == "teacher":
            await self._reopen()
        self._participants[participant.id] = participant
        await participant.send({"type": "state", "state": "lobby"})
        await self._admit_waiting()

    async def leave(self, participant: Participant) -> None:
        """Removes a participant. A class without a teacher admits no more students."""
        if self._participants.pop(participant.id, None) is not None:
            self._is_open = not self._settings.has_host or any(other.role == "teacher" for other in self._admitted())
            await self._broadcast({"type": "gone", "peer": participant.id})
            await self._broadcast_people()

    async def end(self, participant: Participant) -> None:
        """Ends the class for all, if the participant is the host."""
        if self._settings.has_host and participant.role == "teacher":
            await self._close()

    async def receive(self, participant: Participant, message: Mapping[str, Any]) -> None:
        """Handles a message from a participant's page. Malformed and forbidden messages are dropped."""
        if participant.is_in and message.get("type") == "frames":
            # Also after the class has ended: a page reports its frames when its call is over.
            self._count_frames(participant, message.get("sent"))
        if not participant.is_in or participant.id not in self._participants:
            return
        match message.get("type"):
            case "signal":
                await self._forward_signal(participant, message)
            case "chat":
                self._counters.chats += 1
                await self._broadcast(
                    {"type": "chat", "name": participant.name, "text": str(message.get("text"))[:CHAT_LIMIT]}
                )
            case "hand":
                participant.hand_up = message.get("up") is True
                await self._broadcast_people()
            case "end":
                await self.end(participant)

    async def faults_changed(self) -> None:
        """Applies the fault switches: admits participants who may enter now, and switches devices."""
        await self._admit_waiting()
        for participant in self._admitted():
            await participant.send({"type": "devices", **self._settings.devices(participant.role)})
        await self._broadcast_people()

    async def _reopen(self) -> None:
        """Opens a fresh room for a host who returns, for example after a crash; the old room ends for all."""
        if any(participant.role == "teacher" for participant in self._participants.values()):
            await self._close()
        self._is_open = True

    async def _close(self) -> None:
        self._is_open = False
        participants, self._participants = list(self._participants.values()), {}
        for participant in participants:
            await participant.send({"type": "state", "state": "ended"})

    async def _admit_waiting(self) -> None:
        waiting = [
            participant
            for participant in self._participants.values()
            if not participant.is_in and self._may_enter(participant)
        ]
        # The teacher is admitted before the class can be full.
        for participant in sorted(waiting, key=lambda participant: participant.role != "teacher"):
            if participant.role != "teacher" and len(self._admitted()) >= self._settings.capacity():
                del self._participants[participant.id]
                await participant.send({"type": "state", "state": "full"})
            else:
                await self._admit(participant)

    async def _admit(self, participant: Participant) -> None:
        others = self._admitted()
        participant.is_in = True
        self._counters.joins += 1
        self._counters.peak_people = max(self._counters.peak_people, len(others) + 1)
        state = {"you": participant.id, "relays": self._settings.relays(participant.id), "film": self._settings.film}
        await participant.send({"type": "state", "state": "in", **state, **self._settings.devices(participant.role)})
        await self._broadcast_people()
        if not self._settings.film:
            await self._start_calls(participant, others)

    def _may_enter(self, participant: Participant) -> bool:
        if participant.role == "teacher":
            return True
        return self._is_open and not self._settings.lobby_is_stuck()

    async def _start_calls(self, participant: Participant, others: list[Participant]) -> None:
        """Starts the calls: the host calls guests; without a host, the newcomer calls those already in."""
        for other in others:
            if not self._settings.has_host or participant.role == "teacher":
                await participant.send({"type": "call", "peer": other.id, "name": other.name})
            elif other.role == "teacher":
                await other.send({"type": "call", "peer": participant.id, "name": participant.name})

    async def _forward_signal(self, participant: Participant, message: Mapping[str, Any]) -> None:
        other = self._participants.get(str(message.get("peer")))
        if other is None or not other.is_in:
            return
        signal: dict[str, Any] = {"type": "signal", "peer": participant.id, "name": participant.name}
        reroute = self._settings.reroute()
        if isinstance(description := message.get("description"), dict):
            signal["description"] = rewrite_candidates(description, reroute)
            if self._settings.only_listens(participant.role):
                signal["description"] = receive_only(signal["description"])
        elif isinstance(offered := message.get("candidate"), dict):
            candidate = reroute(str(offered.get("candidate", "")))
            if candidate is None:
                return
            signal["candidate"] = {**offered, "candidate": candidate}
        else:
            return
        self._counters.signals += 1
        await other.send(signal)

    def _count_frames(self, participant: Participant, sent: object) -> None:
        if type(sent) is int and 0 <= sent <= FRAMES_LIMIT:
            so_far = self._counters.frames_sent.get(participant.role, 0)
            self._counters.frames_sent[participant.role] = so_far + sent

    async def _broadcast_people(self) -> None:
        people = [
            {"name": participant.name, "role": participant.role, "hand": participant.hand_up}
            for participant in self._admitted()
        ]
        if stranger := self._settings.stranger():
            people.append({"name": stranger, "role": "student", "hand": False})
        await self._broadcast({"type": "people", "people": people})

    async def _broadcast(self, message: Mapping[str, Any]) -> None:
        for participant in self._admitted():
            await participant.send(message)

    def _admitted(self) -> list[Participant]:
        return [participant for participant in self._participants.values() if participant.is_in]
