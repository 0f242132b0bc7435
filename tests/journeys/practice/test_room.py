"""Rooms: admission, call set-up, chat, and the faults of a room."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from typing import Any

import pytest
from starlette.websockets import WebSocket

from firstbell.journeys.practice.services.live_class import serve_participant
from firstbell.journeys.practice.services.room import Participant, RoomCounters, RoomSettings, ServerRoom
from firstbell.journeys.practice.services.sdp_faults import Reroute, drop_candidate, keep_candidate, relay_only


def run_at_once(coroutine: Coroutine[Any, Any, None]) -> None:
    """Runs a coroutine without an event loop, because sync Playwright keeps one running. A room only waits for its
    participants' send, and these do not wait."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise AssertionError("the room waits for something")


class RecordedRoom:
    """A room, and all messages that each participant has received."""

    def __init__(self, **rules: Any) -> None:
        self.counters = RoomCounters()
        self.room = ServerRoom(RoomSettings(**{"has_host": True, **rules}), self.counters)
        self.received: dict[str, list[Mapping[str, Any]]] = {}

    def joins(self, name: str, role: str = "student") -> Participant:
        received = self.received.setdefault(name, [])

        async def send(message: Mapping[str, Any]) -> None:
            received.append(message)

        participant = self.room.create_participant(name, role, send)
        run_at_once(self.room.enter(participant))
        return participant

    def says(self, participant: Participant, **message: Any) -> None:
        run_at_once(self.room.receive(participant, message))

    def state(self, name: str) -> str:
        return [str(message["state"]) for message in self.received[name] if message["type"] == "state"][-1]

    def messages(self, name: str, kind: str) -> list[Mapping[str, Any]]:
        return [message for message in self.received[name] if message["type"] == kind]


def test_participant_whose_socket_fails_on_send_has_left() -> None:
    counters = RoomCounters()
    room = ServerRoom(RoomSettings(has_host=False), counters)

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Mapping[str, Any]) -> None:
        if message["type"] != "websocket.accept":
            raise OSError("the socket is closed")

    run_at_once(serve_participant(WebSocket({"type": "websocket"}, receive, send), room, name="Ada", role="student"))
    run_at_once(room.enter(room.create_participant("Ben", "student", _discard)))
    assert counters.peak_people == 1


async def _discard(_message: Mapping[str, Any]) -> None:
    return


def test_frames_are_summed_by_role_and_invalid_counts_are_dropped() -> None:
    room = RecordedRoom()
    rivera, ada = room.joins("Ms. Rivera", "teacher"), room.joins("Ada")
    room.says(rivera, type="frames", sent=100)
    for nonsense in (-1, "7", None, 10**9, 1.5, True):
        room.says(rivera, type="frames", sent=nonsense)
    room.says(rivera, type="end")
    room.says(rivera, type="frames", sent=20)
    room.says(ada, type="frames", sent=3)
    room.says(Participant(id="9", name="N", role="teacher", send=rivera.send), type="frames", sent=50)
    assert room.counters.frames_sent == {"teacher": 120, "student": 3}


def test_students_wait_for_the_teacher_who_then_calls_each() -> None:
    room = RecordedRoom()
    ada = room.joins("Ada")
    assert room.state("Ada") == "lobby"
    room.joins("Ms. Rivera", "teacher")
    assert (room.state("Ada"), room.state("Ms. Rivera")) == ("in", "in")
    assert [call["peer"] for call in room.messages("Ms. Rivera", "call")] == [ada.id]
    assert room.messages("Ada", "call") == []
    assert (room.counters.joins, room.counters.peak_people) == (2, 2)
    room.counters.reset_peak()
    assert room.counters.peak_people == 0
    room.joins("Ben")
    assert room.counters.peak_people == 3


def test_class_without_its_teacher_admits_no_students() -> None:
    room = RecordedRoom()
    teacher = room.joins("Ms. Rivera", "teacher")
    run_at_once(room.room.leave(teacher))
    room.joins("Ada")
    assert room.state("Ada") == "lobby"


def test_returning_teacher_gets_a_fresh_room() -> None:
    room = RecordedRoom()
    room.joins("Ms. Rivera", "teacher")
    room.joins("Ada")
    room.joins("Ms. Rivera again", "teacher")
    assert (room.state("Ms. Rivera"), room.state("Ada")) == ("ended", "ended")
    assert [person["name"] for person in room.messages("Ms. Rivera again", "people")[-1]["people"]] == [
        "Ms. Rivera again"
    ]


def test_only_the_teacher_ends_the_class_for_all() -> None:
    room = RecordedRoom()
    teacher, ada = room.joins("Ms. Rivera", "teacher"), room.joins("Ada")
    room.says(ada, type="end")
    assert room.state("Ada") == "in"
    room.says(teacher, type="end")
    assert (room.state("Ada"), room.state("Ms. Rivera")) == ("ended", "ended")


def test_all_call_each_other_in_a_room_without_a_host() -> None:
    room = RecordedRoom(has_host=False)
    first, second = room.joins("Ada", "guest"), room.joins("Ben", "guest")
    room.joins("Cleo", "guest")
    assert [call["peer"] for call in room.messages("Cleo", "call")] == [first.id, second.id]
    assert [call["peer"] for call in room.messages("Ben", "call")] == [first.id]


