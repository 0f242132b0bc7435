"""Learning platform: today's classes by the bell schedule, and the launch of their live sessions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from itsdangerous import URLSafeTimedSerializer
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from firstbell.journeys.practice.faults import FaultSwitches
from firstbell.journeys.practice.seed_data import LESSONS, OTHER_DAY, Lesson, LessonPeriod, Person
from firstbell.journeys.practice.services.oidc_client import RelyingParty
from firstbell.journeys.practice.services.pages import page, service

ZONE = ZoneInfo("America/New_York")


class PlatformApp:
    """The platform's pages. `launch` signs the launch token for the live class."""

    def __init__(
        self,
        relying_party: RelyingParty,
        people: Mapping[str, Person],
        *,
        live: str,
        launch: URLSafeTimedSerializer,
        switches: FaultSwitches,
    ) -> None:
        self._relying_party = relying_party
        self._people = people
        self._live = live
        self._launch = launch
        self._switches = switches

    def app(self) -> Starlette:
        """Builds the platform's application."""
        routes = [
            Route("/", self._home),
            Route("/classes", self._classes),
            Route("/classes/{lesson}", self._class),
            Route("/classes/{lesson}/live", self._to_live),
        ]
        return service([*routes, *self._relying_party.routes()])

    async def _home(self, _request: Request) -> Response:
        return RedirectResponse("/classes", status_code=303)

    async def _classes(self, request: Request) -> Response:
        person = self._person(request)
        if person is None:
            return self._relying_party.to_sign_in(request)
        clock = datetime.now(ZONE)
        date, lessons = clock.date(), tuple(LESSONS.values())
        # As on the first morning: teachers still saw and opened their classes, students saw none.
        if self._switches.is_on("sessions-empty") and person.role == "student":
            lessons = ()
        elif self._switches.is_on("sessions-wrong-day") and person.role == "student":
            date, lessons = date - timedelta(days=1), OTHER_DAY
        rows = [_row(lesson, clock) for lesson in lessons]
        day = {"date": f"{date:%A, %B} {date.day}", "person": person.display_name, "lessons": rows}
        script = "/static/classes.js"
        if self._switches.is_on("platform-mixed"):
            script = f"http://{request.url.netloc}{script}"
        answer = page(request, "classes.html", day=day, script=script)
        if self._switches.is_on("platform-forbids"):
            answer.headers["Content-Security-Policy"] = "script-src 'none'"
        return answer

    async def _class(self, request: Request) -> Response:
        person = self._person(request)
        if person is None:
            return self._relying_party.to_sign_in(request)
        return page(request, "class.html", person=person, lesson=_lesson(request))

    async def _to_live(self, request: Request) -> Response:
        person = self._person(request)
        if person is None:
            return self._relying_party.to_sign_in(request)
        lesson = _lesson(request)
        if self._switches.is_on("session-link-dead") and person.role == "student":
            raise HTTPException(404)
        claims = {"username": person.username, "name": person.display_name, "role": person.role, "class": lesson.id}
        return RedirectResponse(f"{self._live}/class/{lesson.id}?launch={self._launch.dumps(claims)}", status_code=303)

    def _person(self, request: Request) -> Person | None:
        username = self._relying_party.username(request)
        return self._people.get(username) if username else None


def _lesson(request: Request) -> Lesson:
    lesson = LESSONS.get(request.path_params["lesson"])
    if lesson is None:
        raise HTTPException(404)
    return lesson


def _row(lesson: Lesson, clock: datetime) -> dict[str, str]:
    """Returns a class as the page's script expects it."""
    period = lesson.period
    return {
        "title": lesson.title,
        "teacher": lesson.teacher,
        "href": f"/classes/{lesson.id}",
        "time": f"{period.begins:%-I:%M} to {period.ends:%-I:%M %p}",
        "when": _when(period, clock),
    }


def _when(period: LessonPeriod, clock: datetime) -> str:
    """Returns "over", "now" or "later"."""
    if clock.time() > period.ends:
        return "over"
    return "now" if clock.time() >= period.begins else "later"
