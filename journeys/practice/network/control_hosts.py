"""Hosts outside the district: control hosts to compare with, and a guest network with a log-in page."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

ANY_PATH = "/{path:path}"
LOG_IN_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Guest Wi-Fi</title><link rel="icon" href="data:,"></head>
<body><h1>Guest Wi-Fi</h1><p>Log in to use the internet.</p>
<form><label>Room number <input name="room"></label> <button>Connect</button></form></body></html>"""


def control_host() -> Starlette:
    """Builds a control host: one small page that does not depend on the district."""

    async def front(_request: Request) -> Response:
        return PlainTextResponse("This host is up.\n", headers={"Cache-Control": "no-store"})

    return Starlette(routes=[Route("/", front)])


def guest_wifi(host: str) -> Starlette:
    """Builds a captive portal: every request is redirected to its own log-in page at `host`."""

    async def log_in(request: Request) -> Response:
        if request.headers.get("host", "").partition(":")[0] == host:
            return HTMLResponse(LOG_IN_PAGE, headers={"Cache-Control": "no-store"})
        _, port = request.scope["server"]
        return RedirectResponse(f"http://{host}:{port}/login", status_code=302)

    return Starlette(routes=[Route(ANY_PATH, log_in, methods=["GET", "HEAD", "POST"])])
