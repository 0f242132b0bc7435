"""The text of a status: the zone is named, and an acknowledgement and a silence are shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from firstbell.runner.alarms.incident import Incident, Symptom
from firstbell.runner.alarms.routing import IncidentStatus, Severity
from firstbell.runner.alarms.rules.silence import Silence
from firstbell.runner.alarms.status import JourneyStatus, LocationWatch, Status
from firstbell.runner.cli.render.status_text import print_status

NOW = datetime.now(UTC)
ZONE = ZoneInfo("America/Phoenix")
SYMPTOM = Symptom(
    journey="live-class",
    since=NOW,
    locations=("home",),
    actor="student",
    step="joins",
    said="no answer",
    run_id="k3f9",
)
INCIDENT = Incident(number=217, subject="live-class", owner="Contoso", opened_at=NOW, symptoms=(SYMPTOM,))
OPEN = IncidentStatus(incident=INCIDENT, severity=Severity.CRITICAL)
SILENCE = Silence(number=3, until=NOW + timedelta(days=2), by="ana", why="upgrade", service="live-class")


def shown(capsys: pytest.CaptureFixture[str], incident: IncidentStatus, *silences: Silence) -> str:
    journey = JourneyStatus(
        journey="live-class", location="home", outcome="failed", at=NOW, took_s=9.0, broken_by="live-class"
    )
    watch = LocationWatch(location="home", last_seen=NOW)
    status = Status(
        journeys=[journey], incidents=[incident], watches=[watch], at=NOW, silent_after=timedelta(minutes=5)
    )
    print_status(status, silences, ZONE)
    return capsys.readouterr().out


def test_times_name_the_zone_of_the_school(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, OPEN)
    assert "last run (MST)" in text
    assert f"since {NOW.astimezone(ZONE):%a} " in text
    assert "MST, not acknowledged: firstbell incidents 217" in text


def test_an_acknowledgement_and_a_silence_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    until = NOW + timedelta(days=1)
    given = {"acknowledged_at": NOW, "acknowledged_until": until, "acknowledged_by": "ana", "acknowledged_why": "on it"}
    text = shown(capsys, replace(OPEN, **given), SILENCE)  # type: ignore[arg-type]
    assert "acknowledged by ana until" in text
    assert ": on it, silenced: firstbell incidents 217" in text
    assert "silence 3 of live-class until" in text
    assert "by ana: upgrade" in text
    elsewhere = replace(SILENCE, service="platform")
    assert ", silenced" not in shown(capsys, OPEN, elsewhere)
