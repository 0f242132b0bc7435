"""What hits a whole service before any of its pages is reached: errors, a maintenance page, refusals, slowness."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from firstbell.journeys.practice.faults import FaultSwitches
from firstbell.journeys.practice.services.pages import page, problem

SIGN_IN_SLOW_S = 20.0
LIST_SLOW_S = 12.0
RETRY_AFTER_S = 120

HttpFault = Callable[[Request], Awaitable[Response | None]]
"""What a fault answers instead of the service; None lets the request through."""


def respond_with(status: int, heading: str = "", text: str = "", headers: Mapping[str, str] | None = None) -> HttpFault:
    """Every page is this one; what pages are made of still comes."""

    async def hit(request: Request) -> Response | None:
        if request.url.path.startswith("/static/"):
            return None
        if not heading:
            return problem(request, status)
        answer = page(request, "problem.html", status=status, heading=heading, text=text)
        answer.headers.update(headers or {})
        return answer

    return hit


def delay_response(seconds: float, *, path: str = "") -> HttpFault:
    """Pages, or the one at `path`, come late."""

    async def hit(request: Request) -> None:
        asked = request.url.path
        if asked == path or (not path and not asked.startswith("/static/")):
            await asyncio.sleep(seconds)

    return hit


def respond_at(path: str, answer: Callable[[Request], Response]) -> HttpFault:
    """One address answers this."""

    async def hit(request: Request) -> Response | None:
        return answer(request) if request.url.path == path else None

    return hit


def _device_certificate(request: Request) -> Response:
    text = "The certificate of this device has expired, so it cannot sign in. Connect it to the district's network."
    heading = "Your device's certificate has expired"
    return page(request, "problem.html", status=403, heading=heading, text=text)


def _token_error(_request: Request) -> Response:
    return JSONResponse({"error": "server_error"}, status_code=500)


def _no_script(_request: Request) -> Response:
    return PlainTextResponse("Not Found", status_code=404)


HTTP_FAULTS: Mapping[str, Mapping[str, HttpFault]] = {
    "sign-in": {
        "sign-in-503": respond_with(503),
        "sign-in-slow": delay_response(SIGN_IN_SLOW_S),
        "sign-in-device-certificate": respond_at("/authorize", _device_certificate),
        "token-broken": respond_at("/token", _token_error),
    },
    "platform": {
        "platform-500": respond_with(500),
        "platform-maintenance": respond_with(
            200, "Scheduled maintenance", "The learning platform is being updated. Please come back in an hour."
        ),
        "platform-429": respond_with(
            429,
            "Too many users",
            "Too many users are signed in right now. Please wait a moment and try again.",
            {"Retry-After": str(RETRY_AFTER_S)},
        ),
        "platform-slow": delay_response(LIST_SLOW_S, path="/classes"),
        "platform-blank": respond_at("/static/classes.js", _no_script),
    },
    "plan-b": {"plan-b-503": respond_with(503)},
}


class FaultMiddleware:
    """A service under its faults."""

    def __init__(self, app: ASGIApp, hits: Mapping[str, HttpFault], board: FaultSwitches) -> None:
        self._app = app
        self._hits = hits
        self._board = board

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, late, or not at all, as the faults say."""
        if scope["type"] == "http":
            for fault, hit in self._hits.items():
                if self._board.is_on(fault) and (answer := await hit(Request(scope))):
                    await answer(scope, receive, send)
                    return
        await self._app(scope, receive, send)


def with_faults(app: ASGIApp, service: str, board: FaultSwitches) -> ASGIApp:
    """A service as its faults let it be seen."""
    hits = HTTP_FAULTS.get(service)
    return FaultMiddleware(app, hits, board) if hits else app
