"""Who is let into a class when, who calls whom, and what the faults of a room do to it."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from typing import Any

import pytest
from starlette.websockets import WebSocket

from firstbell.journeys.practice.services.live_class import serve_participant
from firstbell.journeys.practice.services.room import Participant, RoomCounters, RoomSettings, ServerRoom
from firstbell.journeys.practice.services.sdp_faults import Reroute, drop_candidate, keep_candidate, relay_only


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
        self.counters = RoomCounters()
        self.room = ServerRoom(RoomSettings(**{"has_host": True, **rules}), self.counters)
        self.told: dict[str, list[Mapping[str, Any]]] = {}

    def comes(self, name: str, role: str = "student") -> Participant:
        heard = self.told.setdefault(name, [])

        async def tell(message: Mapping[str, Any]) -> None:
            heard.append(message)

        seat = self.room.seat(name, role, tell)
        at_once(self.room.enter(seat))
        return seat

    def says(self, seat: Participant, **message: Any) -> None:
        at_once(self.room.heard(seat, message))

    def state(self, name: str) -> str:
        return [str(message["state"]) for message in self.told[name] if message["type"] == "state"][-1]

    def heard(self, name: str, kind: str) -> list[Mapping[str, Any]]:
        return [message for message in self.told[name] if message["type"] == kind]


def test_who_turns_out_to_be_gone_when_they_are_told_something_has_left() -> None:
    counters = RoomCounters()
    room = ServerRoom(RoomSettings(has_host=False), counters)

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Mapping[str, Any]) -> None:
        if message["type"] != "websocket.accept":
            raise OSError("as a server says of a socket that nobody holds any more")

    at_once(serve_participant(WebSocket({"type": "websocket"}, receive, send), room, name="Ada", role="student"))
    at_once(room.enter(room.seat("Ben", "student", _deaf)))
    assert counters.peak_people == 1


async def _deaf(_message: Mapping[str, Any]) -> None:
    return


def test_frames_are_summed_by_role_also_of_those_just_sent_home_and_what_is_no_count_is_dropped() -> None:
    door = Door()
    rivera, ada = door.comes("Ms. Rivera", "teacher"), door.comes("Ada")
    door.says(rivera, type="frames", sent=100)
    for nonsense in (-1, "7", None, 10**9, 1.5, True):
        door.says(rivera, type="frames", sent=nonsense)
    door.says(rivera, type="end")
    door.says(rivera, type="frames", sent=20)
    door.says(ada, type="frames", sent=3)
    door.says(Participant(id="9", name="N", role="teacher", tell=rivera.tell), type="frames", sent=50)
    assert door.counters.frames_sent == {"teacher": 120, "student": 3}


def test_students_wait_until_the_teacher_opens_and_then_the_teacher_calls_each() -> None:
    door = Door()
    ada = door.comes("Ada")
    assert door.state("Ada") == "lobby"
    door.comes("Ms. Rivera", "teacher")
    assert (door.state("Ada"), door.state("Ms. Rivera")) == ("in", "in")
    assert [call["peer"] for call in door.heard("Ms. Rivera", "call")] == [ada.id]
    assert door.heard("Ada", "call") == []
    assert (door.counters.joins, door.counters.peak_people) == (2, 2)
    door.counters.forget_peak()
    assert door.counters.peak_people == 0
    door.comes("Ben")
    assert door.counters.peak_people == 3


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


DIRECT = "candidate:1 1 udp 2122194687 192.0.2.2 40544 typ host generation 0"
RELAYED = "candidate:2 1 udp 41885439 127.0.0.1 50000 typ relay raddr 192.0.2.2 rport 40544"
BY_TCP = "candidate:3 1 tcp 1518214911 192.0.2.2 9 typ host tcptype active"
DEAD_END = "candidate:1 1 udp 2122194687 127.0.0.1 9999 typ host generation 0"


@pytest.mark.parametrize(
    ("reroute", "arrive"),
    [
        pytest.param(keep_candidate, [DIRECT, RELAYED, BY_TCP], id="all is well"),
        pytest.param(drop_candidate, [], id="no candidate arrives"),
        pytest.param(relay_only(("127.0.0.1", 9999)), [DEAD_END, RELAYED], id="direct ways lead nowhere"),
    ],
)
def test_what_becomes_of_candidates_wherever_they_stand(reroute: Reroute, arrive: list[str]) -> None:
    door = Door(reroute=lambda: reroute)
    teacher, ada = door.comes("Ms. Rivera", "teacher"), door.comes("Ada")
    for candidate in (DIRECT, RELAYED, BY_TCP):
        door.says(teacher, type="signal", peer=ada.id, candidate={"candidate": candidate, "sdpMid": "0"})
    told = [message["candidate"] for message in door.heard("Ada", "signal")]
    assert told == [{"candidate": candidate, "sdpMid": "0"} for candidate in arrive]
    lines = [f"a={candidate}\r\n" for candidate in (DIRECT, RELAYED, BY_TCP)]
    described = {"type": "offer", "sdp": "".join(["v=0\r\n", *lines, "a=mid:0\r\n"])}
    door.says(teacher, type="signal", peer=ada.id, description=described)
    expected = "".join(["v=0\r\n", *(f"a={candidate}\r\n" for candidate in arrive), "a=mid:0\r\n"])
    assert door.heard("Ada", "signal")[-1]["description"] == {"type": "offer", "sdp": expected}


def test_one_way_is_told_of_one_side_only() -> None:
    door = Door(only_listens=lambda role: role == "teacher")
    teacher, ada = door.comes("Ms. Rivera", "teacher"), door.comes("Ada")
    described = {"type": "offer", "sdp": "a=sendrecv\r\n"}
    door.says(teacher, type="signal", peer=ada.id, description=described)
    door.says(ada, type="signal", peer=teacher.id, description=described)
    assert door.heard("Ada", "signal")[0]["description"]["sdp"] == "a=recvonly\r\n"
    assert door.heard("Ms. Rivera", "signal")[0]["description"]["sdp"] == "a=sendrecv\r\n"


def test_a_full_class_turns_students_away_and_never_its_teacher() -> None:
    door = Door(capacity=lambda: 2)
    for name in ("Ada", "Ben", "Cleo"):
        door.comes(name)
    door.comes("Ms. Rivera", "teacher")
    assert [door.state(name) for name in ("Ms. Rivera", "Ada", "Ben", "Cleo")] == ["in", "in", "full", "full"]
    assert door.counters.joins == 2
    assert [person["name"] for person in door.heard("Ada", "people")[-1]["people"]] == ["Ada", "Ms. Rivera"]


def test_in_somebody_elses_class_there_is_a_film_and_nobody_is_called() -> None:
    door = Door(has_host=False, film="Mr. Okafor")
    door.comes("Ada")
    door.comes("Ben")
    assert [message["film"] for message in door.heard("Ada", "state")[1:]] == ["Mr. Okafor"]
    assert door.heard("Ben", "call") == []


def test_everybody_gets_relays_with_credentials_of_their_own() -> None:
    door = Door(relays=lambda who: [{"username": f"60:{who}"}])
    teacher, ada = door.comes("Ms. Rivera", "teacher"), door.comes("Ada")
    given = {name: door.heard(name, "state")[-1]["relays"] for name in ("Ms. Rivera", "Ada")}
    assert given == {"Ms. Rivera": [{"username": f"60:{teacher.id}"}], "Ada": [{"username": f"60:{ada.id}"}]}
