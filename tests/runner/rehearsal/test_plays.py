"""Journeys divided among their people: each statement is played once by those it concerns, in the journey's order.

The people here play in threads, without a browser; everything between them is the product's own.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import SimpleNamespace
from typing import Any, cast

import pytest

from firstbell.journeys.media.camera import signature_for
from firstbell.journeys.stage.actor import Actor
from firstbell.journeys.stage.failures import ending_of
from firstbell.journeys.stage.secret import Secret
from firstbell.journeys.stage.service import Account
from firstbell.runner.execution.supervision.protocol import PipeMessage
from firstbell.runner.rehearsal.arrivals import Arrival, arrivals
from firstbell.runner.rehearsal.plays import turns
from firstbell.runner.rehearsal.plays.rewriting import rewrite
from firstbell.runner.rehearsal.plays.stand_in import PlayedElsewhere, StandInPerson
from firstbell.runner.rehearsal.processes import link
from firstbell.runner.rehearsal.processes.cues import RoundOrder
from firstbell.runner.rehearsal.processes.link import PipeLink, RoundState
from firstbell.runner.rehearsal.processes.protocol import (
    ActorLeft,
    BeginRound,
    EndPlayers,
    FromPlayers,
    GuestsCome,
    PreparePlayers,
)


def account(name: str) -> Account:
    return Account(username=name, display_name=name.title(), password=Secret(str))


class Page:
    """A page that notes what is done on it."""

    def __init__(self, name: str, done: list[str]) -> None:
        self.name = name
        self._done = done

    def does(self, *words: object) -> str:
        self._done.append(" ".join([self.name, *map(str, words)]))
        return f"{words[0]} by {self.name}"

    def locator(self) -> object:
        self._done.append(f"{self.name} finds")
        return object()

    def fills(self, text: object) -> None:
        self.does(json.dumps(text))

    def breaks(self) -> None:
        raise AssertionError(f"{self.name} is broken")

    def breaks_for(self, name: str) -> None:
        if self.name == name:
            self.breaks()

    @contextmanager
    def popup(self) -> Iterator[Page]:
        self._done.append(f"{self.name} expects a window")
        yield Page(f"{self.name}'s window", self._done)

    def wait_for_timeout(self, _ms: float) -> None:
        time.sleep(0.002)


class Tabs:
    """The one page of a person, or the window that the person goes on in."""

    def __init__(self, page: Page) -> None:
        self.in_use = page

    def use(self, page: Page) -> None:
        self.in_use = page


class Person(Actor):
    """An actor without a browser."""

    def __init__(self, arrival: Arrival, done: list[str]) -> None:
        self.name, self.role = arrival.actor, arrival.role
        self.account = account(arrival.actor)
        self.tabs = cast("Any", Tabs(Page(arrival.actor, done)))

    def step(
        self, title: str, *, relies_on: str, picture: bool = True, quotes: bool = False
    ) -> AbstractContextManager[None]:
        del title, relies_on, picture, quotes
        return nullcontext()


class Rehearsal:
    """Plays one journey by a teacher and some students. `done` is what was done on their pages, in order; `ended` how
    each person's part ended."""

    def __init__(self, source: str, students: int = 2, *, with_teacher: bool = True) -> None:
        space: dict[str, Any] = {}
        exec(compile(rewrite(source, "j.py"), "j.py", "exec"), space)  # noqa: S102  # as an import would
        self._journey = space["journey"]
        hosts = {"teacher": "t"} if with_teacher else {}
        self._arrivals = arrivals(hosts, [f"s{n}" for n in range(students)], ramp_s=0.0, workers=1)
        self._order, self._lock, self._state = RoundOrder(self._arrivals), threading.Lock(), RoundState()
        self._threads: list[threading.Thread] = []
        self.done: list[str] = []
        self.ended: dict[str, str] = {}
        with self._lock:
            self._start(is_guest=False)
            self._pass_on(self._order.begin())
        deadline = time.monotonic() + 20
        while len(self.ended) < len(self._arrivals) and not self._order.is_over:
            assert time.monotonic() < deadline, (self.done, self.ended)
            time.sleep(0.005)
        for thread in self._threads:
            thread.join()

    def _start(self, *, is_guest: bool) -> None:
        for arrival in self._arrivals:
            if arrival.is_guest is is_guest:
                self._threads.append(threading.Thread(target=self._play, args=(arrival,)))
                self._threads[-1].start()

    def _send(self, message: PipeMessage) -> None:
        with self._lock:
            self._pass_on(self._order.receive(cast("FromPlayers", message)))

    def _pass_on(self, messages: list[PipeMessage]) -> None:
        for message in messages:
            if isinstance(message, GuestsCome):
                self._start(is_guest=True)
            elif not isinstance(message, PreparePlayers | BeginRound | EndPlayers):
                self._state.receive(cast("Any", message))

    def _play(self, arrival: Arrival) -> None:
        people: dict[str, list[StandInPerson]] = {"teacher": [], "student": []}
        for other in self._arrivals:
            known = StandInPerson(other.actor, signature_for("", other.number), account(other.actor))
            people[other.role].append(known)
        pipe = PipeLink(arrival.actor, self._state, self._send, people=people, school=cast("Any", None))
        person, player = Person(arrival, self.done), turns.Player(pipe)
        pipe.page = lambda: person.page
        turns.PLAYER.set(player)
        given: dict[str, Any] = {role: player.stand_in(role) for role in people}
        given[arrival.role] = person
        ending = said = ""
        try:
            self._journey(SimpleNamespace(**given))
            pipe.report()
            if not arrival.is_guest:
                pipe.wait_until_played("=end", "student")
        except (Exception, PlayedElsewhere) as error:
            ending, said = "failed", ending_of(error).said
        self.ended[arrival.actor] = said
        self._send(ActorLeft(actor=arrival.actor, at_s=0.0, ending=ending))


