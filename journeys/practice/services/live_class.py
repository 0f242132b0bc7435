"""Web services of the live class and of plan B: the room's page, and the signalling WebSocket."""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from firstbell.journeys.practice.faults import FaultSwitches
from firstbell.journeys.practice.network.turn_listeners import BlackHole, TurnServer
from firstbell.journeys.practice.network.turn_server import RelayRules
from firstbell.journeys.practice.seed_data import LESSONS
from firstbell.journeys.practice.services.pages import page, service
from firstbell.journeys.practice.services.room import NO_LIMIT, RoomCounters, RoomSettings, ServerRoom
from firstbell.journeys.practice.services.sdp_faults import Reroute, drop_candidate, keep_candidate, relay_only

LAUNCH_S = 300
SESSION_S = 4 * 3600
STRANGER = "Robin Somebody"
OTHER_TEACHER = "Mr. Okafor"
# Credentials that have expired when they are handed out, like those of a page left open since the day before.
EXPIRED_S = -3600
NO_DIRECT_PATH = ("udp-blocked", "turn-expired", "relay-only", "relay-tcp")
CLASS_WORDS = {
    "service": "Live class",
    "waiting": "Waiting for the teacher to open the class",
    "inside": "In class",
    "full": "This class is full",
    "ended": "The class has ended",
    "left": "You left the class",
    "leave": "Leave class",
}
MEETING_WORDS = {
    "service": "Plan B",
    "waiting": "Connecting",
    "inside": "In meeting",
    "full": "This meeting is full",
    "ended": "The meeting has ended",
    "left": "You left the meeting",
    "leave": "Leave meeting",
}


class LiveClasses:
    """The live class service: one room per class, entered with a launch token from the platform."""

    def __init__(self, launch: URLSafeTimedSerializer, switches: FaultSwitches) -> None:
        self._launch = launch
        self._switches = switches
        self._seal = URLSafeTimedSerializer(secrets.token_hex(), salt="live")
        self.counters = RoomCounters()
        self._dead_end = BlackHole()
        self._relay = TurnServer(
            RelayRules(
                accepts_udp=lambda: not (switches.is_on("udp-blocked") or switches.is_on("relay-tcp")),
                accepts_tcp=lambda: not switches.is_on("udp-blocked"),
            )
        )
        settings = RoomSettings(
            has_host=True,
            lobby_is_stuck=lambda: switches.is_on("lobby-stuck"),
            capacity=lambda: 1 if switches.is_on("class-full") else NO_LIMIT,
            reroute=self._reroute,
            only_listens=lambda role: role == "teacher" and switches.is_on("one-way"),
            relays=self._relays,
            stranger=lambda: STRANGER if switches.is_on("stranger-comes-in") else "",
            devices=self._devices,
        )
        self._rooms = {lesson: ServerRoom(settings, self.counters) for lesson in LESSONS}
        self._other_class = ServerRoom(RoomSettings(has_host=False, film=OTHER_TEACHER), self.counters)

    def app(self) -> Starlette:
        """Builds the service's application."""
        routes = [Route("/class/{lesson}", self._page), WebSocketRoute("/class/{lesson}/signal", self._socket)]
        return service([*routes])

    async def open(self) -> None:
        """Opens the TURN relay."""
        await self._relay.open()

    async def close(self) -> None:
        """Closes the TURN relay and frees its ports."""
        await self._relay.close()
        self._dead_end.close()

    async def faults_changed(self) -> None:
        """Applies the fault switches to the TURN relay and to open pages."""
        await self._relay.rules_changed()
        for room in self._rooms.values():
            await room.faults_changed()

    def _devices(self, role: str) -> Mapping[str, bool]:
        is_teacher = role == "teacher"
        return {
            "picture": not (is_teacher and self._switches.is_on("teacher-black")),
            "sound": not (is_teacher and self._switches.is_on("teacher-silent")),
            "still": is_teacher and self._switches.is_on("teacher-frozen"),
        }

    def _reroute(self) -> Reroute:
        if self._switches.is_on("no-media"):
            return drop_candidate
        if any(self._switches.is_on(fault) for fault in NO_DIRECT_PATH):
            return relay_only(self._dead_end.address)
        return keep_candidate

    @property
    def relay(self) -> str:
        """The address of the TURN relay."""
        return self._relay.address

    def _relays(self, client: str) -> Sequence[Mapping[str, Any]]:
        if self._switches.is_on("turn-expired"):
            return self._relay.ice_servers(client, valid_s=EXPIRED_S)
        return self._relay.ice_servers(client)

    async def _page(self, request: Request) -> Response:
        lesson = LESSONS.get(request.path_params["lesson"])
        if lesson is None:
            raise HTTPException(404)
        if token := request.query_params.get("launch"):
            return self._admit(token, lesson.id)
        guest = self._guest(request, lesson.id)
        if guest is None:
            raise HTTPException(403)
        words = CLASS_WORDS | {"end": "End class for everyone" if guest["role"] == "teacher" else ""}
        signal = f"/class/{lesson.id}/signal"
        return page(request, "room.html", title=lesson.title, name=guest["name"], words=words, signal=signal)

    def _admit(self, token: str, lesson: str) -> Response:
        """Checks the launch token and redirects to the address without it: addresses are logged, cookies are not."""
        try:
            guest = self._launch.loads(token, max_age=LAUNCH_S)
        except BadSignature:
            raise HTTPException(403) from None
        if guest["class"] != lesson:
            raise HTTPException(403)
        answer = RedirectResponse(f"/class/{lesson}", status_code=303)
        answer.set_cookie("guest", self._seal.dumps(guest), max_age=SESSION_S, httponly=True, samesite="lax")
        return answer

    def _guest(self, connection: HTTPConnection, lesson: str) -> dict[str, str] | None:
        try:
            guest: dict[str, str] = self._seal.loads(connection.cookies.get("guest", ""), max_age=SESSION_S)
        except BadSignature:
            return None
        return guest if guest["class"] == lesson else None

    async def _socket(self, socket: WebSocket) -> None:
        room = self._rooms.get(socket.path_params["lesson"])
        guest = self._guest(socket, socket.path_params["lesson"])
        if room is None or guest is None:
            await socket.close(4403)
            return
        if self._switches.is_on("socket-refused"):
            await socket.close()  # Closed before it is accepted: the handshake is answered with 403.
            return
        if guest["role"] == "student" and self._switches.is_on("wrong-class"):
            room = self._other_class
        await serve_participant(socket, room, name=guest["name"], role=guest["role"])


