"""Severity of incidents by the bells, routes and silences of the file, and the channels of a notice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from firstbell.runner.alarms.incident import PROBE_SUBJECT, Incident, Symptom
from firstbell.runner.alarms.part import Part, channel
from firstbell.runner.alarms.policy import AlarmPolicy, addresses_for
from firstbell.runner.alarms.routing import DueNotice, NoticeReason, Route, Severity
from firstbell.runner.alarms.rules.silence import is_covered
from firstbell.runner.config.errors import ConfigError
from firstbell.runner.config.load import Config, parse
from firstbell.runner.config.to_alarms import alarm_policy_of, incident_policy_of, secrets_of_alarms, silences_of
from firstbell.runner.schedule.maintenance import Maintenance

FILE = Path("firstbell.toml")
SCHOOL = """\
[school]
name = "Bayfront"
timezone = "America/New_York"
practice = true
"""
BELLS = """\
[[bells]]
name = "regular"
first_bell = { elementary = 08:00:00, high = 09:15:00 }
last_bell = 15:30:00

[calendar]
in_session = "mon-fri"

[journeys.live-class]
groups = ["elementary"]
lead_in = { before_bell = "45m", every = "2m" }
severity = "info"
"""
ROUTES = """\
[[alarms.routes]]
name = "on-call"
to = ["smtp:it@district.example"]
escalate_after = "10m"
escalate_to = ["head"]

[[alarms.routes]]
name = "head"
to = ["smtp:head@district.example"]

[[alarms.routes]]
name = "parents"
to = ["smtp:parents@district.example"]
public = true
"""
TO_B = """\
to = ["smtp:it@x.example"]
escalate_after = "5m"
escalate_to = ["b"]

