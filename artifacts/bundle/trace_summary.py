"""Summaries of traces for a ticket: the actions that failed, with their errors."""

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
    """A failed action of a trace. `at_s` is in seconds since that trace's context was made."""

    actor: str
    step: str
    action: str
    on: str
    error: str
    at_s: float


def failed_actions(actor: str, trace: bytes) -> list[FailedAction]:
    """Return the last failed actions of a trace, in order; none if it cannot be read."""
    actions: dict[str, dict[str, Any]] = {}
    failed: list[FailedAction] = []
    origin = 0.0
    for event in _events(trace):
        match event.get("type"):
            case "context-options":
                origin = float(event.get("monotonicTime", 0.0))
            case "before":
                actions[str(event.get("callId"))] = event
            case "after" if event.get("error"):
                action = actions.get(str(event.get("callId")), {})
                failed.append(_failed(actor, action, actions, event, origin))
    return failed[-FAILURES:]


def _failed(
    actor: str, action: dict[str, Any], actions: dict[str, dict[str, Any]], event: dict[str, Any], origin: float
) -> FailedAction:
    parent = actions.get(str(action.get("parentId")), {})
    params = action.get("params", {})
    error = event["error"].get("message") or event["error"].get("error", {}).get("message", "")
    return FailedAction(
        actor=actor,
        step=_one_line(parent.get("title", "")),
        action=_one_line(f"{action.get('class', '')}.{action.get('method', '')}".strip(".")),
        on=_one_line(params.get("selector") or params.get("url") or ""),
        error=_one_line(error),
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


def _one_line(value: object) -> str:
    text = " ".join(_ANSI.sub("", str(value)).split())
    return text if len(text) <= LINE_LIMIT else f"{text[: LINE_LIMIT - 1]}…"
