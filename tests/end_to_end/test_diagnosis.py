"""Whose part broke, from a real failure to what a person reads: by one location, by two, and by the command."""

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
        yield opened


@pytest.fixture
def practice(at_school: LocalRunner) -> Iterator[PracticeSchool]:
    assert at_school.practice is not None
    yield at_school.practice
    at_school.practice.heal_all()


def test_the_empty_list_is_the_platforms_and_whoever_asks_is_told_why(
    at_school: LocalRunner, practice: PracticeSchool
) -> None:
    practice.break_("sessions-empty")
    performed = at_school.play(at_school.chosen(["class-list"])[0], SilentReporter())
    found = performed.run.diagnosis
    assert found is not None
    assert (found.service, found.cause, found.confidence) == ("platform", Cause.LIST_EMPTY, Confidence.HIGH)
    assert {"edge", "sign-in", "plan-b", "the way out of here"} <= {one.name for one in found.cleared}
    asked = ["diagnose", performed.run.id, "--config", str(at_school.runtime.config.file)]
    told = CliRunner().invoke(main, asked)
    assert told.exit_code == 0, told.output
    assert "the class list is empty" in told.output
    assert "sign-in: signs in" in told.output
    assert _looked_at(at_school, performed) >= {("school", "platform", "well"), ("home", "platform", "well")}
    document = json.loads(CliRunner().invoke(main, [*asked, "--json"]).output)
    assert document["diagnosis"]["cause"] == "list-empty"
    assert document["diagnosis"] == performed.document.model_dump(mode="json")["diagnosis"]


def _looked_at(house: LocalRunner, performed: RunResult) -> set[tuple[str, str, str]]:
    """From where, whose, and how each host was at that moment, as the store keeps it."""
    assert house.uploader.finish(20) == ""
    store, run_id = house.run_context.store, performed.run.id
    (name,) = [name for name in store.names("runs/") if name.endswith(f"{run_id}/run.json")]
    prefix = name.removesuffix("/run.json")
    files = unpack(prefix, store.names(f"{prefix}/"), store.get)
    rows = json.loads(files["attempt-2/checks.json"])["checks"]
    return {(row["location"], row["service"], row["verdict"]) for row in rows}


def test_what_is_dropped_outside_and_fine_inside_is_the_districts_edge(
    at_school: LocalRunner, practice: PracticeSchool
) -> None:
    practice.break_("outside-dropped")
    at_home = at_school.at("home")
    performed = at_home.play(at_home.chosen(["class-list"])[0], SilentReporter())
    found = performed.run.diagnosis
    assert found is not None
    assert (found.service, found.cause) == ("edge", Cause.OUTSIDE_DROPPED), found
    assert at_school.play(at_school.chosen(["class-list"])[0], SilentReporter()).run.outcome is Outcome.PASSED


def test_a_location_with_no_way_out_at_all_is_its_own_fault(at_school: LocalRunner, practice: PracticeSchool) -> None:
    practice.break_("outside-offline")
    at_home = at_school.at("home")
    performed = at_home.play(at_home.chosen(["class-list"])[0], SilentReporter())
    found = performed.run.diagnosis
    assert found is not None
    assert (found.service, found.cause) == ("", Cause.OWN_NETWORK), found
    assert performed.run.outcome is Outcome.ERRORED


def test_a_call_by_way_of_a_relay_works_and_is_degraded(at_school: LocalRunner, practice: PracticeSchool) -> None:
    practice.break_("relay-only")
    performed = at_school.play(at_school.chosen(["live-class"])[0], SilentReporter())
    assert performed.run.outcome is Outcome.PASSED, performed.document
    assert any("relay" in said for said in performed.document.degraded)


def test_a_run_that_passed_has_nothing_to_diagnose(at_school: LocalRunner) -> None:
    performed = at_school.play(at_school.chosen(["class-list"])[0], SilentReporter())
    assert performed.run.outcome is Outcome.PASSED, performed.document
    assert performed.run.diagnosis is None
    told = CliRunner().invoke(main, ["diagnose", performed.run.id, "--config", str(at_school.runtime.config.file)])
    assert "nothing to diagnose" in told.output