[[alarms.routes]]
name = "b"
to = ["smtp:b@x.example"]
"""


def config(*parts: str) -> Config:
    return parse("\n".join((SCHOOL, *parts)), FILE)


def policy(*parts: str) -> AlarmPolicy:
    return alarm_policy_of(config(*parts).settings)


def incident(*journeys: str, subject: str = "platform", part: Part | None = None) -> Incident:
    at = datetime(2026, 8, 31, 11, tzinfo=UTC)
    symptoms = tuple(
        Symptom(journey=name, since=at, locations=("here",), actor="", step="", said="", run_id="", part=part)
        for name in journeys or ("live-class",)
    )
    return Incident(number=1, subject=subject, owner="", opened_at=at, symptoms=symptoms)


@pytest.mark.parametrize(
    ("local", "severity"),
    [
        ("2026-08-31T07:14", Severity.INFO),
        ("2026-08-31T07:15", Severity.CRITICAL),  # the lead-in of the elementary bell
        ("2026-08-31T12:00", Severity.CRITICAL),
        ("2026-08-31T15:30", Severity.INFO),
        ("2026-08-30T12:00", Severity.INFO),  # a Sunday
    ],
)
def test_incident_is_critical_in_class_and_in_the_lead_in(local: str, severity: Severity) -> None:
    alarms = policy(BELLS)
    assert alarms.severity(incident(), datetime.fromisoformat(local).replace(tzinfo=alarms.zone)) is severity


def test_incident_has_the_severity_of_its_most_severe_journey() -> None:
    alarms = policy(BELLS)
    at_half_past_seven = datetime(2026, 8, 31, 7, 30, tzinfo=alarms.zone)
    assert alarms.severity(incident("plan-b"), at_half_past_seven) is Severity.WARNING
    assert alarms.severity(incident("plan-b", "live-class"), at_half_past_seven) is Severity.CRITICAL


def test_without_bells_incidents_are_critical_except_first_bells_own() -> None:
    alarms = policy()
    midnight = datetime(2026, 8, 31, tzinfo=alarms.zone)
    assert alarms.severity(incident(), midnight) is Severity.CRITICAL
    assert alarms.severity(incident(subject=PROBE_SUBJECT), midnight) is Severity.WARNING


def test_first_route_gets_incidents_of_first_bell_if_no_route_is_operators() -> None:
    routes = {route.name: route for route in policy(ROUTES).routes}
    assert list(routes) == ["on-call-as-operator", "on-call", "head", "parents"]
    assert routes["on-call"].escalate_after == timedelta(minutes=10)
    assert routes["parents"].severities == {Severity.CRITICAL}


def test_maintenance_silences_its_services_while_it_lasts() -> None:
    start = datetime(2026, 12, 5, 22, tzinfo=UTC)
    window = Maintenance(
        services=("platform", "sign-in"), start=start, end=start + timedelta(hours=6), run=True, why="Upgrade"
    )
    during = start + timedelta(hours=1)
    silences = silences_of([window], during)
    assert {silence.service for silence in silences} == {"platform", "sign-in"}
    assert any(is_covered(incident(), [silence], during) for silence in silences)
    assert not any(is_covered(incident(subject="live-class"), [silence], during) for silence in silences)
    assert silences_of([window], window.end) == []


@pytest.mark.parametrize(
    ("route", "message"),
    [
        ('to = ["pigeon:loft"]', "this address has no known kind of channel"),
        ('to = ["slack:https://hooks.slack.example/secret"]', 'write one such as "slack:env:SLACK_URL"'),
        ('to = ["smtp:it@x.example"]\nescalate_to = ["head"]', "escalate_after and escalate_to belong together"),
        ('to = ["smtp:it@x.example"]\nescalate_after = "5m"\nescalate_to = ["hed"]', "no route called 'hed'"),
        ('to = ["smtp:it@x.example"]\npublic = true\noperator = true', "leave out operator"),
        ('to = ["smtp:it@x.example"]\noperator = true', "none is notified when a service breaks"),
        (
            'to = ["smtp:it@x.example"]\n[alarms]\nplaces = 2',
            "the number of locations is 1",
        ),
        (
            'to = ["smtp:it@x.example"]\nescalate_after = "5m"\nescalate_to = ["head-office"]',
            "this leads back to 'head-office'",
        ),
        (
            f'{TO_B}escalate_after = "5m"\nescalate_to = ["head-office"]',
            "escalate to a route that does not",
        ),
        (
            f"public = true\n{TO_B}",
            "leave out escalate_to",
        ),
    ],
)
def test_impossible_route_is_refused_in_one_sentence(route: str, message: str) -> None:
    text = f'[[alarms.routes]]\nname = "head-office"\n{route}\n'
    with pytest.raises(ConfigError, match=message):
        config(text)


def test_alarms_can_require_as_many_locations_as_exist() -> None:
    given = config("[locations.home]\n[locations.school]\n[alarms]\nplaces = 2\n").settings
    assert (incident_policy_of(given).service.locations, alarm_policy_of(given).location_count) == (2, 2)
    with pytest.raises(ConfigError, match="3 locations must confirm a failure, but the number of locations is 2"):
        config("[locations.home]\n[locations.school]\n[alarms]\nplaces = 3\n")
    assert config("[locations.home]\n[alarms]\nplaces = 3\nlocations = 3\n").settings.location_count == 3


def test_all_secrets_of_alarms_are_known_to_the_redactor(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SLACK", "KEY", "MAIL", "BEAT"):
        monkeypatch.setenv(name, f"planted-{name}")
    monkeypatch.delenv("GONE", raising=False)
    text = """\
[alarms.mail]
password = "env:MAIL"
[alarms.heartbeat]
url = "env:BEAT"
[[alarms.routes]]
name = "it"
to = ["slack:env:SLACK", "webhook:https://desk.example/hook#env:KEY", "teams:env:GONE"]
"""
    found = secrets_of_alarms(config(text).settings)
    assert sorted(found) == ["planted-BEAT", "planted-KEY", "planted-MAIL", "planted-SLACK"]


def test_notice_about_a_dead_channel_uses_the_other_channels() -> None:
    dead, other = "slack:env:GONE", "smtp:it@district.example"
    route = Route(name="operator", to=(dead, other), is_operator=True)
    notice = DueNotice(
        incident=incident(f"channel {dead}", subject=f"channel {dead}", part=channel(dead)),
        route=route,
        reason=NoticeReason.OPENED,
        severity=Severity.WARNING,
        ordinal=1,
    )
    assert addresses_for(notice, [route]) == (other,)
