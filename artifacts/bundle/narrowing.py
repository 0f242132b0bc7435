"""Narrowing of a run to one vendor: their own hosts in full, all others reduced to host and status.

A wide scope changes nothing. A file that is not certainly theirs is left out: a screencast shows any page that was
open, so a narrowed trace has none; a console line is theirs only if one of their pages wrote it.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

from firstbell.artifacts.bundle.canonical_zip import canonical_zip
from firstbell.artifacts.bundle.scope import Scope

_ADDRESS = re.compile(r"(?:https?|wss?)://[^\s\"'<>)\\]+")
_HOST = re.compile(r"(?:(?<=://)|(?<![\w./-]))(?:[a-z0-9-]+\.)+[a-z][a-z0-9-]+(?![\w.-])", re.IGNORECASE)
_RESOURCE = re.compile(rb"resources/[0-9a-f]{32,64}(?:\.[a-z0-9]+)?")


def narrow_file(name: str, data: bytes, run: Mapping[str, Any], scope: Scope) -> bytes | None:
    """Return a file of a run as this vendor may have it; None if they may not. Raises ValueError or KeyError for an
    unreadable file, which is then left out too."""
    if not scope.is_narrow:
        return data
    kind, step, actor = _kind_of(name, run)
    if kind == "screenshot":
        is_theirs = scope.covers_service(_services(run).get(step, "")) and actor in _actors(run)
        return data if is_theirs else None
    if kind in ("frame", "figures"):
        return data if scope.covers_calls else None
    if kind == "trace":
        return _trace(data, steps_of_service(run, scope), scope)
    reduce = {"har": _har, "network": _network, "console": _console, "checks": _checks}.get(kind)
    return None if reduce is None else json.dumps(reduce(json.loads(data), scope), indent=1).encode()


def narrow_run(run: Mapping[str, Any], kept: Collection[str], scope: Scope) -> dict[str, Any]:
    """Return run.json as this vendor may have it: without the messages and files of other services' steps."""
    document = json.loads(json.dumps(run))
    if not scope.is_narrow:
        return dict(document)
    document["services"] = {
        name: service for name, service in document.get("services", {}).items() if name == scope.service
    }
    document["artifacts"] = [artifact for artifact in document["artifacts"] if artifact["name"] in kept]
    if document["broke"] and not scope.covers_service(document["broke"]["service"]):
        document["broke"]["said"] = ""
    document["diagnosis"] = _diagnosis(document.get("diagnosis"), scope)
    if not scope.covers_calls:
        document["degraded"] = []
    for attempt in document["attempts"]:
        failing = [step for step in attempt["steps"] if step["ending"]]
        if any(not scope.covers_service(step["service"]) for step in failing):
            attempt["said"] = ""
        for step in attempt["steps"]:
            step["said"] = step["said"] if scope.covers_service(step["service"]) else ""
        if not scope.covers_calls:
            attempt["media"] = []
    return dict(document)


def _diagnosis(found: dict[str, Any] | None, scope: Scope) -> dict[str, Any] | None:
    """Keep the service and the confidence for every vendor; reasons and cleared services only if they are theirs."""
    if found is None:
        return None
    is_theirs = found["service"] == scope.service
    reasons = found["because"] if is_theirs else []
    cleared = [cleared for cleared in found["cleared"] if cleared["name"] == scope.service]
    return {
        **found,
        "because": [reason for reason in reasons if _names_only_own_hosts(reason["said"], scope)],
        "cleared": cleared,
    }


def _names_only_own_hosts(text: str, scope: Scope) -> bool:
    """Tell whether every host that a sentence names is their own."""
    return all(scope.covers_host(host) for host in _HOST.findall(text))


def steps_of_service(run: Mapping[str, Any], scope: Scope) -> set[str]:
    """Return the titles of the steps that rely on the scope's service alone."""
    steps = [step for attempt in run["attempts"] for step in attempt["steps"]]
    others = {step["title"] for step in steps if not scope.covers_service(step["service"])}
    return {step["title"] for step in steps} - others


def _kind_of(name: str, run: Mapping[str, Any]) -> tuple[str, int, str]:
    found = next((artifact for artifact in run["artifacts"] if artifact["name"] == name), None)
    return (found["kind"], found["step"] or 0, found["actor"]) if found else ("", 0, "")


def _actors(run: Mapping[str, Any]) -> set[str]:
    """Return the actors of a run. An actor's other tabs, such as "student tab 2", may show any service's page."""
    return {step["actor"] for attempt in run["attempts"] for step in attempt["steps"]}


def _services(run: Mapping[str, Any]) -> dict[int, str]:
    return {step["position"]: step["service"] for attempt in run["attempts"] for step in attempt["steps"]}


