"""What is handed to one vendor holds nothing of another, and no text out of a page becomes markup anywhere."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from firstbell.artifacts.bundle import build as building
from firstbell.artifacts.bundle import narrowing
from firstbell.artifacts.bundle.build import BundleRequest, build
from firstbell.artifacts.bundle.charts import charts_of
from firstbell.artifacts.bundle.merge_traces import merge_traces
from firstbell.artifacts.bundle.page import PageContext
from firstbell.artifacts.bundle.run_view import UnreadableRun
from firstbell.artifacts.bundle.scope import Scope
from firstbell.artifacts.bundle.trace_summary import failed_actions
from tests.support.sample_run import OTHER_HOST, OTHERS, THEIR_HOST, THEIRS, a_run, step, trace

NOW = datetime(2026, 8, 31, 12, tzinfo=UTC)
CONTOSO = Scope(service="platform", owner="Contoso", hosts=("*.contoso.example",))


def bag_of(files: dict[str, bytes], scope: Scope = Scope()) -> dict[str, bytes]:  # noqa: B008
    setting = PageContext(district="Bayfront", zone=ZoneInfo("America/New_York"), scope=scope)
    return build(files, BundleRequest(setting=setting), NOW)


def everything(bag: dict[str, bytes]) -> bytes:
    """All bytes of a bag, what is inside its zips included, but for the viewer's."""
    found = b""
    for name, data in bag.items():
        if "/viewer/" not in name:
            found += name.encode() + data
        if data.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(data)) as members:
                found += b"".join(members.read(member) for member in members.namelist())
    return found


def test_a_wide_bag_holds_it_all() -> None:
    found = everything(bag_of(a_run()))
    assert THEIRS.encode() in found
    assert OTHERS.encode() in found


def test_a_narrowed_bag_holds_nothing_of_the_other_vendor_but_host_and_status() -> None:
    bag = bag_of(a_run(), CONTOSO)
    found = everything(bag)
    assert OTHERS.encode() not in found
    assert THEIRS.encode() in found
    har = json.loads(bag["data/attempt-1/student/network.har"])
    other = next(one for one in har["log"]["entries"] if OTHER_HOST in one["request"]["url"])
    assert (other["request"]["url"], other["response"]["status"]) == (f"https://{OTHER_HOST}/", 200)
    assert "data/attempt-1/student/01-signs-in.jpg" not in bag
    left_out = json.loads(bag["data/manifest.json"])["left_out"]
    assert left_out == [{"name": "attempt-1/student/01-signs-in.jpg", "why": "it shows another service"}]


def test_a_vendor_who_is_not_to_blame_hears_whose_it_is_and_not_why() -> None:
    run = json.loads(a_run()["run.json"])
    found = {**run["diagnosis"], "service": "sign-in", "because": [{"said": "its page is blank", "source": "the page"}]}
    told = json.loads(bag_of(a_run(diagnosis=found), CONTOSO)["data/run.json"])["diagnosis"]
    assert (told["service"], told["because"], told["cleared"]) == ("sign-in", [], [])


def test_the_page_says_whose_part_it_was_why_and_what_was_checked() -> None:
    index = bag_of(a_run())["data/index.html"].decode()
    for told in ("its list is empty", f"{THEIR_HOST}/{THEIRS} answered 503", "fine: sign-in", "2 checks of hosts"):
        assert told in index


def test_steps_and_times_of_other_services_stay_in_a_narrowed_bag() -> None:
    bag = bag_of(a_run(), CONTOSO)
    assert b"signs in" in bag["data/index.html"]
    with zipfile.ZipFile(io.BytesIO(bag["data/attempt-1/student/trace.zip"])) as narrowed:
        assert b"signs in" in narrowed.read("trace.trace")


@pytest.mark.parametrize(
    "place",
    [
        *("_har", "_network", "_console", "_traffic", "_addressed", "_reduced_action", "steps_of_service"),
        *("_checks", "_diagnosis", "_names_only_own_hosts"),
    ],
)
def test_narrowing_that_skips_one_place_is_found_out(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    as_it_was = {
        "_addressed": lambda event, _scope: event,
        "_names_only_own_hosts": lambda _said, _scope: True,
        "_reduced_action": lambda event, _scope, **_: event,
        "steps_of_service": lambda run, _scope: {one["title"] for one in run["attempts"][0]["steps"]},
    }
    monkeypatch.setattr(narrowing, place, as_it_was.get(place, lambda told, _scope: told))
    files = a_run()
    if place == "_addressed":  # Their own action speaks of another's address.
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


def test_no_text_becomes_markup_on_the_page_or_in_the_summary() -> None:
    steps = [step(1, HOSTILE, HOSTILE, HOSTILE, ending="failed", said=HOSTILE)]
    run = json.loads(a_run()["run.json"])
    run["attempts"][0]["steps"] = steps
    bag = bag_of(a_run(attempts=run["attempts"], journey=HOSTILE, location=HOSTILE, note=HOSTILE, id=HOSTILE))
    html, summary = bag["data/index.html"].decode(), bag["data/summary.md"].decode()
    assert "<script" not in html
    assert "<img src=x" not in html
    assert "49" not in html.partition("<body>")[2].partition("For a claim")[0]
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
def test_a_run_that_nobody_could_have_written_is_refused_or_told_as_far_as_it_goes(changes: dict[str, object]) -> None:
    try:
        bag = bag_of(a_run(**changes))
    except UnreadableRun:
        return
    assert not [name for name in bag if ".." in name]


def test_no_run_is_no_story() -> None:
    for files in ({}, {"run.json": b"{"}, {"run.json": b"[]"}):
        with pytest.raises(UnreadableRun):
            bag_of(files)


def test_the_page_asks_nobody_for_anything_and_runs_nothing() -> None:
    html = bag_of(a_run())["data/index.html"].decode()
    assert "default-src 'none'" in html
    assert "http-equiv" in html
    assert 'src="http' not in html


def test_the_digest_names_the_action_that_failed_and_its_step() -> None:
    (first, last) = failed_actions("student", trace())
    assert (first.step, last.step, last.action) == ("signs in", "lists", "Frame.click")
    assert (last.error, last.at_s) == (f"{THEIRS} was not there", 0.5)
    assert failed_actions("student", b"no zip") == []


def test_two_traces_become_one_in_which_each_step_says_whose_it_is() -> None:
    with zipfile.ZipFile(io.BytesIO(merge_traces({"teacher": trace(), "student": trace()}))) as both:
        assert {"teacher.trace", "student.trace", "teacher.network", "student.network"} <= set(both.namelist())
        assert b'"title": "teacher: signs in"' in both.read("teacher.trace")


def test_charts_are_drawn_of_what_there_is() -> None:
    rows: list[Mapping[str, object]] = [
        {"at_s": 1.0, "frames_per_s": 15.0, "lost": 0, "jitter_ms": None},
        {"at_s": 2.0, "frames_per_s": 0.0, "lost": 0},
    ]
    (chart,) = charts_of(rows, failed_at_s=1.5)
    assert (chart.title, chart.last, chart.most) == ("frames", "0", "15")
    assert 'class="mark"' in chart.svg
    assert charts_of(rows[:1]) == []


def test_the_viewer_is_the_one_that_comes_with_playwright() -> None:
    bag = bag_of(a_run())
    assert (building.VIEWER / "index.html").read_bytes() == bag["data/viewer/index.html"]
