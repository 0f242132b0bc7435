"""Narrowing of a trace to one vendor: their own steps, pages and requests; of all others, times and statuses.

A screencast shows any page that was open, so a narrowed trace has none. An action is theirs if its step is, and if all
frames of its page are then: a step that relies on their service may meet the page of another.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from firstbell.artifacts.bundle.canonical_zip import canonical_zip
from firstbell.artifacts.bundle.scope import Scope, host_of

_RESOURCE = re.compile(rb"resources/[0-9a-f]{32,64}(?:\.[a-z0-9]+)?")
_Event = dict[str, Any]


def narrow_trace(data: bytes, titles: Collection[str], scope: Scope) -> bytes:
    """Return a trace as this vendor may have it; `titles` are those of their steps. Raises ValueError, KeyError."""
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        members = {name: source.read(name) for name in source.namelist()}
    kept: dict[str, bytes] = {}
    if "trace.network" in members:
        kept["trace.network"] = _lines([_traffic(event, scope) for event in _events(members["trace.network"])])
    kept["trace.trace"] = _lines(_Actions(titles, scope).narrowed(_events(members["trace.trace"])))
    if "trace.stacks" in members:
        kept["trace.stacks"] = members["trace.stacks"]
    mentioned = {name.decode() for data in kept.values() for name in _RESOURCE.findall(data)}
    kept |= {name: _resource(members[name], scope) for name in mentioned if name in members}
    return canonical_zip(sorted(kept.items()))


def reduced_entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Reduce a request of HAR or trace to host and status, in a shape that tools still read."""
    return {
        "startedDateTime": entry["startedDateTime"],
        "time": entry["time"],
        "request": {**_EMPTY_REQUEST, "method": entry["request"]["method"], "url": host_of(entry["request"]["url"])},
        "response": {**_EMPTY_RESPONSE, "status": entry["response"]["status"]},
        "cache": {},
        "timings": {"send": -1, "wait": -1, "receive": -1},
    }


_EMPTY_REQUEST: dict[str, Any] = {
    "httpVersion": "", "cookies": [], "headers": [], "queryString": [], "headersSize": -1, "bodySize": -1,
}  # fmt: skip
_EMPTY_RESPONSE: dict[str, Any] = {
    "statusText": "", "httpVersion": "", "cookies": [], "headers": [], "content": {"size": -1, "mimeType": ""},
    "redirectURL": "", "headersSize": -1, "bodySize": -1,
}  # fmt: skip


class _Actions:
    """The events of trace.trace, with the pages that were seen so far."""

    def __init__(self, titles: Collection[str], scope: Scope) -> None:
        self._titles = titles
        self._scope = scope
        self._theirs: set[str] = set()
        self._page_of: dict[str, str] = {}
        self._frames: dict[str, dict[str, str]] = defaultdict(dict)

    def narrowed(self, events: list[_Event]) -> list[_Event]:
        """Keep steps and actions with their times, but no arguments or results of other services' actions."""
        return [kept for event in events if (kept := self._narrowed(event)) is not None]

    def _narrowed(self, event: _Event) -> _Event | None:
        call = str(event.get("callId", ""))
        match event.get("type"):
            case "before":
                self._page_of[call] = str(event.get("pageId") or "")
                if event.get("title") in self._titles or event.get("parentId") in self._theirs:
                    self._theirs.add(call)
                return _cut(event, self._scope) if self._is_theirs(call) else {**event, "params": {}}
            case "after" if not self._is_theirs(call):
                return {key: event[key] for key in ("type", "callId", "endTime") if key in event}
            case "after" | "context-options":
                return _cut(event, self._scope)
            case "log":
                is_kept = self._is_theirs(call)
            case "frame-snapshot":
                is_kept = self._is_of_their_frame(event["snapshot"])
            case "console":
                is_kept = self._scope.covers_address(event.get("location", {}).get("url", ""))
            case _:
                is_kept = False
        return _cut(event, self._scope) if is_kept else None

    def _is_of_their_frame(self, snapshot: Mapping[str, Any]) -> bool:
        """Note which page the frame belongs to, and tell whether it is theirs."""
        url = str(snapshot.get("frameUrl", ""))
        if "://" in url:
            self._frames[str(snapshot.get("pageId") or "")][str(snapshot.get("frameId") or "")] = url
        return self._scope.covers_address(url)

    def _is_theirs(self, call: str) -> bool:
        page = self._page_of.get(call, "")
        frames = self._frames[page].values() if page else ()
        return call in self._theirs and all(map(self._scope.covers_address, frames))


def _traffic(event: _Event, scope: Scope) -> _Event:
    snapshot = event.get("snapshot", {})
    if not isinstance(snapshot, dict) or "request" not in snapshot or scope.covers_address(snapshot["request"]["url"]):
        return _cut(event, scope)
    times = {key: snapshot[key] for key in ("_monotonicTime", "pageref", "_frameref") if key in snapshot}
    return {**event, "snapshot": {**reduced_entry(snapshot), **times}}


def _resource(data: bytes, scope: Scope) -> bytes:
    """Cut other hosts' addresses in a text; pictures and fonts stay as they are."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return data
    return str(scope.cut(text)).encode()


def _cut(event: _Event, scope: Scope) -> _Event:
    return dict(scope.cut(event))


def _events(data: bytes) -> list[_Event]:
    return [event for line in data.splitlines() if isinstance(event := json.loads(line), dict)]


def _lines(events: list[_Event]) -> bytes:
    return "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events).encode(errors="surrogatepass")
