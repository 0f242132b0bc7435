"""Pages of the practice school: templates, static files and error pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

FOLDER = Path(__file__).parent

_templates = Jinja2Templates(FOLDER / "templates")

PROBLEMS = {
    500: ("Something went wrong", "The service met an error that it did not expect. Please try again later."),
    404: ("Page not found", "There is nothing at this address."),
    502: ("Sign-in is not answering", "We could not finish signing you in. Please try again later."),
    503: ("Service unavailable", "This service is not available right now. Please try again later."),
}


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Renders a template."""
    return _templates.TemplateResponse(
        request, template, values, status_code=status, headers={"Cache-Control": "no-store"}
    )


def problem(request: Request, status: int) -> HTMLResponse:
    """Renders the error page of a status."""
    heading, text = PROBLEMS.get(status, ("This did not work", "Please go back and try again."))
    return page(request, "problem.html", status=status, heading=heading, text=text)


async def _on_error(request: Request, error: Exception) -> Response:
    return problem(request, error.status_code if isinstance(error, HTTPException) else 500)


def service(routes: list[BaseRoute]) -> Starlette:
    """Builds a service of the practice school with static files and error pages."""
    static = Mount("/static", StaticFiles(directory=FOLDER / "static"))
    return Starlette(routes=[*routes, static], exception_handlers={HTTPException: _on_error, 500: _on_error})
