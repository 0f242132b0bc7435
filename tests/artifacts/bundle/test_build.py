"""Bags for a vendor have nothing of another vendor, and no text of a page becomes markup anywhere."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from firstbell.artifacts.bundle import build as building
from firstbell.artifacts.bundle import narrow_trace, narrowing
from firstbell.artifacts.bundle.build import BundleRequest, build, shared_page
from firstbell.artifacts.bundle.charts import charts_of
from firstbell.artifacts.bundle.merge_traces import merge_traces
from firstbell.artifacts.bundle.page import PageContext
from firstbell.artifacts.bundle.run_view import UnreadableRun
from firstbell.artifacts.bundle.scope import Scope
from firstbell.artifacts.bundle.trace_summary import failed_actions
from firstbell.artifacts.evidence import AlteredEvidence
from tests.support.sample_run import OTHER_HOST, OTHERS, THEIR_HOST, THEIRS, a_run, step, trace

NOW = datetime(2026, 8, 31, 12, tzinfo=UTC)
CONTOSO = Scope(service="platform", owner="Contoso", hosts=("*.contoso.example",))


def bag_of(files: dict[str, bytes], scope: Scope = Scope()) -> dict[str, bytes]:  # noqa: B008
    context = PageContext(district="Bayfront", zone=ZoneInfo("America/New_York"), scope=scope)
    return build(files, BundleRequest(context=context, run_json_sha256=""), NOW)


def everything(bag: dict[str, bytes]) -> bytes:
    """Return all bytes of a bag, including the members of its zips, but not the viewer's files."""
    found = b""
    for name, data in bag.items():
        if "/viewer/" not in name:
            found += name.encode() + data
        if data.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(data)) as members:
                found += b"".join(members.read(member) for member in members.namelist())
    return found


def test_bag_without_a_service_has_all_content() -> None:
    found = everything(bag_of(a_run()))
    assert THEIRS.encode() in found
    assert OTHERS.encode() in found


def test_narrowed_bag_has_only_host_and_status_of_other_vendors() -> None:
    bag = bag_of(a_run(), CONTOSO)
    found = everything(bag)
    assert OTHERS.encode() not in found
    assert THEIRS.encode() in found
    har = json.loads(bag["data/attempt-1/student/network.har"])
    other = next(entry for entry in har["log"]["entries"] if OTHER_HOST in entry["request"]["url"])
    assert (other["request"]["url"], other["response"]["status"]) == (f"https://{OTHER_HOST}/", 200)
    assert "data/attempt-1/student/01-signs-in.jpg" not in bag
    left_out = json.loads(bag["data/manifest.json"])["left_out"]
    assert left_out == [{"name": "attempt-1/student/01-signs-in.jpg", "why": "it shows a page of another service"}]


def test_narrowed_bag_names_the_blamed_service_without_the_reasons() -> None:
    run = json.loads(a_run()["run.json"])
    found = {**run["diagnosis"], "service": "sign-in", "because": [{"said": "its page is blank", "source": "the page"}]}
    text = json.loads(bag_of(a_run(diagnosis=found), CONTOSO)["data/run.json"])["diagnosis"]
    assert (text["service"], text["because"], text["cleared"]) == ("sign-in", [], [])


def test_page_shows_the_diagnosis_with_its_reasons_and_host_checks() -> None:
    index = bag_of(a_run())["data/index.html"].decode()
    for text in ("its list is empty", f"{THEIR_HOST}/{THEIRS} answered 503", "sign-in: it let", "2 host checks"):
        assert text in index


def test_narrowed_bag_keeps_steps_of_other_services() -> None:
    bag = bag_of(a_run(), CONTOSO)
    assert b"signs in" in bag["data/index.html"]
    with zipfile.ZipFile(io.BytesIO(bag["data/attempt-1/student/trace.zip"])) as narrowed:
        assert b"signs in" in narrowed.read("trace.trace")


