"""Files of a small made-up run with two vendors; every value carries a marker of its vendor."""

from __future__ import annotations

import json
from typing import Any

from firstbell.artifacts.bundle.canonical_zip import canonical_zip

THEIRS, OTHERS = "theirs-marker", "others-marker"
THEIR_HOST, OTHER_HOST = "learn.contoso.example", "launchpad.classlink.example"
JPEG = b"\xff\xd8\xff\xe0"


def step(position: int, actor: str, title: str, service: str, **more: Any) -> dict[str, Any]:
    given = {"started_s": position - 1.0, "ended_s": position - 0.5, "ending": None, "said": ""}
    return {"position": position, "actor": actor, "title": title, "service": service, **given, **more}


def entry(host: str, marker: str, status: int = 200) -> dict[str, Any]:
    return {
        "startedDateTime": "2026-08-31T11:46:10.000Z",
        "time": 12.0,
        "request": {
            "method": "GET",
            "url": f"https://{host}/{marker}/list?q={marker}",
            "httpVersion": "h2",
            "cookies": [],
            "headers": [{"name": "accept", "value": marker}],
            "queryString": [{"name": marker, "value": "***"}],
            "headersSize": 1,
            "bodySize": 0,
        },
        "response": {
            "status": status,
            "statusText": marker,
            "httpVersion": "h2",
            "cookies": [],
            "headers": [{"name": "via", "value": marker}],
            "content": {"size": 3, "mimeType": "text/html", "_file": f"resources/{_name(marker)}"},
            "redirectURL": "",
            "headersSize": 1,
            "bodySize": 3,
        },
        "cache": {},
        "timings": {"send": 0, "wait": 10, "receive": 2},
    }


def _name(marker: str) -> str:
    return ("a" if marker == THEIRS else "b") * 40 + ".html"


def trace() -> bytes:
    """Returns a trace of two steps, one per vendor, each with a failed action, a page, a log line and a request."""
    events: list[dict[str, Any]] = [{"type": "context-options", "monotonicTime": 1000.0, "title": "student"}]
    for number, (title, host, marker) in enumerate((("signs in", OTHER_HOST, OTHERS), ("lists", THEIR_HOST, THEIRS))):
        call = f"call@{number}"
        url = f"https://{host}/{marker}"
        group = {"title": title, "class": "Tracing", "method": "tracingGroup", "params": {}}
        action = {"class": "Frame", "method": "click", "params": {"selector": marker, "url": url}}
        events += [
            {"type": "before", "callId": f"{call}g", "startTime": 1000.0, **group},
            {"type": "before", "callId": call, "startTime": 1001.0, "parentId": f"{call}g", **action},
            {"type": "log", "callId": call, "message": f"waiting for {marker} at {url}"},
            {"type": "frame-snapshot", "snapshot": {"frameUrl": url, "html": ["P", {}, marker]}},
            {"type": "console", "text": marker, "location": {"url": url}},
            {"type": "screencast-frame", "file": "screencast/x.jpeg"},
            {"type": "after", "callId": call, "endTime": 1500.0, "error": {"message": f"{marker} was not there"}},
            {"type": "after", "callId": f"{call}g", "endTime": 1501.0},
        ]
    network = [{"type": "resource-snapshot", "snapshot": entry(THEIR_HOST, THEIRS)}]
    network.append({"type": "resource-snapshot", "snapshot": entry(OTHER_HOST, OTHERS)})
    lines = ["".join(json.dumps(event) + "\n" for event in rows).encode() for rows in (events, network)]
    return canonical_zip(
        [
            (f"resources/{_name(OTHERS)}", OTHERS.encode()),
            (f"resources/{_name(THEIRS)}", THEIRS.encode()),
            ("screencast/x.jpeg", JPEG + OTHERS.encode()),
            ("trace.network", lines[1]),
            ("trace.trace", lines[0]),
        ]
    )


def check(service: str, host: str, marker: str) -> dict[str, Any]:
    found = {"host": host, "http": {"title": marker}}
    return {
        "location": "home", "host": host, "service": service, "at": "2026-08-31T11:46:12+00:00",
        "verdict": "http-error", "said": f"it answers with an error ({marker})", "found": found,
    }  # fmt: skip