WELL = {"teacher": "", "student 1": "", "student 2": ""}
HELPER = """
def meet(teacher, student, room, desk):
    with teacher.step("opens", relies_on="rooms"):
        code = teacher.page.does("code", room)
    with student.step("joins", relies_on="rooms"):
        student.page.does("joins", code)

def journey(p):
    teacher = p.teacher
    desk = p.student.page.locator()
    meet(teacher, p.student, "blue", desk)
    meet(teacher, p.student, "green", desk)
"""
PAGE_OBJECT = """
class Room:
    def __init__(self, actor):
        self.page = actor.page
        self.name = self.page.does("enters")

    def say(self, *words):
        return self.page.does("says", *words)

def journey(p):
    theirs = Room(p.teacher)
    ours = Room(p.student)
    theirs.say("hello")
    ours.say("hi")
"""
BRANCHES = """
def ready(actor, tries):
    return len(actor.page.does("is asked", tries)) > 0 and tries > 1

def journey(p):
    teacher, student = p.teacher, p.student
    tries = 0
    while not ready(teacher, tries):
        tries += 1
    if teacher.page.does("recording"):
        student.page.does("agrees")
    else:
        student.page.does("wonders")
    for word in [teacher.page.does("one"), teacher.page.does("two")]:
        student.page.does("hears", word)
"""
WINDOWS = """
def journey(p):
    for who in (p.student, p.teacher):
        with who.page.popup() as opened:
            who.page.does("clicks")
        who.page = opened
        who.page.does("waits")
"""
TRIES = """
def journey(p):
    try:
        p.teacher.page.does("knocks")
    except Exception:
        p.student.page.does("never does this")
    finally:
        p.student.page.does("goes on")
"""
IN_EACH_OTHERS_STEPS = """
def journey(p):
    with p.student.step("reads the chat", relies_on="x"):
        p.teacher.page.does("writes")
        p.student.page.does("reads")
    with p.teacher.step("sees the hand", relies_on="x"):
        p.student.page.does("raises a hand")
        p.teacher.page.does("sees", p.student.account.display_name)
"""


LOCATORS = """
from json import dumps

def where(actor):
    return actor.page.locator()

class Desk:
    def __init__(self, actor):
        self.sign = where(actor)

def journey(p):
    desk = Desk(p.student)
    dumps([desk.sign], default=id)
    dumps([where(p.student)], default=id)
    dumps([where(p.teacher)], default=id)
"""
RANDOM = """
import secrets

def journey(p):
    room = secrets.token_hex(8)
    mine = p.student.account.display_name
    p.teacher.page.does("opens", room)
    p.student.page.does("joins", room, "as", mine)
"""


def of(done: list[str], name: str) -> list[str]:
    return [line.removeprefix(f"{name} ") for line in done if line.startswith(name)]


def test_helper_for_both_people_is_divided_and_hands_over_its_values() -> None:
    found = Rehearsal(HELPER)
    assert found.ended == WELL
    assert of(found.done, "teacher") == ["code blue", "code green"]
    assert of(found.done, "student 2") == ["finds", "joins code by teacher", "joins code by teacher"]
    # Nobody is in the second room before all were in the first one.
    assert found.done.index("teacher code green") > max(
        found.done.index(f"student {n} joins code by teacher") for n in (1, 2)
    )


def test_random_value_of_the_host_is_the_same_for_all_and_names_are_not() -> None:
    found = Rehearsal(RANDOM)
    (opened,) = of(found.done, "teacher")
    room = opened.removeprefix("opens ")
    assert of(found.done, "student 1") == [f"joins {room} as Student 1"]
    assert of(found.done, "student 2") == [f"joins {room} as Student 2"]


