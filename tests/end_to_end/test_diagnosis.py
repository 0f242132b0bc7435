"""Diagnosis from a real failure to the text that a person reads: by one location, by two, and by the command."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from firstbell.artifacts.packing import unpack
from firstbell.journeys.practice.client import PracticeSchool
from firstbell.runner.app.local_runner import LocalRunner, open_local_runner
from firstbell.runner.cli.main import main
from firstbell.runner.config.load import load
from firstbell.runner.diagnosis.cause import Cause
from firstbell.runner.diagnosis.diagnosis import Confidence
from firstbell.runner.execution.runs.reporter import SilentReporter
from firstbell.runner.execution.runs.run_result import RunResult
from firstbell.runner.outcome import Outcome
from tests.support.earlier_passes import add_earlier_passes

pytestmark = pytest.mark.browser

CONFIG = """\
[school]
name = "Practice"
timezone = "America/New_York"
practice = true

[browser]
step_limit = "5s"

[locations.school]
inside = true

[locations.home]
proxy = "practice:outside"
"""


@pytest.fixture(scope="module")
def at_school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRunner]:
    file = tmp_path_factory.mktemp("district") / "firstbell.toml"
    file.write_text(CONFIG)
    with open_local_runner(load(file), headed=False, quiet=True) as opened:
        for location in ("school", "home"):
            add_earlier_passes(opened.runtime.database, ["class-list"], location)
        yield opened


@pytest.fixture
def practice(at_school: LocalRunner) -> Iterator[PracticeSchool]:
    assert at_school.practice is not None
    yield at_school.practice
    at_school.practice.heal_all()


def test_empty_class_list_blames_the_platform_and_gives_reasons(
    at_school: LocalRunner, practice: PracticeSchool
) -> None:
    practice.break_("sessions-empty")
    result = at_school.play(at_school.chosen(["class-list"])[0], SilentReporter())
    found = result.run.diagnosis
    assert found is not None
    assert (found.service, found.cause, found.confidence) == ("platform", Cause.LIST_EMPTY, Confidence.MEDIUM)
    assert {"edge", "sign-in", "plan-b", "network of this location"} <= {one.name for one in found.cleared}
    asked = ["diagnose", result.run.id, "--config", str(at_school.runtime.config.file)]
    printed = CliRunner().invoke(main, asked)
    assert printed.exit_code == 0, printed.output
    assert "the class list is empty" in printed.output
    assert "sign-in: signs in" in printed.output
    assert _looked_at(at_school, result) >= {("school", "platform", "well"), ("home", "platform", "well")}
    document = json.loads(CliRunner().invoke(main, [*asked, "--json"]).output)
    assert document["diagnosis"]["cause"] == "list-empty"
    assert document["diagnosis"] == result.document.model_dump(mode="json")["diagnosis"]


def _looked_at(runner: LocalRunner, result: RunResult) -> set[tuple[str, str, str]]:
    """Location, service and result of each host check of that moment, from the store."""
    assert runner.uploader.finish(20) == ""
    store, run_id = runner.run_context.store, result.run.id
    (name,) = [name for name in store.names("runs/") if name.endswith(f"{run_id}/run.json")]
    prefix = name.removesuffix("/run.json")
    files = unpack(prefix, store.names(f"{prefix}/"), store.get)
    rows = json.loads(files["attempt-2/checks.json"])["checks"]
    return {(row["location"], row["service"], row["verdict"]) for row in rows}


def test_host_reached_only_from_inside_blames_the_districts_edge(
    at_school: LocalRunner, practice: PracticeSchool
) -> None:
    practice.break_("outside-dropped")
    at_home = at_school.at("home")
    result = at_home.play(at_home.chosen(["class-list"])[0], SilentReporter())
    found = result.run.diagnosis
    assert found is not None
    assert (found.service, found.cause) == ("edge", Cause.OUTSIDE_DROPPED), found
    assert at_school.play(at_school.chosen(["class-list"])[0], SilentReporter()).run.outcome is Outcome.PASSED


def test_location_without_network_blames_no_service(at_school: LocalRunner, practice: PracticeSchool) -> None:
    practice.break_("outside-offline")
    at_home = at_school.at("home")
    result = at_home.play(at_home.chosen(["class-list"])[0], SilentReporter())
    found = result.run.diagnosis
    assert found is not None
    assert (found.service, found.cause) == ("", Cause.OWN_NETWORK), found
    assert result.run.outcome is Outcome.ERRORED


def test_call_through_a_relay_is_degraded(at_school: LocalRunner, practice: PracticeSchool) -> None:
    practice.break_("relay-only")
    result = at_school.play(at_school.chosen(["live-class"])[0], SilentReporter())
    assert result.run.outcome is Outcome.PASSED, result.document
    assert any("relay" in said for said in result.document.degraded)


def test_passed_run_has_no_diagnosis(at_school: LocalRunner) -> None:
    result = at_school.play(at_school.chosen(["class-list"])[0], SilentReporter())
    assert result.run.outcome is Outcome.PASSED, result.document
    assert result.run.diagnosis is None
    printed = CliRunner().invoke(main, ["diagnose", result.run.id, "--config", str(at_school.runtime.config.file)])
    assert "nothing to diagnose" in printed.output