@pytest.mark.parametrize(
    ("place", "function"),
    [
        *((narrowing, name) for name in ("_har", "_network", "_console", "_checks", "_diagnosis", "steps_of_service")),
        *((narrow_trace, name) for name in ("_traffic", "_cut")),
        (Scope, "names_only_own_hosts"),
    ],
)
def test_narrowing_without_one_of_its_functions_leaks(
    place: object, function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    unnarrowed = {
        "names_only_own_hosts": lambda _scope, _said: True,
        "steps_of_service": lambda run, *_: {entry["title"] for entry in run["attempts"][0]["steps"]},
    }
    monkeypatch.setattr(place, function, unnarrowed.get(function, lambda text, _scope: text))
    if function == "names_only_own_hosts":  # The last cut would hide that the sentence was kept.
        monkeypatch.setattr(Scope, "cut", lambda _scope, value: value)
    files = a_run()
    if function == "_cut":  # Their own action speaks of another's address.
        files["attempt-1/student/trace.zip"] = _speaking_of_others()
    assert OTHERS.encode() in everything(bag_of(files, CONTOSO))


def _speaking_of_others() -> bytes:
    with zipfile.ZipFile(io.BytesIO(trace())) as source:
        members = {name: source.read(name) for name in source.namelist()}
    own = f'"url": "https://{THEIR_HOST}/{THEIRS}"'.encode()
    members["trace.trace"] = members["trace.trace"].replace(own, f'"url": "https://{OTHER_HOST}/{OTHERS}"'.encode())
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as target:
        for name, data in members.items():
            target.writestr(name, data)
    return written.getvalue()


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\u202e{{7*7}}[a](javascript:1)\n# heading"


def test_hostile_text_is_escaped_on_the_page_and_in_the_summary() -> None:
    steps = [step(1, HOSTILE, HOSTILE, HOSTILE, ending="failed", said=HOSTILE)]
    run = json.loads(a_run()["run.json"])
    run["attempts"][0]["steps"] = steps
    bag = bag_of(a_run(attempts=run["attempts"], journey=HOSTILE, location=HOSTILE, note=HOSTILE, id=HOSTILE))
    html, summary = bag["data/index.html"].decode(), bag["data/summary.md"].decode()
    assert "<script" not in html
    assert "<img src=x" not in html
    assert "49" not in html.partition("<body>")[2].partition("Facts for a claim")[0]
    assert "\u202e" not in html + summary
    assert "[a](javascript" not in summary
    assert "\n# heading" not in summary


@pytest.mark.parametrize(
    "changes",
    [
        {"attempts": []},
        {"attempts": [{}]},
        {"attempts": "none"},
        {"artifacts": [{"name": "../../etc/passwd", "kind": "screenshot", "missing": "", "actor": "", "step": 1}]},
        {"broke": None, "artifacts": []},
    ],
)
def test_malformed_run_is_refused_or_bagged_without_unsafe_names(changes: dict[str, object]) -> None:
    try:
        bag = bag_of(a_run(**changes))
    except UnreadableRun:
        return
    assert not [name for name in bag if ".." in name]


def test_missing_or_unreadable_run_json_is_refused() -> None:
    for files in ({}, {"run.json": b"{"}, {"run.json": b"[]"}):
        with pytest.raises(UnreadableRun):
            bag_of(files)


def test_page_serves_the_bag_to_this_machine_only_and_says_that_it_is_not_signed() -> None:
    html = bag_of(a_run())["data/index.html"].decode()
    assert "http.server --bind 127.0.0.1" in html
    assert "The bag is not signed" in html


def sealed_run() -> dict[str, bytes]:
    """Returns the files of a run whose run.json has their hashes."""
    files = a_run()
    artifacts = json.loads(files["run.json"])["artifacts"]
    hashed = [artifact | {"sha256": hashlib.sha256(files[artifact["name"]]).hexdigest()} for artifact in artifacts]
    return a_run(artifacts=hashed)


@pytest.mark.parametrize("scope", [Scope(), CONTOSO], ids=["for all", "for one vendor"])
@pytest.mark.parametrize("name", ["run.json", *(name for name in a_run() if name != "run.json")])
def test_run_with_a_file_that_was_changed_in_the_store_is_not_bagged(name: str, scope: Scope) -> None:
    files = sealed_run()
    context = PageContext(district="Bayfront", zone=ZoneInfo("America/New_York"), scope=scope)
    request = BundleRequest(context=context, run_json_sha256=hashlib.sha256(files["run.json"]).hexdigest())
    assert build(files, request, NOW)
    files[name] += b" "
    for make in (lambda: build(files, request, NOW), lambda: shared_page(files, request)):
        with pytest.raises(AlteredEvidence, match=re.escape(f"{name} was changed after the run")):
            make()


def test_page_loads_nothing_from_other_hosts() -> None:
    html = bag_of(a_run())["data/index.html"].decode()
    assert "default-src 'none'" in html
    assert "http-equiv" in html
    assert 'src="http' not in html


def test_trace_summary_names_failed_actions_with_their_steps() -> None:
    (first, last) = failed_actions("student", trace())
    assert (first.step, last.step, last.action) == ("signs in", "lists", "Frame.click")
    assert (last.error, last.at_s) == (f"{THEIRS} was not there", 0.5)
    assert failed_actions("student", b"no zip") == []


def test_merged_trace_names_the_actor_in_each_step() -> None:
    with zipfile.ZipFile(io.BytesIO(merge_traces({"teacher": trace(), "student": trace()}))) as both:
        assert {"teacher.trace", "student.trace", "teacher.network", "student.network"} <= set(both.namelist())
        assert b'"title": "teacher: signs in"' in both.read("teacher.trace")


def test_charts_show_the_figures_that_exist() -> None:
    rows: list[Mapping[str, object]] = [
        {"at_s": 1.0, "frames_per_s": 15.0, "lost": 0, "jitter_ms": None},
        {"at_s": 2.0, "frames_per_s": 0.0, "lost": 0},
    ]
    (chart,) = charts_of(rows, failed_at_s=1.5)
    assert (chart.title, chart.last, chart.highest) == ("frames", "0", "15")
    assert 'class="mark"' in chart.svg
    assert charts_of(rows[:1]) == []


def test_bag_has_the_trace_viewer_of_playwright() -> None:
    bag = bag_of(a_run())
    assert (building.VIEWER / "index.html").read_bytes() == bag["data/viewer/index.html"]