def test_helpers_that_return_what_only_one_page_has() -> None:
    found = Rehearsal(LOCATORS)
    assert found.ended == WELL
    assert [of(found.done, name) for name in ("teacher", "student 1")] == [["finds"], ["finds", "finds"]]


def test_page_objects_are_divided() -> None:
    found = Rehearsal(PAGE_OBJECT)
    assert found.ended == WELL
    assert [of(found.done, name) for name in ("teacher", "student 1")] == [
        ["enters", "says hello"],
        ["enters", "says hi"],
    ]


def test_guests_follow_the_hosts_conditions_and_loops() -> None:
    found = Rehearsal(BRANCHES)
    assert found.ended == WELL
    assert of(found.done, "teacher") == ["is asked 0", "is asked 1", "is asked 2", "recording", "one", "two"]
    assert of(found.done, "student 1") == ["agrees", "hears one by teacher", "hears two by teacher"]


def test_windows_are_of_the_person_who_opens_them() -> None:
    found = Rehearsal(WINDOWS)
    assert found.ended == WELL
    for name in WELL:
        lines = [line for line in found.done if line.startswith(name)]
        assert lines == [f"{name} expects a window", f"{name} clicks", f"{name}'s window waits"]


def test_no_handler_of_the_journey_catches_what_another_plays() -> None:
    found = Rehearsal(TRIES)
    assert (found.ended, found.done[0]) == (WELL, "teacher knocks")
    assert sorted(found.done[1:]) == ["student 1 goes on", "student 2 goes on"]


def test_one_persons_part_in_anothers_step_keeps_its_place() -> None:
    found = Rehearsal(IN_EACH_OTHERS_STEPS)
    assert found.ended == WELL
    assert found.done[0] == "teacher writes"
    assert [of(found.done, name) for name in ("student 1", "student 2")] == 2 * [["reads", "raises a hand"]]
    # What is about each student is done for each of them, once all have done their part.
    assert found.done[-2:] == ["teacher sees Student 1", "teacher sees Student 2"]


def test_students_alone_wait_for_nobody() -> None:
    found = Rehearsal('def journey(p):\n    p.student.page.does("signs in")\n', with_teacher=False)
    assert found.ended == {"student 1": "", "student 2": ""}
    assert sorted(found.done) == ["student 1 signs in", "student 2 signs in"]


MIXED = """
def journey(p):
    p.student.page.does(p.teacher.page.does("x"))
"""
MIXED_SAID = (
    "no person can go on, because all wait for the student (j.py:3) and the teacher (j.py:3): "
    "write one statement for each person"
)
HANDED_OVER = """
def journey(p):
    teacher, student = p.teacher, p.student
    room = student.page.popup()
    teacher.page.fills(room)
"""
HANDED_OVER_SAID = "a value of another person's page cannot be handed over"
IN_A_BLOCK = """
def journey(p):
    teacher, student = p.teacher, p.student
    if student.page.does("x"):
        teacher.page.does("y")
"""
IN_A_BLOCK_SAID = "a block that depends on the page of the student has a part of the teacher in it"
TWO_NAMES = """
def journey(p):
    teacher, name = p.teacher, p.student.page.does("x")
    teacher.page.does("y")
"""


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (MIXED, MIXED_SAID),
        (HANDED_OVER, HANDED_OVER_SAID),
        (IN_A_BLOCK, IN_A_BLOCK_SAID),
        (TWO_NAMES, "no person can go on"),
    ],
    ids=["two people in one statement", "an object handed over", "a part in a block", "what nobody would play"],
)
def test_refusal_names_the_statement_and_the_reason(source: str, said: str) -> None:
    assert said in Rehearsal(source).ended["teacher"]


def test_students_cannot_go_on_without_a_teacher_who_failed() -> None:
    found = Rehearsal("""
def journey(p):
    p.student.page.does("x")
    p.teacher.page.breaks()
    p.student.page.does("y")
""")
    alone = "could not go on: the teacher did not get that far"
    assert found.ended == {"teacher": "teacher is broken", "student 1": alone, "student 2": alone}
    assert "student 1 y" not in found.done


def test_teacher_goes_on_without_a_student_who_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    source = """
def journey(p):
    p.student.page.breaks_for("student 2")
    p.teacher.page.does("greets", p.student.account.display_name)
    p.student.page.does("answers")
"""
    monkeypatch.setattr(link, "QUICK_S", 0.0)
    found = Rehearsal(source)
    assert found.ended == {"teacher": "", "student 1": "", "student 2": "student 2 is broken"}
    assert found.done == ["teacher greets Student 1", "student 1 answers"]
