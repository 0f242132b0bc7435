"""A vendor gets what shows their own hosts, whatever steps rely on and however addresses of others are written."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from firstbell.artifacts.bundle.narrowing import OTHER_HOSTS, UNKNOWN_HOSTS, narrow_file, narrow_run, why_left_out
from firstbell.artifacts.bundle.scope import Scope
from tests.support.sample_run import OTHER_HOST, OTHERS, THEIR_HOST, THEIRS, a_run, step

NAME = "attempt-1/student/01-opens.jpg"


def scope(*hosts: str, others: tuple[str, ...] = (), service: str = "platform") -> Scope:
    return Scope(service=service, owner="Contoso", hosts=hosts, others=others)


def run_of(hosts: list[str] | None, kind: str = "screenshot", **more: Any) -> dict[str, Any]:
    picture = {"kind": kind, "name": NAME, "actor": "student", "step": 1, "missing": "", "hosts": hosts} | more
    steps = [step(1, "student", "opens", "platform", ending="failed", said="the list is empty")]
    attempt = {"number": 1, "said": "the list is empty", "steps": steps, "media": [], "unclosed": ""}
    broke = {
        "actor": "student",
        "step": "opens",
        "service": "platform",
        "owner": "Contoso",
        "said": "the list is empty",
    }
    return {"artifacts": [picture], "attempts": [attempt], "broke": broke, "degraded": [], "note": "", "services": {}}


@pytest.mark.parametrize(
    ("hosts", "given", "is_kept"),
    [
        pytest.param(["learn.contoso.example"], scope("*.contoso.example"), True, id="their page"),
        pytest.param(["learn.contoso.example:8443"], scope("learn.contoso.example"), True, id="a port"),
        pytest.param(["live.rival.example"], scope("*.contoso.example"), False, id="a rival's page in their step"),
        pytest.param(["learn.contoso.example", "live.rival.example"], scope("*.contoso.example"), False, id="a frame"),
        pytest.param([], scope("*.contoso.example"), False, id="no host"),
        pytest.param(None, scope("*.contoso.example"), False, id="an old run"),
        pytest.param(["live.s.example"], scope("*.s.example", others=("live.s.example",)), False, id="suffix"),
        pytest.param(["learn.s.example"], scope("*.s.example", others=("live.s.example",)), True, id="rest"),
        pytest.param(["one.example"], scope("one.example", others=("one.example",)), False, id="one host of two"),
        pytest.param(["one.example:2"], scope("one.example", others=("one.example",)), False, id="two ports of a host"),
        pytest.param(["eu.a.example"], scope("*.a.example", others=("*.example",)), True, id="the closer pattern"),
        pytest.param(["eu.a.example"], scope("*.example", others=("*.a.example",)), False, id="the wider pattern"),
        pytest.param(["[2001:db8::1]:8443"], scope("2001:db8::1"), True, id="IPv6"),
        pytest.param(["[2001:db8::1]"], scope("[2001:db8::1]"), True, id="IPv6 in brackets"),
        pytest.param(["[2001:db8::2]"], scope("2001:db8::1"), False, id="another IPv6"),
        pytest.param(["xn--schler-5ya.example"], scope("schüler.example"), True, id="punycode"),
        pytest.param(["xn--schler-5ya.example"], scope("schuler.example"), False, id="a likeness of a name"),
        pytest.param(["LEARN.contoso.example."], scope("learn.Contoso.example"), True, id="case and last dot"),
        pytest.param(["learn.contoso.example.evil.example"], scope("learn.contoso.example"), False, id="a longer name"),
        pytest.param(["chromewebdata"], scope("learn.contoso.example"), False, id="the browser's error page"),
    ],
)  # fmt: skip
def test_picture_is_theirs_if_all_frames_are(hosts: list[str] | None, given: Scope, is_kept: bool) -> None:  # noqa: FBT001
    run = run_of(hosts)
    assert (narrow_file(NAME, b"jpeg", run, given) is not None) == is_kept
    assert why_left_out(NAME, run) == (OTHER_HOSTS if hosts else UNKNOWN_HOSTS)
    said = narrow_run(run, {NAME} if is_kept else set(), given)["broke"]["said"]
    assert bool(said) == (is_kept or not hosts)


@pytest.mark.parametrize(
    ("service", "hosts", "relies_on", "is_kept"),
    [
        ("live-class", ["learn.example", "live.example"], ("live-class",), True),  # the call is a frame of the platform
        ("plan-b", ["live.example"], ("live-class", "plan-b"), False),
        ("platform", ["live.example"], ("platform",), False),
        ("live-class", ["other.example"], ("live-class",), False),
        ("live-class", None, ("live-class",), False),
    ],
)
def test_frame_of_a_call_is_of_the_service_whose_call_it_is(
    service: str, hosts: list[str] | None, relies_on: tuple[str, ...], is_kept: bool  # noqa: FBT001
) -> None:  # fmt: skip
    run = run_of(hosts, kind="frame")
    run["attempts"][0]["steps"] = [step(1, "student", "opens", name) for name in relies_on]
    assert (narrow_file(NAME, b"jpeg", run, scope("live.example", service=service)) is not None) == is_kept


def test_step_belongs_to_its_attempt_and_not_to_its_position() -> None:
    run = run_of(["live.rival.example"])
    name = NAME.replace("attempt-1", "attempt-2")
    run["artifacts"].append(run["artifacts"][0] | {"name": name, "hosts": ["learn.contoso.example"]})
    run["attempts"].append(json.loads(json.dumps(run["attempts"][0] | {"number": 2})))
    given = scope("*.contoso.example")
    assert [narrow_file(one, b"x", run, given) is not None for one in (NAME, name)] == [False, True]
    first, second = narrow_run(run, {name}, given)["attempts"]
    assert (first["said"], first["steps"][0]["said"]) == ("", "")
    assert second["steps"][0]["said"] == "the list is empty"


WAYS = [
    f"https://{OTHER_HOST}/{OTHERS}",
    f"HTTPS://{OTHER_HOST.upper()}/{OTHERS}",
    f"wss://user:x@{OTHER_HOST}:8443/{OTHERS}",
    f"https://{THEIR_HOST}/go?to=https://{OTHER_HOST}/{OTHERS}",
    f"https://{THEIR_HOST}/go?to=https%3A%2F%2F{OTHER_HOST}%2F{OTHERS}",
    f"https://{THEIR_HOST}/go?to=https%253A%252F%252F{OTHER_HOST}%252F{OTHERS}",
    f"//{OTHER_HOST}/{OTHERS}",
    f'"{OTHER_HOST}/{OTHERS}" answered 503',
    f"https:\\/\\/{OTHER_HOST}\\/{OTHERS}",
    f"https://{OTHER_HOST}\\@{THEIR_HOST}/{OTHERS}",
    f"http://[2001:db8::2]:8080/{OTHERS}",
    f"http://192.0.2.7/{OTHERS}",
    f"no answer from 192.0.2.7:8443/{OTHERS}",
]


@pytest.mark.parametrize("way", WAYS)
def test_no_place_of_their_own_files_tells_an_address_of_others(way: str) -> None:
    given, folder, files = scope("*.contoso.example"), "attempt-1/student", a_run()
    run, har = json.loads(files["run.json"]), json.loads(files[f"{folder}/network.har"])
    own = har["log"]["entries"][0]
    own["request"]["headers"] = [{"name": "referer", "value": way}]
    own["request"]["url"] = f"https://{THEIR_HOST}/{THEIRS}"
    own["response"] |= {"redirectURL": way, "headers": [{"name": "location", "value": way}]}
    har["log"] |= {"entries": [own], "pages": [{"id": "1", "title": OTHERS}]}
    places = {
        f"{folder}/network.har": har,
        f"{folder}/network.json": {"troubles": [{"host": THEIR_HOST, "path": way, "said": way}]},
        f"{folder}/console.json": {"lines": [{"kind": "log", "host": THEIR_HOST, "text": way}]},
        "attempt-1/checks.json": {"checks": [{"service": "platform", "said": way, "found": {"location": way}}]},
    }
    for name, document in places.items():
        kept = narrow_file(name, json.dumps(document).encode(), run, given)
        assert kept is not None
        assert OTHERS.encode() not in kept, name
    document = run_of(["learn.contoso.example"]) | {"note": way, "degraded": [way]}
    document["diagnosis"] = {
        "service": "platform",
        "because": [{"said": way}],
        "cleared": [{"name": "platform", "why": way}],
    }
    document["broke"]["said"] = document["attempts"][0]["said"] = document["attempts"][0]["steps"][0]["said"] = way
    assert OTHERS not in json.dumps(narrow_run(document, {NAME}, given))


@pytest.mark.parametrize("way", WAYS)
def test_no_part_of_a_trace_tells_an_address_of_others(way: str) -> None:
    digest, url = "c" * 40 + ".html", f"https://{THEIR_HOST}/{THEIRS}"
    events: list[dict[str, Any]] = [
        {"type": "before", "callId": "1", "title": "opens", "pageId": "p", "params": {"url": way}},
        {"type": "frame-snapshot", "snapshot": {"pageId": "p", "frameUrl": url, "html": ["A", {"href": way}, way]}},
        {"type": "log", "callId": "1", "message": way},
        {"type": "console", "text": way, "location": {"url": url}},
        {
            "type": "after",
            "callId": "1",
            "endTime": 1,
            "error": {"message": way},
            "result": {"sha1": f"resources/{digest}"},
        },
    ]
    found = narrowed_trace(events, {f"resources/{digest}": f"<a href='{way}'>".encode()})
    assert THEIRS.encode() in found
    assert OTHERS.encode() not in found


def test_action_of_their_step_on_a_page_with_a_frame_of_others_tells_nothing() -> None:
    def snapshot(page: str, frame: str, host: str) -> dict[str, Any]:
        place = {"pageId": page, "frameId": frame, "frameUrl": f"https://{host}/"}
        return {"type": "frame-snapshot", "snapshot": {**place, "html": []}}

    def action(call: str, page: str, words: str) -> list[dict[str, Any]]:
        return [
            {"type": "before", "callId": call, "title": "opens", "pageId": page, "params": {"selector": words}},
            {"type": "log", "callId": call, "message": words},
            {"type": "after", "callId": call, "endTime": 1, "error": {"message": words}},
        ]

    events = [
        snapshot("own", "main", THEIR_HOST),
        snapshot("both", "main", THEIR_HOST),
        snapshot("both", "inner", OTHER_HOST),
        *action("1", "own", THEIRS),
        *action("2", "both", OTHERS),
    ]
    found = narrowed_trace(events, {})
    assert found.count(THEIRS.encode()) == 3
    assert OTHERS.encode() not in found


def narrowed_trace(events: list[dict[str, Any]], resources: dict[str, bytes]) -> bytes:
    """Returns all bytes of a narrowed trace."""
    written, name = io.BytesIO(), "attempt-1/student/trace.zip"
    with zipfile.ZipFile(written, "w") as target:
        target.writestr("trace.trace", "".join(json.dumps(event) + "\n" for event in events))
        for resource, data in resources.items():
            target.writestr(resource, data)
    run = run_of(["learn.contoso.example"], kind="trace", name=name)
    kept = narrow_file(name, written.getvalue(), run, scope("*.contoso.example"))
    assert kept is not None
    with zipfile.ZipFile(io.BytesIO(kept)) as members:
        return b"".join(members.read(member) for member in members.namelist())