OTHERS_CHECK = check("sign-in", OTHER_HOST, OTHERS)


def a_run(**changes: Any) -> dict[str, bytes]:
    """Returns the files of the run, with `changes` in run.json."""
    folder = "attempt-1/student"
    files = {
        f"{folder}/01-signs-in.jpg": JPEG + OTHERS.encode(),
        f"{folder}/02-lists-failed.jpg": JPEG + THEIRS.encode(),
        f"{folder}/trace.zip": trace(),
        f"{folder}/network.har": json.dumps(
            {
                "log": {
                    "version": "1.2",
                    "creator": {},
                    "entries": [entry(THEIR_HOST, THEIRS, 503), entry(OTHER_HOST, OTHERS)],
                }
            }
        ).encode(),
        f"{folder}/network.json": json.dumps(
            {
                "hosts": {},
                "troubles": [{"host": OTHER_HOST, "path": f"/{OTHERS}"}, {"host": THEIR_HOST, "path": f"/{THEIRS}"}],
            }
        ).encode(),
        "attempt-1/checks.json": json.dumps({"checks": [check("platform", THEIR_HOST, THEIRS), OTHERS_CHECK]}).encode(),
        f"{folder}/console.json": json.dumps(
            {
                "lines": [
                    {"kind": "log", "host": OTHER_HOST, "text": OTHERS},
                    {"kind": "log", "host": THEIR_HOST, "text": THEIRS},
                ]
            }
        ).encode(),
    }
    kinds = {".jpg": "screenshot", ".zip": "trace", ".har": "har"}
    artifacts = [
        {
            "kind": kinds.get(name[-4:], name.rpartition("/")[2].removesuffix(".json")),
            "name": name,
            "actor": "student",
            "step": int(name.rpartition("/")[2][:2]) if name.endswith(".jpg") else None,
            "sha256": "",
            "size_bytes": len(data),
            "hosts": [OTHER_HOST if "signs-in" in name else THEIR_HOST] if name.endswith(".jpg") else [],
            "missing": "",
        }
        for name, data in files.items()
    ]
    steps = [
        step(1, "student", "signs in", "sign-in", said=OTHERS),
        step(2, "student", "lists", "platform", ending="failed", said=f"the list is empty {THEIRS}"),
    ]
    attempt = {
        "number": 1, "started_at": "2026-08-31T11:46:10+00:00", "took_s": 2.0, "ending": "failed", "said": "",
        "browser": "chromium 156", "unclosed": "", "clock_offset_s": 0.2, "steps": steps, "media": [],
    }  # fmt: skip
    run = {
        "schema": "firstbell.run/1", "id": "20260831-114610-k3f9tq", "journey": "class-list", "location": "home",
        "started_at": "2026-08-31T11:46:10+00:00", "took_s": 2.0, "outcome": "failed", "flaky": False, "note": "",
        "broke": {"actor": "student", "step": "lists", "service": "platform", "owner": "Contoso", "said": THEIRS},
        "services": {"platform": {"owner": "Contoso", "hosts": ["*.contoso.example"]},
                     "sign-in": {"owner": f"ClassLink {OTHERS}", "hosts": [OTHER_HOST]}},
        "firstbell": "0.1.0", "playwright": "1.65.1", "system": "Python", "source_sha256": "ab" * 32,
        "diagnosis": {
            "service": "platform", "cause": "list-empty", "words": "its list is empty", "confidence": "high",
            "because": [{"said": f"{THEIR_HOST}/{THEIRS} answered 503", "source": "the network log"},
                        {"said": f'{OTHER_HOST}/{OTHERS} says "{OTHERS}"', "source": "the page"}],
            "cleared": [{"name": "sign-in", "why": f"it let them in {OTHERS}"}],
        },
        "degraded": [f"{OTHERS} only by TCP"],
        "removed": {"cookies": 3}, "attempts": [attempt], "artifacts": artifacts,
    }  # fmt: skip
    return {"run.json": json.dumps(run | changes).encode(), **files}
