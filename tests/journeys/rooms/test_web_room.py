"""A web room by words alone: both people meet, see and hear each other in products of three kinds, and a stranger is
noticed in each."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext

from firstbell.journeys import room_class
from firstbell.journeys.rooms.web_room_entry import RoomView
from firstbell.journeys.rooms.web_room_words import WebRoomWords
from firstbell.journeys.stage.actor import Actor
from firstbell.journeys.stage.failures import Broken, Stranger
from firstbell.journeys.stage.observer import NoObserver
from firstbell.journeys.stage.school import School
from firstbell.journeys.stage.secret import Secret
from firstbell.journeys.stage.service import Account, Classroom, Service
from firstbell.journeys.stage.stage import Stage
from tests.journeys.rooms.likeness import OPTIONS, options, serve

pytestmark = pytest.mark.browser

PEOPLE = {"teacher": "Ms. Rivera", "student": "Ada Student"}


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with serve() as base:
        yield base


@pytest.fixture
def stage(new_context: Callable[[], BrowserContext]) -> Iterator[Stage]:
    del new_context
    with Stage(run_token=secrets.token_hex(8), observer=NoObserver(), limit_s=10) as stage:
        yield stage


def enter(stage: Stage, role: str, context: BrowserContext) -> Actor:
    account = Account(username=role, display_name=PEOPLE.get(role, role), password=Secret(str))
    return stage.enter(role, account, context)


def school(product: str, base: str, **changed: str) -> School:
    words = {**options(product, base), **changed}
    service = Service(name="live-class", owner="", url="", kind="web-room", options=words)
    return School(name="A district with a room", services={"live-class": service})


@pytest.mark.parametrize("product", OPTIONS)
def test_two_people_meet_in_a_room_known_by_words(
    product: str, base: str, stage: Stage, new_context: Callable[[], BrowserContext]
) -> None:
    teacher, student = (enter(stage, role, new_context()) for role in PEOPLE)
    room_class.test_room_class(teacher, student, school(product, base), Classroom(title=secrets.token_hex(4)))
    assert [record.ending for record in stage.steps] == [None] * len(stage.steps)


@pytest.mark.parametrize("product", OPTIONS)
def test_a_stranger_in_such_a_room_is_noticed(
    product: str, base: str, stage: Stage, new_context: Callable[[], BrowserContext]
) -> None:
    title, district = secrets.token_hex(4), school(product, base)
    teacher, student = (enter(stage, role, new_context()) for role in PEOPLE)
    class_ = district.live_class.open(teacher, title)
    with student.step("joins", relies_on="live-class"):
        class_.join(student)
    assert stage.watches_participants
    visitor = Stage(run_token="another", observer=NoObserver(), limit_s=10)
    child = visitor.enter("child", Account(username="c", display_name="Robin", password=Secret(str)), new_context())
    class_.join(child)
    teacher.page.wait_for_timeout(1500)
    with pytest.raises(Stranger), teacher.step("teaches", relies_on="live-class"):
        pass


def test_a_wait_in_vain_tells_all_of_its_time(new_context: Callable[[], BrowserContext]) -> None:
    with Stage(run_token="t", observer=NoObserver(), limit_s=1) as stage:
        teacher = enter(stage, "teacher", new_context())
        teacher.page.set_content("<h1>Before the room</h1>")
        with pytest.raises(Broken, match=r"is not there \(waited [2-9] s\)"):
            RoomView(WebRoomWords(), teacher).wait_for_first(teacher.page.locator("#room"))