class Meetings:
    """Plan B: one meeting room that a code opens, independent of the rest of the school."""

    def __init__(self, code: str, switches: FaultSwitches) -> None:
        self._code = code
        self._switches = switches
        self._seal = URLSafeTimedSerializer(secrets.token_hex(), salt="meeting")
        self.counters = RoomCounters()
        self._room = ServerRoom(RoomSettings(has_host=False), self.counters)

    def app(self) -> Starlette:
        """Builds the service's application."""
        routes = [Route("/", self._join, methods=["GET", "POST"]), WebSocketRoute("/signal", self._socket)]
        return service([*routes])

    async def _join(self, request: Request) -> Response:
        if request.method == "GET":
            return page(request, "join_meeting.html", error="")
        form = await request.form()
        name = str(form.get("name", "")).strip()[:80]
        if not name or not hmac.compare_digest(str(form.get("code", "")).strip().encode(), self._code.encode()):
            return page(request, "join_meeting.html", error="That meeting code is not valid.")
        words = MEETING_WORDS | {"end": ""}
        answer = page(request, "room.html", title="Plan B meeting room", name=name, words=words, signal="/signal")
        answer.set_cookie("guest", self._seal.dumps(name), max_age=SESSION_S, httponly=True, samesite="lax")
        return answer

    async def _socket(self, socket: WebSocket) -> None:
        try:
            name = self._seal.loads(socket.cookies.get("guest", ""), max_age=SESSION_S)
        except BadSignature:
            await socket.close(4403)
            return
        await serve_participant(socket, self._room, name=name, role="guest")


async def serve_participant(socket: WebSocket, room: ServerRoom, *, name: str, role: str) -> None:
    """Adds a participant to a room while the socket is open, and passes its messages to the room."""
    await socket.accept()

    async def send(message: Mapping[str, Any]) -> None:
        try:
            await socket.send_json(message)
        except (WebSocketDisconnect, RuntimeError):
            return  # The page is gone; receive_text is about to raise.

    participant = room.create_participant(name, role, send)
    try:
        await room.enter(participant)
        while True:
            await room.receive(participant, _parse_message(await socket.receive_text()))
    except (WebSocketDisconnect, WebSocketDisconnected):
        return  # The second is raised where sending showed that the page is gone.
    finally:
        await room.leave(participant)


def _parse_message(text: str) -> Mapping[str, Any]:
    try:
        message = json.loads(text)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}