def test_raised_hands_and_bounded_chat_lines_reach_all() -> None:
    room = RecordedRoom()
    room.joins("Ms. Rivera", "teacher")
    ada = room.joins("Ada")
    room.says(ada, type="hand", up=True)
    room.says(ada, type="chat", text="x" * 9999)
    assert [person["hand"] for person in room.messages("Ms. Rivera", "people")[-1]["people"]] == [False, True]
    (line,) = room.messages("Ms. Rivera", "chat")
    assert (line["name"], len(line["text"])) == ("Ada", 500)


def test_chat_from_the_lobby_does_not_reach_the_class() -> None:
    room = RecordedRoom(lobby_is_stuck=lambda: True)
    room.joins("Ms. Rivera", "teacher")
    ada = room.joins("Ada")
    room.says(ada, type="chat", text="hello")
    assert room.state("Ada") == "lobby"
    assert room.messages("Ms. Rivera", "chat") == []


def test_healed_lobby_admits_waiting_students() -> None:
    stuck = [True]
    room = RecordedRoom(lobby_is_stuck=lambda: stuck[0])
    room.joins("Ms. Rivera", "teacher")
    room.joins("Ada")
    stuck[0] = False
    run_at_once(room.room.faults_changed())
    assert room.state("Ada") == "in"


DIRECT = "candidate:1 1 udp 2122194687 192.0.2.2 40544 typ host generation 0"
RELAYED = "candidate:2 1 udp 41885439 127.0.0.1 50000 typ relay raddr 192.0.2.2 rport 40544"
BY_TCP = "candidate:3 1 tcp 1518214911 192.0.2.2 9 typ host tcptype active"
DEAD_END = "candidate:1 1 udp 2122194687 127.0.0.1 9999 typ host generation 0"


@pytest.mark.parametrize(
    ("reroute", "expected"),
    [
        pytest.param(keep_candidate, [DIRECT, RELAYED, BY_TCP], id="kept"),
        pytest.param(drop_candidate, [], id="dropped"),
        pytest.param(relay_only(("127.0.0.1", 9999)), [DEAD_END, RELAYED], id="relay only"),
    ],
)
def test_candidates_are_rewritten_alone_and_inside_descriptions(reroute: Reroute, expected: list[str]) -> None:
    room = RecordedRoom(reroute=lambda: reroute)
    teacher, ada = room.joins("Ms. Rivera", "teacher"), room.joins("Ada")
    for candidate in (DIRECT, RELAYED, BY_TCP):
        room.says(teacher, type="signal", peer=ada.id, candidate={"candidate": candidate, "sdpMid": "0"})
    arrived = [message["candidate"] for message in room.messages("Ada", "signal")]
    assert arrived == [{"candidate": candidate, "sdpMid": "0"} for candidate in expected]
    lines = [f"a={candidate}\r\n" for candidate in (DIRECT, RELAYED, BY_TCP)]
    description = {"type": "offer", "sdp": "".join(["v=0\r\n", *lines, "a=mid:0\r\n"])}
    room.says(teacher, type="signal", peer=ada.id, description=description)
    sdp = "".join(["v=0\r\n", *(f"a={candidate}\r\n" for candidate in expected), "a=mid:0\r\n"])
    assert room.messages("Ada", "signal")[-1]["description"] == {"type": "offer", "sdp": sdp}


def test_one_way_fault_changes_the_teachers_description_only() -> None:
    room = RecordedRoom(only_listens=lambda role: role == "teacher")
    teacher, ada = room.joins("Ms. Rivera", "teacher"), room.joins("Ada")
    description = {"type": "offer", "sdp": "a=sendrecv\r\n"}
    room.says(teacher, type="signal", peer=ada.id, description=description)
    room.says(ada, type="signal", peer=teacher.id, description=description)
    assert room.messages("Ada", "signal")[0]["description"]["sdp"] == "a=recvonly\r\n"
    assert room.messages("Ms. Rivera", "signal")[0]["description"]["sdp"] == "a=sendrecv\r\n"


def test_full_class_turns_students_away_but_not_its_teacher() -> None:
    room = RecordedRoom(capacity=lambda: 2)
    for name in ("Ada", "Ben", "Cleo"):
        room.joins(name)
    room.joins("Ms. Rivera", "teacher")
    assert [room.state(name) for name in ("Ms. Rivera", "Ada", "Ben", "Cleo")] == ["in", "in", "full", "full"]
    assert room.counters.joins == 2
    assert [person["name"] for person in room.messages("Ada", "people")[-1]["people"]] == ["Ada", "Ms. Rivera"]


def test_room_with_a_film_starts_no_calls() -> None:
    room = RecordedRoom(has_host=False, film="Mr. Okafor")
    room.joins("Ada")
    room.joins("Ben")
    assert [message["film"] for message in room.messages("Ada", "state")[1:]] == ["Mr. Okafor"]
    assert room.messages("Ben", "call") == []


def test_each_participant_gets_relay_credentials_of_their_own() -> None:
    room = RecordedRoom(relays=lambda who: [{"username": f"60:{who}"}])
    teacher, ada = room.joins("Ms. Rivera", "teacher"), room.joins("Ada")
    given = {name: room.messages(name, "state")[-1]["relays"] for name in ("Ms. Rivera", "Ada")}
    assert given == {"Ms. Rivera": [{"username": f"60:{teacher.id}"}], "Ada": [{"username": f"60:{ada.id}"}]}
