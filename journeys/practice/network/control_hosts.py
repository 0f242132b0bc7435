"""What stands outside the district: two hosts to compare with, and a guest network that wants a log-in first."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

EVERY = "/{path:path}"
LOG_IN = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Guest Wi-Fi</title><link rel="icon" href="data:,"></head>
<body><h1>Guest Wi-Fi</h1><p>Log in to use the internet.</p>
<form><label>Room number <input name="room"></label> <button>Connect</button></form></body></html>"""


def control_host() -> Starlette:
    """A tiny page that nothing of the district stands behind."""

    async def front(_request: Request) -> Response:
        return PlainTextResponse("This host is well.\n", headers={"Cache-Control": "no-store"})

    return Starlette(routes=[Route("/", front)])


def guest_wifi(host: str) -> Starlette:
    """A hotel's network: whatever is asked for, the answer is its own log-in page, at `host`."""

    async def log_in(request: Request) -> Response:
        if request.headers.get("host", "").partition(":")[0] == host:
            return HTMLResponse(LOG_IN, headers={"Cache-Control": "no-store"})
        _, port = request.scope["server"]
        return RedirectResponse(f"http://{host}:{port}/login", status_code=302)

    return Starlette(routes=[Route(EVERY, log_in, methods=["GET", "HEAD", "POST"])])
