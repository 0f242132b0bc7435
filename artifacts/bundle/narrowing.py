"""What of a run one vendor is given: their own hosts whole, everybody else's reduced to host and status.

A wide scope changes nothing. What is not certainly theirs is left out: a screencast shows whatever page was open, so
there is none in a narrowed trace; a console line counts as theirs only if a page of theirs wrote it.
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
    """A file of a run as this vendor is given it; None where they are not. Raises ValueError or KeyError for a file
    that cannot be read, which is then not handed out either."""
    if not scope.is_narrow:
        return data
    kind, step = _kind_of(name, run)
    if kind == "screenshot":
        return data if scope.covers_service(_services(run).get(step, "")) else None
    if kind in ("frame", "figures"):
        return data if scope.covers_calls else None
    if kind == "trace":
        return _trace(data, steps_of_service(run, scope), scope)
    reduce = {"har": _har, "network": _network, "console": _console, "checks": _checks}.get(kind)
    return None if reduce is None else json.dumps(reduce(json.loads(data), scope), indent=1).encode()


def narrow_run(run: Mapping[str, Any], kept: Collection[str], scope: Scope) -> dict[str, Any]:
    """run.json as this vendor is given it: what other services' steps said is left out, and so are their files."""
    told = json.loads(json.dumps(run))
    if not scope.is_narrow:
        return dict(told)
    told["services"] = {name: one for name, one in told.get("services", {}).items() if name == scope.service}
    told["artifacts"] = [one for one in told["artifacts"] if one["name"] in kept]
    if told["broke"] and not scope.covers_service(told["broke"]["service"]):
        told["broke"]["said"] = ""
    told["diagnosis"] = _diagnosis(told.get("diagnosis"), scope)
    if not scope.covers_calls:
        told["degraded"] = []
    for attempt in told["attempts"]:
        failing = [step for step in attempt["steps"] if step["ending"]]
        if any(not scope.covers_service(step["service"]) for step in failing):
            attempt["said"] = ""
        for step in attempt["steps"]:
            step["said"] = step["said"] if scope.covers_service(step["service"]) else ""
        if not scope.covers_calls:
            attempt["media"] = []
    return dict(told)


def _diagnosis(found: dict[str, Any] | None, scope: Scope) -> dict[str, Any] | None:
    """Whose it is and how sure, to everybody; why, and who is fine, only as far as it is about them."""
    if found is None:
        return None
    is_theirs = found["service"] == scope.service
    reasons = found["because"] if is_theirs else []
    cleared = [one for one in found["cleared"] if one["name"] == scope.service]
    return {
        **found,
        "because": [one for one in reasons if _names_only_own_hosts(one["said"], scope)],
        "cleared": cleared,
    }


def _names_only_own_hosts(said: str, scope: Scope) -> bool:
    """Whether every host that a sentence names is their own."""
    return all(scope.covers_host(host) for host in _HOST.findall(said))


def steps_of_service(run: Mapping[str, Any], scope: Scope) -> set[str]:
    """The titles of the steps that rely on their service and on no other one."""
    steps = [step for attempt in run["attempts"] for step in attempt["steps"]]
    others = {step["title"] for step in steps if not scope.covers_service(step["service"])}
    return {step["title"] for step in steps} - others


def _kind_of(name: str, run: Mapping[str, Any]) -> tuple[str, int]:
    found = next((one for one in run["artifacts"] if one["name"] == name), None)
    return (found["kind"], found["step"] or 0) if found else ("", 0)


def _services(run: Mapping[str, Any]) -> dict[int, str]:
    return {step["position"]: step["service"] for attempt in run["attempts"] for step in attempt["steps"]}


def _har(har: dict[str, Any], scope: Scope) -> dict[str, Any]:
    log = har["log"]
    entries = [entry if scope.covers_address(entry["request"]["url"]) else _reduced(entry) for entry in log["entries"]]
    return {"log": {**log, "entries": entries}}


def _reduced(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Host and status, in a shape that tools still read."""
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


def _network(told: dict[str, Any], scope: Scope) -> dict[str, Any]:
    troubles = [one if scope.covers_host(one["host"]) else {**one, "path": ""} for one in told["troubles"]]
    return {**told, "troubles": troubles}


def _console(told: dict[str, Any], scope: Scope) -> dict[str, Any]:
    lines = []
    for line in told["lines"]:
        is_theirs = bool(line.get("host")) and scope.covers_host(line["host"])
        text = _addresses(line["text"], scope) if is_theirs else ""
        lines.append({"kind": line["kind"], "host": line.get("host", ""), "text": text})
    return {**told, "lines": lines}


def _checks(told: dict[str, Any], scope: Scope) -> dict[str, Any]:
    """Their hosts whole, and those that are nobody's here; of the others whether they were well."""
    open_to_them = ("", scope.service)
    rows = [
        one if one["service"] in open_to_them else {**one, "said": "", "found": {}, "service": ""}
        for one in told["checks"]
    ]
    return {**told, "checks": rows}


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
    """Steps and actions stay with their times; what actions of other services' steps did and said does not."""
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
    """The same with other hosts' addresses cut to the host."""
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
