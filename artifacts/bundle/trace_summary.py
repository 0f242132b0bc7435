"""A trace in a few lines of text, for whoever reads a ticket: the actions that failed, and with which error."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

FAILURES = 12
LINE_LIMIT = 300
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedAction:
    """An action of a trace that did not end well. `at_s` is seconds since that trace's context was made."""

    actor: str
    step: str
    action: str
    on: str
    error: str
    at_s: float


def failed_actions(actor: str, trace: bytes) -> list[FailedAction]:
    """What failed in a trace, in order."""
    begun: dict[str, dict[str, Any]] = {}
    found: list[FailedAction] = []
    origin = 0.0
    for event in _events(trace):
        match event.get("type"):
            case "context-options":
                origin = float(event.get("monotonicTime", 0.0))
            case "before":
                begun[str(event.get("callId"))] = event
            case "after" if event.get("error"):
                action = begun.get(str(event.get("callId")), {})
                found.append(_failed(actor, action, begun, event, origin))
    return found[-FAILURES:]


def _failed(
    actor: str, action: dict[str, Any], begun: dict[str, dict[str, Any]], event: dict[str, Any], origin: float
) -> FailedAction:
    parent = begun.get(str(action.get("parentId")), {})
    params = action.get("params", {})
    error = event["error"].get("message") or event["error"].get("error", {}).get("message", "")
    return FailedAction(
        actor=actor,
        step=_line(parent.get("title", "")),
        action=_line(f"{action.get('class', '')}.{action.get('method', '')}".strip(".")),
        on=_line(params.get("selector") or params.get("url") or ""),
        error=_line(error),
        at_s=round((float(event.get("endTime", origin)) - origin) / 1000, 2),
    )


def _events(trace: bytes) -> Iterator[dict[str, Any]]:
    try:
        with zipfile.ZipFile(io.BytesIO(trace)) as members:
            lines = members.read("trace.trace").splitlines()
    except (zipfile.BadZipFile, KeyError):
        return
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            yield event


def _line(value: object) -> str:
    text = " ".join(_ANSI.sub("", str(value)).split())
    return text if len(text) <= LINE_LIMIT else f"{text[: LINE_LIMIT - 1]}…"
