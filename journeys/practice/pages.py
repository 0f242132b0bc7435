"""How the practice school's pages come out: templates, one style, proper error pages, faults that hit them all."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates
from starlette.types import ASGIApp, Receive, Scope, Send

from journeys.practice.faults import Switchboard

FOLDER = Path(__file__).parent
SLOW_S = 15.0

_templates = Jinja2Templates(FOLDER / "templates")

PROBLEMS = {
    404: ("Page not found", "There is nothing at this address."),
    502: ("Sign-in is not answering", "We could not finish signing you in. Please try again later."),
    503: ("Service unavailable", "This service is not available right now. Please try again later."),
}


def page(request: Request, template: str, *, status: int = 200, **shown: Any) -> HTMLResponse:
    """A page from a template."""
    return _templates.TemplateResponse(
        request, template, shown, status_code=status, headers={"Cache-Control": "no-store"}
    )


def problem(request: Request, status: int) -> HTMLResponse:
    """An error as a proper page."""
    heading, text = PROBLEMS.get(status, ("This did not work", "Please go back and try again."))
    return page(request, "problem.html", status=status, heading=heading, text=text)


async def _on_error(request: Request, error: Exception) -> Response:
    return problem(request, error.status_code if isinstance(error, HTTPException) else 500)


class Weather:
    """What hits a whole service before any page is reached: slowness, and a 503 where this service has one."""

    def __init__(self, app: ASGIApp, board: Switchboard, down: str | None, *, may_be_slow: bool) -> None:
        self._app = app
        self._board = board
        self._down = down
        self._may_be_slow = may_be_slow

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, late or not at all, as the faults say."""
        if self._may_be_slow and self._board.is_on("slow"):
            await asyncio.sleep(SLOW_S)
        if self._down and self._board.is_on(self._down) and scope["type"] == "http":
            await problem(Request(scope), 503)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def service(
    routes: list[BaseRoute], board: Switchboard, *, down: str | None = None, may_be_slow: bool = True
) -> Starlette:
    """A service of the practice school. `down` names the fault that makes it answer 503 to everything."""
    weather = Middleware(Weather, board=board, down=down, may_be_slow=may_be_slow)
    static = Mount("/static", StaticFiles(directory=FOLDER / "static"))
    return Starlette(
        routes=[*routes, static], middleware=[weather], exception_handlers={HTTPException: _on_error, 500: _on_error}
    )
