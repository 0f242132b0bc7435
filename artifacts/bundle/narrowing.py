"""Narrowing of a run to one vendor: their own hosts in full, all others reduced to host and status.

A wide scope changes nothing. A file that is not certainly theirs is left out: a picture is theirs if all frames that it
shows are of their hosts, whatever the step relies on; a console line if one of their pages wrote it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from firstbell.artifacts.bundle.narrow_trace import narrow_trace, reduced_entry
from firstbell.artifacts.bundle.scope import CALLS, Scope

UNKNOWN_HOSTS = "the hosts of the pages that it shows were not noted"
OTHER_HOSTS = "it shows a page of another service"


def narrow_file(name: str, data: bytes, run: Mapping[str, Any], scope: Scope) -> bytes | None:
    """Return a file of a run as this vendor may have it; None if they may not. Raises ValueError or KeyError for an
    unreadable file, which is then left out too."""
    if not scope.is_narrow:
        return data
    artifact = _artifact(name, run)
    kind = artifact.get("kind", "")
    if kind == "screenshot":
        return data if scope.covers_hosts(artifact.get("hosts")) else None
    if kind == "frame":
        is_their_call = covers_calls(run, scope) and any(map(scope.covers_host, artifact.get("hosts") or ()))
        return data if is_their_call else None
    if kind == "figures":
        return data if covers_calls(run, scope) else None
    if kind == "trace":
        return narrow_trace(data, steps_of_service(run, scope, name), scope)
    reduce = {"har": _har, "network": _network, "console": _console, "checks": _checks}.get(kind)
    return None if reduce is None else json.dumps(reduce(json.loads(data), scope), indent=1).encode()


def why_left_out(name: str, run: Mapping[str, Any]) -> str:
    """Return why a file that is not theirs is left out, for people."""
    artifact = _artifact(name, run)
    is_unknown = artifact.get("kind") in ("screenshot", "frame") and not artifact.get("hosts")
    return UNKNOWN_HOSTS if is_unknown else OTHER_HOSTS


def narrow_run(run: Mapping[str, Any], kept: Collection[str], scope: Scope) -> dict[str, Any]:
    """Return run.json as this vendor may have it: without the messages and files of other services' steps."""
    document: dict[str, Any] = json.loads(json.dumps(run))
    if not scope.is_narrow:
        return document
    document["services"] = {
        name: service for name, service in document.get("services", {}).items() if name == scope.service
    }
    document["artifacts"] = [artifact for artifact in document["artifacts"] if artifact["name"] in kept]
    document["diagnosis"] = _diagnosis(document.get("diagnosis"), scope)
    document["degraded"] = [
        text for text in document["degraded"] if covers_calls(run, scope) and scope.names_only_own_hosts(text)
    ]
    document["note"] = _own(document.get("note") or "", scope)
    for attempt in document["attempts"]:
        _narrow_attempt(attempt, run, scope)
    if document["broke"]:
        _narrow_broke(document, scope)
    return dict(scope.cut(document))


def _narrow_attempt(attempt: dict[str, Any], run: Mapping[str, Any], scope: Scope) -> None:
    failing = [step for step in attempt["steps"] if step["ending"]]
    for step in attempt["steps"]:
        is_theirs = scope.covers_service(step["service"]) and not _met_another(step, attempt["number"], run, scope)
        step["said"] = _own(step["said"], scope) if is_theirs else ""
    is_all_theirs = all(step["said"] or scope.covers_service(step["service"]) for step in failing)
    is_shown = all(not _met_another(step, attempt["number"], run, scope) for step in failing)
    attempt["said"] = _own(attempt["said"], scope) if is_all_theirs and is_shown else ""
    attempt["unclosed"] = _own(attempt.get("unclosed") or "", scope)
    if not covers_calls(run, scope):
        attempt["media"] = []


def _narrow_broke(document: dict[str, Any], scope: Scope) -> None:
    """Keep the sentence of the failure if the last attempt's failing step has kept its own."""
    broke, last = document["broke"], document["attempts"][-1] if document["attempts"] else {"steps": []}
    is_told = any(step["ending"] and step["said"] for step in last["steps"])
    if not (scope.covers_service(broke["service"]) and is_told):
        broke["said"] = ""
    broke["said"] = _own(broke["said"], scope)
    if not scope.covers_service(broke["service"]) and broke.get("owner") != scope.owner:
        broke["owner"] = ""


