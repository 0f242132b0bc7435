"""The level of a status, and its formats for other monitors."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families

from firstbell.runner.alarms.incident import PROBE_SUBJECT, Incident, Symptom
from firstbell.runner.alarms.monitor_formats import as_json, nagios, prometheus, prtg
from firstbell.runner.alarms.part import Part, channel
from firstbell.runner.alarms.routing import IncidentStatus, Severity
from firstbell.runner.alarms.status import JourneyStatus, Level, LocationWatch, Status
from firstbell.runner.cli.look.status import status as command

NOON = datetime(2026, 8, 31, 16, tzinfo=UTC)
ZONE = ZoneInfo("America/New_York")
PASSED = JourneyStatus(journey="sign-in", location="home", outcome="passed", at=NOON, took_s=1.25)
BROKEN = JourneyStatus(
    journey="live-class", location="home", outcome="failed", at=NOON, took_s=3.5, broken_by="platform"
)


def current(
    subject: str = "platform", severity: Severity = Severity.CRITICAL, part: Part | None = None
) -> IncidentStatus:
    symptom = Symptom(
        journey="live-class",
        since=NOON,
        locations=("home",),
        actor="student",
        step="joins",
        said="x|y",
        run_id="k3f9tq",
        part=part,
    )
    incident = Incident(number=7, subject=subject, owner="Contoso | Learn", opened_at=NOON, symptoms=(symptom,))
    return IncidentStatus(incident=incident, severity=severity)


NEW = JourneyStatus(journey="plan-b", location="home", outcome="failed", at=NOON, took_s=0.5, under_construction=True)
ERRORED = JourneyStatus(journey="plan-b", location="home", outcome="errored", at=NOON, took_s=0.5)


def watch(seen_s_ago: float | None, location: str = "home", *, is_stopped: bool = False) -> LocationWatch:
    seen = None if seen_s_ago is None else NOON - timedelta(seconds=seen_s_ago)
    return LocationWatch(location=location, last_seen=seen, is_stopped=is_stopped)


def status(
    *incidents: IncidentStatus, seen_s_ago: float | None = 5, dead: int = 0, more: tuple[JourneyStatus, ...] = ()
) -> Status:
    return Status(
        at=NOON,
        watches=[watch(seen_s_ago)],
        journeys=[PASSED, BROKEN, *more] if incidents else [PASSED, *more],
        incidents=incidents,
        silent_after=timedelta(minutes=5),
        dead=dead,
    )


@pytest.mark.parametrize(
    ("found", "level"),
    [
        (status(), Level.OK),
        (status(current()), Level.CRITICAL),
        (status(current(severity=Severity.WARNING)), Level.WARNING),
        (status(current(PROBE_SUBJECT, Severity.WARNING)), Level.UNKNOWN),
        (
            status(current(), current("channel smtp:a@b.c", Severity.WARNING, channel("smtp:a@b.c"))),
            Level.CRITICAL,
        ),
        (status(current(), seen_s_ago=900), Level.UNKNOWN),
        (status(seen_s_ago=None), Level.UNKNOWN),
        (status(dead=2), Level.WARNING),
        (status(more=(ERRORED,)), Level.WARNING),
        (status(current(), more=(ERRORED,)), Level.CRITICAL),
        (replace(status(), journeys=[]), Level.UNKNOWN),
    ],
)
def test_level_of_a_status(found: Status, level: Level) -> None:
    assert found.level is level


def test_a_journey_that_could_not_be_judged_never_counts_as_ok() -> None:
    found = status(more=(ERRORED, replace(ERRORED, journey="class-list", outcome="failed")))
    assert found.summary(ZONE) == (
        "1 of 3 journeys OK from 1 location; plan-b at home: not judged (errored); "
        "class-list at home: failed, not confirmed yet"
    )
    assert status().summary(ZONE) == "1 journey OK from 1 location"
    families = {family.name: family for family in text_string_to_metric_families(prometheus(found, ZONE))}
    up = {sample.labels["journey"]: sample.value for sample in families["firstbell_journey_up"].samples}
    assert up["sign-in"] == 1
    assert math.isnan(up["plan-b"])
    assert math.isnan(up["class-list"])
    values = {row["channel"]: row["value"] for row in json.loads(prtg(found, ZONE))["prtg"]["result"]}
    assert (values["sign-in at home"], values["plan-b at home"]) == (2, 1)


@pytest.mark.parametrize(
    ("watches", "incidents", "level", "summary"),
    [
        ([watch(900)], (), Level.UNKNOWN, "not watching at home since Mon 11:45 EDT, start it with: firstbell watch"),
        (
            [watch(2, is_stopped=True)],
            (),
            Level.UNKNOWN,
            "stopped at home since Mon 11:59 EDT, start it with: firstbell watch",
        ),
        ([watch(None)], (), Level.UNKNOWN, "not watching at home yet, start it with: firstbell watch"),
        (
            [watch(5), watch(None, "annex"), watch(900, "school")],
            (current(),),
            Level.CRITICAL,
            (
                "live-class broken by platform, Contoso | Learn; not watching at annex yet; not watching at school "
                "since Mon 11:45 EDT, start it with: firstbell watch"
            ),
        ),
        (
            [watch(5), watch(None, "annex")],
            (),
            Level.UNKNOWN,
            "not watching at annex yet, start it with: firstbell watch",
        ),
        (
            [watch(900), watch(2, "annex", is_stopped=True)],
            (current(),),
            Level.UNKNOWN,
            (
                "not watching at home since Mon 11:45 EDT; stopped at annex since Mon 11:59 EDT, start it with: "
                "firstbell watch; open when it was last seen: live-class broken by platform, Contoso | Learn"
            ),
        ),
    ],
)
def test_a_location_without_a_watch_is_named_and_hides_no_incident(
    watches: list[LocationWatch], incidents: tuple[IncidentStatus, ...], level: Level, summary: str
) -> None:
    found = replace(status(*incidents), watches=watches)
    assert (found.level, found.summary(ZONE)) == (level, summary)
    assert nagios(found, ZONE).startswith(f"FIRSTBELL {level.name} - {summary.replace('|', '/')} | ")


def test_journeys_are_unknown_once_the_service_is_gone() -> None:
    families = text_string_to_metric_families(prometheus(status(seen_s_ago=900), ZONE))
    (up,) = [family for family in families if family.name == "firstbell_journey_up"]
    assert all(math.isnan(sample.value) for sample in up.samples)


@pytest.mark.parametrize(
    ("format_", "begins"), [("nagios", "FIRSTBELL UNKNOWN - firstbell:"), ("prtg", '{"prtg": {"error": 1, "text":')]
)
def test_monitors_read_a_bad_configuration_on_standard_output(tmp_path: Path, format_: str, begins: str) -> None:
    (tmp_path / "firstbell.toml").write_text("[scool]\n")
    done = CliRunner().invoke(command, ["--format", format_, "--config", str(tmp_path / "firstbell.toml")])
    assert done.exit_code == Level.UNKNOWN
    assert done.stdout.startswith(begins)
    assert "scool" in done.stdout
    assert done.stdout.count("\n") == 1


def test_nagios_gets_a_line_with_one_bar_before_its_figures() -> None:
    first, *more = nagios(status(current()), ZONE).splitlines()
    summary, _, figures = first.partition(" | ")
    assert summary == "FIRSTBELL CRITICAL - live-class broken by platform, Contoso / Learn"
    assert figures == "'sign-in@home'=1.250s 'live-class@home'=3.500s incidents=1;;0;0 undelivered=0;;0;0"
    assert more == ["sign-in at home: passed, 12:00 EDT", "live-class at home: broken by platform, 12:00 EDT"]
    assert first.count("|") == 1


def test_prtg_gets_channels_with_fixed_names_or_an_error() -> None:
    document = json.loads(prtg(status(current()), ZONE))["prtg"]
    values = {channel["channel"]: channel["value"] for channel in document["result"]}
    assert values == {
        "Open incidents": 1,
        "Undelivered notices": 0,
        "sign-in at home": 2,
        "sign-in at home, time": 1.25,
        "live-class at home": 0,
        "live-class at home, time": 3.5,
    }
    assert json.loads(prtg(status(seen_s_ago=None), ZONE))["prtg"]["error"] == 1


def test_prometheus_gets_gauges_without_time_stamps() -> None:
    families = {family.name: family for family in text_string_to_metric_families(prometheus(status(current()), ZONE))}
    up = {sample.labels["journey"]: sample.value for sample in families["firstbell_journey_up"].samples}
    assert up == {"sign-in": 1, "live-class": 0}
    (incident,) = families["firstbell_incident_open"].samples
    assert incident.labels == {
        "incident": "7", "service": "platform", "owner": "Contoso | Learn", "severity": "critical"
    }  # fmt: skip
    assert all(sample.timestamp is None for family in families.values() for sample in family.samples)


def test_json_holds_the_whole_status() -> None:
    document = json.loads(as_json(status(current()), ZONE))
    assert (document["level"], document["incidents"][0]["number"]) == ("critical", 7)
    assert [journey["state"] for journey in document["journeys"]] == ["passed", "broken by platform"]


def test_a_journey_under_construction_is_named_and_raises_no_level() -> None:
    beside = status(more=(NEW,))
    assert beside.level is Level.OK
    assert beside.summary(ZONE) == (
        "1 journey OK from 1 location; "
        "plan-b at home: under construction (alarms nobody until it has passed there once)"
    )
    alone = replace(beside, journeys=[NEW])
    assert alone.level is Level.UNKNOWN
    assert alone.summary(ZONE).startswith("no journey has passed yet; plan-b at home: under construction")
