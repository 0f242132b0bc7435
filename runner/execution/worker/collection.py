"""Reads collected pytest items: journeys with their markers, and files that could not be read."""

from __future__ import annotations

import hashlib
import inspect
import re
import traceback
from collections.abc import Iterable
from pathlib import Path

import pytest

from firstbell.runner.execution.accounts.allocation import EVERY_ROLE
from firstbell.runner.execution.supervision.protocol import BrokenFile, JourneyInfo
from firstbell.runner.execution.worker.renamed_imports import renamed_import


def journey_info_of(item: pytest.Item) -> JourneyInfo | None:
    """Returns the marker and file of a journey, without playing it; None for a test that is no journey."""
    marker = item.get_closest_marker("journey")
    if marker is None or not marker.args:
        return None
    return _journey_info(item, f"{marker.args[0]}{_variant(item)}", marker)


def journey_info_of_test(item: pytest.Item) -> JourneyInfo:
    """Returns the info of a test without a marker that the configuration asks for: named after its function."""
    name = getattr(item, "originalname", None) or item.name
    return _journey_info(item, f"{_plain(name.removeprefix('test_')) or 'test'}{_variant(item)}", None)


def is_asked_for(item: pytest.Item, paths: Iterable[Path]) -> bool:
    """True if a configuration names a test or its file."""
    test_id = item.nodeid.partition("::")[2]
    for given in paths:
        path, _, test = str(given).partition("::")
        if Path(path) == item.path and (not test or test_id == test or test_id.startswith((f"{test}[", f"{test}::"))):
            return True
    return False


def _variant(item: pytest.Item) -> str:
    """Returns the suffix of a parametrised test's variant, without the browser, which is the district's."""
    given = getattr(item, "callspec", None)
    if given is None:
        return ""
    browser = str(given.params.get("browser_name", ""))
    parts = [part for part in given.id.split("-") if part != browser]
    return f"-{suffix}" if (suffix := _plain("-".join(parts))) else ""


def _plain(name: str) -> str:
    """Returns a name in the form of schedules and history."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _journey_info(item: pytest.Item, id_: str, marker: pytest.Mark | None) -> JourneyInfo:
    _, line, name = item.location
    return JourneyInfo(
        id=id_,
        title=_first_sentence(item) or name,
        relies_on=tuple(marker.kwargs.get("relies_on", ())) if marker else (),
        roles=_roles(item, marker),
        file=str(item.path),
        line=(line or 0) + 1,
        source_sha256=hashlib.sha256(item.path.read_bytes()).hexdigest(),
    )


def _roles(item: pytest.Item, marker: pytest.Mark | None) -> tuple[str, ...]:
    """Returns the roles: the marker's, else those of the fixtures. `actor("...")` may bring on any role."""
    if marker is not None and "roles" in marker.kwargs:
        return tuple(map(str, marker.kwargs["roles"]))
    fixtures = getattr(item, "fixturenames", ())
    named = tuple(role for role in ("teacher", "student") if role in fixtures)
    direct = inspect.signature(getattr(item, "function", lambda: None)).parameters
    return (EVERY_ROLE,) if "actor" in direct else named


def _first_sentence(item: pytest.Item) -> str:
    function = getattr(item, "function", None)
    module = getattr(item, "module", None)
    text = getattr(function, "__doc__", None) or getattr(module, "__doc__", None) or ""
    return " ".join(text.strip().split("\n\n")[0].split())


def broken_file(path: Path, error: BaseException) -> BrokenFile:
    """Returns where and why a file could not be read: the line in that file, and the cause in one line.

    An import by an old name is reported where it stands, which may be a file that this one imports.
    """
    if renamed := renamed_import(error):
        return BrokenFile(file=renamed.file, line=renamed.line, cause=renamed.cause)
    cause = error.__cause__ or error.__context__ or error
    if isinstance(cause, SyntaxError):
        return BrokenFile(file=str(cause.filename or path), line=cause.lineno or 1, cause=f"syntax error: {cause.msg}")
    frames = [frame for frame in traceback.extract_tb(cause.__traceback__) if Path(frame.filename) == path]
    line = frames[-1].lineno if frames else 1
    return BrokenFile(file=str(path), line=line or 1, cause=f"{type(cause).__name__}: {cause}".splitlines()[0])
