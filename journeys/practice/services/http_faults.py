"""Faults that affect a whole service before its pages are reached: errors, maintenance, refusals, slowness."""

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
"""Returns the fault's response instead of the service's; None lets the request through."""


def respond_with(status: int, heading: str = "", text: str = "", headers: Mapping[str, str] | None = None) -> HttpFault:
    """Builds a fault that answers every request but those for static files with an error page."""

    async def respond(request: Request) -> Response | None:
        if request.url.path.startswith("/static/"):
            return None
        if not heading:
            return problem(request, status)
        answer = page(request, "problem.html", status=status, heading=heading, text=text)
        answer.headers.update(headers or {})
        return answer

    return respond


def delay_response(seconds: float, *, path: str = "") -> HttpFault:
    """Builds a fault that delays all pages, or the one at `path`."""

    async def respond(request: Request) -> None:
        path_asked = request.url.path
        if path_asked == path or (not path and not path_asked.startswith("/static/")):
            await asyncio.sleep(seconds)

    return respond


def respond_at(path: str, answer: Callable[[Request], Response]) -> HttpFault:
    """Builds a fault that answers one path."""

    async def respond(request: Request) -> Response | None:
        return answer(request) if request.url.path == path else None

    return respond


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
    """A service with its faults in front."""

    def __init__(self, app: ASGIApp, faults: Mapping[str, HttpFault], switches: FaultSwitches) -> None:
        self._app = app
        self._faults = faults
        self._switches = switches

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, late, or not at all, as the faults say."""
        if scope["type"] == "http":
            for name, respond in self._faults.items():
                if self._switches.is_on(name) and (answer := await respond(Request(scope))):
                    await answer(scope, receive, send)
                    return
        await self._app(scope, receive, send)


def with_faults(app: ASGIApp, service: str, switches: FaultSwitches) -> ASGIApp:
    """Wraps a service in its faults."""
    faults = HTTP_FAULTS.get(service)
    return FaultMiddleware(app, faults, switches) if faults else app
