"""Who is let into a class when, who calls whom, and what the faults of a room do to it."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from typing import Any

from journeys.practice.room import Counters, Room, Rules, Seat


def at_once(deed: Coroutine[Any, Any, None]) -> None:
    """Nothing in a room waits but for its seats, and these do not. No event loop: sync Playwright keeps one running."""
    try:
        deed.send(None)
    except StopIteration:
        return
    raise AssertionError("the room waits for something")


class Door:
    """A room, and everything that each person in it has been told."""

    def __init__(self, **rules: Any) -> None:
        self.counters = Counters()
        self.room = Room(Rules(**{"has_host": True, **rules}), self.counters)
        self.told: dict[str, list[Mapping[str, Any]]] = {}

    def comes(self, name: str, role: str = "student") -> Seat:
        heard = self.told.setdefault(name, [])

        async def tell(message: Mapping[str, Any]) -> None:
            heard.append(message)

        seat = self.room.seat(name, role, tell)
        at_once(self.room.enter(seat))
        return seat

    def says(self, seat: Seat, **message: Any) -> None:
        at_once(self.room.heard(seat, message))

    def state(self, name: str) -> str:
        return [str(message["state"]) for message in self.told[name] if message["type"] == "state"][-1]

    def heard(self, name: str, kind: str) -> list[Mapping[str, Any]]:
        return [message for message in self.told[name] if message["type"] == kind]


def test_students_wait_until_the_teacher_opens_and_then_the_teacher_calls_each() -> None:
    door = Door()
    ada = door.comes("Ada")
    assert door.state("Ada") == "lobby"
    door.comes("Ms. Rivera", "teacher")
    assert (door.state("Ada"), door.state("Ms. Rivera")) == ("in", "in")
    assert [call["peer"] for call in door.heard("Ms. Rivera", "call")] == [ada.id]
    assert door.heard("Ada", "call") == []
    assert (door.counters.joins, door.counters.peak_people) == (2, 2)


def test_without_the_teacher_nobody_else_is_let_in() -> None:
    door = Door()
    teacher = door.comes("Ms. Rivera", "teacher")
    at_once(door.room.leave(teacher))
    door.comes("Ada")
    assert door.state("Ada") == "lobby"


def test_a_teacher_who_comes_again_gets_a_fresh_room() -> None:
    door = Door()
    door.comes("Ms. Rivera", "teacher")
    door.comes("Ada")
    door.comes("Ms. Rivera again", "teacher")
    assert (door.state("Ms. Rivera"), door.state("Ada")) == ("ended", "ended")
    assert [person["name"] for person in door.heard("Ms. Rivera again", "people")[-1]["people"]] == ["Ms. Rivera again"]


def test_only_the_teacher_ends_the_class_for_everyone() -> None:
    door = Door()
    teacher, ada = door.comes("Ms. Rivera", "teacher"), door.comes("Ada")
    door.says(ada, type="end")
    assert door.state("Ada") == "in"
    door.says(teacher, type="end")
    assert (door.state("Ada"), door.state("Ms. Rivera")) == ("ended", "ended")


def test_everybody_calls_everybody_where_there_is_no_host() -> None:
    door = Door(has_host=False)
    first, second = door.comes("Ada", "guest"), door.comes("Ben", "guest")
    door.comes("Cleo", "guest")
    assert [call["peer"] for call in door.heard("Cleo", "call")] == [first.id, second.id]
    assert [call["peer"] for call in door.heard("Ben", "call")] == [first.id]


def test_hands_and_lines_reach_everybody_and_lines_are_bounded() -> None:
    door = Door()
    door.comes("Ms. Rivera", "teacher")
    ada = door.comes("Ada")
    door.says(ada, type="hand", up=True)
    door.says(ada, type="chat", text="x" * 9999)
    assert [person["hand"] for person in door.heard("Ms. Rivera", "people")[-1]["people"]] == [False, True]
    (line,) = door.heard("Ms. Rivera", "chat")
    assert (line["name"], len(line["text"])) == ("Ada", 500)


def test_somebody_in_the_lobby_cannot_speak_into_the_class() -> None:
    door = Door(lobby_is_stuck=lambda: True)
    door.comes("Ms. Rivera", "teacher")
    ada = door.comes("Ada")
    door.says(ada, type="chat", text="hello")
    assert door.state("Ada") == "lobby"
    assert door.heard("Ms. Rivera", "chat") == []


def test_a_lobby_that_is_no_longer_stuck_lets_in_who_waits() -> None:
    stuck = [True]
    door = Door(lobby_is_stuck=lambda: stuck[0])
    door.comes("Ms. Rivera", "teacher")
    door.comes("Ada")
    stuck[0] = False
    at_once(door.room.faults_changed())
    assert door.state("Ada") == "in"


def test_no_media_drops_candidates_wherever_they_stand() -> None:
    door = Door(drops_candidates=lambda: True)
    teacher, ada = door.comes("Ms. Rivera", "teacher"), door.comes("Ada")
    door.says(teacher, type="signal", peer=ada.id, candidate={"candidate": "c"})
    sdp = "v=0\r\na=candidate:1 1 udp\r\na=mid:0\r\n"
    door.says(teacher, type="signal", peer=ada.id, description={"type": "offer", "sdp": sdp})
    (passed,) = door.heard("Ada", "signal")
    assert passed["description"] == {"type": "offer", "sdp": "v=0\r\na=mid:0\r\n"}
