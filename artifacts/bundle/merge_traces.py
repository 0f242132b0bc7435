"""Several actors' traces as one, on one clock: Playwright's viewer shows the contexts of a zip on one time line."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping

from firstbell.artifacts.bundle.canonical_zip import canonical_zip
from firstbell.artifacts.evidence import slug

GROUP = "tracingGroup"


def merge_traces(traces: Mapping[str, bytes]) -> bytes:
    """One trace of several, by actor; each step's title says whose it is. All were recorded by one driver, whose
    monotonic clock is theirs in common."""
    members: dict[str, bytes] = {}
    for actor, trace in traces.items():
        with zipfile.ZipFile(io.BytesIO(trace)) as source:
            for name in source.namelist():
                if name == "trace.trace":
                    members[f"{slug(actor)}.trace"] = _named(source.read(name), actor)
                elif name.startswith("trace."):
                    members[f"{slug(actor)}.{name.partition('.')[2]}"] = source.read(name)
                else:
                    members.setdefault(name, source.read(name))
    return canonical_zip(sorted(members.items()))


def _named(lines: bytes, actor: str) -> bytes:
    return b"".join(_with_name(line, actor) for line in lines.splitlines())


def _with_name(line: bytes, actor: str) -> bytes:
    if GROUP.encode() not in line:
        return line + b"\n"
    event = json.loads(line)
    if event.get("method") == GROUP:
        event["title"] = f"{actor}: {event.get('title', '')}"
    return json.dumps(event, ensure_ascii=False).encode() + b"\n"