def _har(har: dict[str, Any], scope: Scope) -> dict[str, Any]:
    log = har["log"]
    entries = [entry if scope.covers_address(entry["request"]["url"]) else _reduced(entry) for entry in log["entries"]]
    return {"log": {**log, "entries": entries}}


def _reduced(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Reduce an entry to host and status, in a shape that tools still read."""
    return {
        "startedDateTime": entry["startedDateTime"],
        "time": entry["time"],
        "request": {**_EMPTY_REQUEST, "method": entry["request"]["method"], "url": _host_of(entry["request"]["url"])},
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


def _network(document: dict[str, Any], scope: Scope) -> dict[str, Any]:
    failures = document["troubles"]
    failures = [row if scope.covers_host(row["host"]) else {**row, "path": ""} for row in failures]
    return {**document, "troubles": failures}


def _console(document: dict[str, Any], scope: Scope) -> dict[str, Any]:
    lines = []
    for line in document["lines"]:
        is_theirs = bool(line.get("host")) and scope.covers_host(line["host"])
        text = _addresses(line["text"], scope) if is_theirs else ""
        kept = {"kind": line["kind"], "tab": line.get("tab", 1), "host": line.get("host", ""), "text": text}
        lines.append(kept)
    return {**document, "lines": lines}


def _checks(document: dict[str, Any], scope: Scope) -> dict[str, Any]:
    """Keep checks of their hosts, and of hosts without a service; of all others only the result."""
    open_to_them = ("", scope.service)
    rows = [
        row if row["service"] in open_to_them else {**row, "said": "", "found": {}, "service": ""}
        for row in document["checks"]
    ]
    return {**document, "checks": rows}


def _trace(data: bytes, titles: set[str], scope: Scope) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        members = {name: source.read(name) for name in source.namelist()}
    kept: dict[str, bytes] = {}
    if "trace.network" in members:
        kept["trace.network"] = _lines([_traffic(event, scope) for event in _events(members["trace.network"])])
    kept["trace.trace"] = _lines(_actions(_events(members["trace.trace"]), titles, scope))
    if "trace.stacks" in members:
        kept["trace.stacks"] = members["trace.stacks"]
    mentioned = {name.decode() for data in kept.values() for name in _RESOURCE.findall(data)}
    kept |= {name: members[name] for name in mentioned if name in members}
    return canonical_zip(sorted(kept.items()))


def _traffic(event: dict[str, Any], scope: Scope) -> dict[str, Any]:
    snapshot = event.get("snapshot", {})
    if not isinstance(snapshot, dict) or "request" not in snapshot or scope.covers_address(snapshot["request"]["url"]):
        return event
    times = {key: snapshot[key] for key in ("_monotonicTime", "pageref", "_frameref") if key in snapshot}
    return {**event, "snapshot": {**_reduced(snapshot), **times}}


def _actions(events: list[dict[str, Any]], titles: set[str], scope: Scope) -> list[dict[str, Any]]:
    """Keep steps and actions with their times, but no arguments or results of other services' actions."""
    theirs = set[str]()
    kept: list[dict[str, Any]] = []
    for event in events:
        call, kind = str(event.get("callId", "")), event.get("type")
        if kind == "before":
            if event.get("title") in titles or event.get("parentId") in theirs:
                theirs.add(call)
            kept.append(_reduced_action(event, scope, is_theirs=call in theirs))
        elif kind == "after":
            ended: dict[str, Any] = {key: event[key] for key in ("type", "callId", "endTime") if key in event}
            kept.append(_addressed(event, scope) if call in theirs else ended)
        elif kind == "log":
            kept += [_addressed(event, scope)] if call in theirs else []
        elif kind == "frame-snapshot":
            kept += [event] if scope.covers_address(event["snapshot"].get("frameUrl", "")) else []
        elif kind == "console":
            kept += [_addressed(event, scope)] if scope.covers_address(event.get("location", {}).get("url", "")) else []
        elif kind == "context-options":
            kept.append(event)
    return kept


def _reduced_action(event: dict[str, Any], scope: Scope, *, is_theirs: bool) -> dict[str, Any]:
    return _addressed(event, scope) if is_theirs else {**event, "params": {}}


def _addressed(event: dict[str, Any], scope: Scope) -> dict[str, Any]:
    """Cut other hosts' addresses in an event to the host."""
    cut: dict[str, Any] = json.loads(_addresses(json.dumps(event, ensure_ascii=False), scope))
    return cut


def _addresses(text: str, scope: Scope) -> str:
    return _ADDRESS.sub(lambda found: found[0] if scope.covers_address(found[0]) else _host_of(found[0]), text)


def _host_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/"


def _events(data: bytes) -> list[dict[str, Any]]:
    return [event for line in data.splitlines() if isinstance(event := json.loads(line), dict)]


def _lines(events: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events).encode(errors="surrogatepass")