def _met_another(step: Mapping[str, Any], attempt: int, run: Mapping[str, Any], scope: Scope) -> bool:
    """Tell whether the actor of a step is known to have had a page of another service before them at its end."""
    shown = [
        artifact
        for artifact in run["artifacts"]
        if artifact["kind"] == "screenshot"
        and (artifact["step"], artifact["actor"]) == (step["position"], step["actor"])
        and artifact["name"].startswith(f"attempt-{attempt}/")
    ]
    return any(artifact.get("hosts") and not scope.covers_hosts(artifact["hosts"]) for artifact in shown)


def _own(text: str, scope: Scope) -> str:
    """Return a sentence; nothing if it names a host of others."""
    return text if scope.names_only_own_hosts(text) else ""


def _diagnosis(found: dict[str, Any] | None, scope: Scope) -> dict[str, Any] | None:
    """Keep the service and the confidence for every vendor; reasons and cleared services only if they are theirs."""
    if found is None:
        return None
    is_theirs = found["service"] == scope.service
    reasons = found["because"] if is_theirs else []
    cleared = [cleared for cleared in found["cleared"] if cleared["name"] == scope.service]
    return {
        **found,
        "because": [reason for reason in reasons if scope.names_only_own_hosts(reason["said"])],
        "cleared": [{**service, "why": _own(service["why"], scope)} for service in cleared],
    }


def covers_calls(run: Mapping[str, Any], scope: Scope) -> bool:
    """Tell whether the calls of a run are this vendor's: no step relies on another service with media."""
    calls = {step["service"] for attempt in run["attempts"] for step in attempt["steps"]} & set(CALLS)
    return not scope.is_narrow or calls == {scope.service}


def steps_of_service(run: Mapping[str, Any], scope: Scope, trace: str) -> set[str]:
    """Return the titles of the steps that rely on the scope's service alone, in the attempt of a trace."""
    steps = [
        step
        for attempt in run["attempts"]
        for step in attempt["steps"]
        if trace.startswith(f"attempt-{attempt['number']}/")
    ]
    others = {step["title"] for step in steps if not scope.covers_service(step["service"])}
    return {step["title"] for step in steps} - others


def _artifact(name: str, run: Mapping[str, Any]) -> Mapping[str, Any]:
    return next((artifact for artifact in run["artifacts"] if artifact["name"] == name), {})


def _har(har: dict[str, Any], scope: Scope) -> dict[str, Any]:
    log = har["log"]
    entries = [
        scope.cut(entry) if scope.covers_address(entry["request"]["url"]) else reduced_entry(entry)
        for entry in log["entries"]
    ]
    pages = [page | {"title": ""} for page in log.get("pages", [])]
    return {"log": {**log, "pages": pages, "entries": entries}}


def _network(document: dict[str, Any], scope: Scope) -> dict[str, Any]:
    failures = [
        scope.cut(row) if scope.covers_host(row["host"]) else {**row, "path": "", "said": ""}
        for row in document["troubles"]
    ]
    return {**document, "troubles": failures}


def _console(document: dict[str, Any], scope: Scope) -> dict[str, Any]:
    lines = []
    for line in document["lines"]:
        is_theirs = bool(line.get("host")) and scope.covers_host(line["host"])
        text = scope.cut(line["text"]) if is_theirs else ""
        kept = {"kind": line["kind"], "tab": line.get("tab", 1), "host": line.get("host", ""), "text": text}
        lines.append(kept)
    return {**document, "lines": lines}


def _checks(document: dict[str, Any], scope: Scope) -> dict[str, Any]:
    """Keep checks of their hosts, and of hosts without a service; of all others only the result."""
    open_to_them = ("", scope.service)
    rows = [
        scope.cut(row) if row["service"] in open_to_them else {**row, "said": "", "found": {}, "service": ""}
        for row in document["checks"]
    ]
    return {**document, "checks": rows}
