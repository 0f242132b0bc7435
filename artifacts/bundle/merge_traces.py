"""Merging of actors' traces into one: Playwright's viewer shows the contexts of a zip on one time line."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping

from firstbell.artifacts.bundle.canonical_zip import canonical_zip
from firstbell.artifacts.evidence import slug

GROUP = "tracingGroup"


def merge_traces(traces: Mapping[str, bytes]) -> bytes:
    """Return one trace of several, given by actor; each step's title names its actor. All were recorded by one driver,
    so they share its monotonic clock."""
    members: dict[str, bytes] = {}
    for actor, trace in traces.items():
        with zipfile.ZipFile(io.BytesIO(trace)) as source:
            for name in source.namelist():
                if name == "trace.trace":
                    members[f"{slug(actor)}.trace"] = _with_actor_titles(source.read(name), actor)
                elif name.startswith("trace."):
                    members[f"{slug(actor)}.{name.partition('.')[2]}"] = source.read(name)
                else:
                    members.setdefault(name, source.read(name))
    return canonical_zip(sorted(members.items()))


def _with_actor_titles(lines: bytes, actor: str) -> bytes:
    return b"".join(_with_actor_title(line, actor) for line in lines.splitlines())


def _with_actor_title(line: bytes, actor: str) -> bytes:
    if GROUP.encode() not in line:
        return line + b"\n"
    event = json.loads(line)
    if event.get("method") == GROUP:
        event["title"] = f"{actor}: {event.get('title', '')}"
    return json.dumps(event, ensure_ascii=False).encode() + b"\n"
