"""Bells, calendar, maintenance and intervals of the file: mistakes, defaults, and `firstbell schedule`."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from click.testing import CliRunner

from firstbell.runner.cli.main import main
from firstbell.runner.config.errors import ConfigError
from firstbell.runner.config.load import Config, parse
from firstbell.runner.config.to_schedule import calendar_of, maintenance_of, timetable_of
from firstbell.runner.execution.supervision.protocol import JourneyInfo, Ready
from firstbell.runner.schedule.slots import Phase

SCHOOL = '[school]\nname = "B"\ntimezone = "America/New_York"\npractice = true\n'
BELLS = '[[bells]]\nname = "regular"\nfirst_bell = { elementary = 08:00:00, middle = 08:45:00 }\nlast_bell = 15:30:00\n'
SNOW = '[[bells]]\nname = "late"\nfirst_bell = 10:00:00\nlast_bell = 15:30:00\n'


def written(text: str) -> Config:
    return parse(SCHOOL + text, Path("firstbell.toml"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            '[journeys.x]\ncrontab = "0 0 31 2 *"\n',
            "6:1: journeys.x.crontab: this is no valid cron expression",
            id="cron that cannot be",
        ),
        pytest.param(
            '[journeys.x]\nevery = "30s"\n',
            "6:1: journeys.x.every: due every 30 s, which is less than the deadline of 90 s",
            id="too often",
        ),
        pytest.param(
            '[journeys.x]\ndeadline = "15m"\n',
            "6:1: journeys.x.deadline: due every 600 s",
            id="a deadline beyond the usual interval",
        ),
        pytest.param(
            '[journeys.x]\ncrontab = "*/7 * * * *"\ndeadline = "5m"\n',
            "6:1: journeys.x.crontab: due every 240 s",
            id="cron too often, at the turn of the hour",
        ),
        pytest.param(
            '[journeys.x]\nlead_in = { before_bell = "45m", every = "60s" }\n',
            "6:1: journeys.x.lead_in.every: due every 60 s",
            id="lead-in too often",
        ),
        pytest.param(
            '[journeys.x]\nevery = "5m"\ncrontab = "0 8 * * *"\n',
            "7:1: journeys.x.crontab: crontab replaces every and lead_in; leave these out",
            id="both",
        ),
        pytest.param(
            BELLS + BELLS, "10:1: bells.1.name: there is already a bell schedule called 'regular'", id="bells twice"
        ),
        pytest.param(
            BELLS + '[calendar]\nbells = "regluar"\n',
            "10:1: calendar.bells.default: there is no bell schedule called 'regluar'; did you mean 'regular'?",
            id="unknown bells",
        ),
        pytest.param(
            BELLS + '[calendar.bells]\nmonday = "regular"\n',
            "10:1: calendar.bells.monday: this key does not exist; write one of: mon, tue",
            id="no such weekday",
        ),
        pytest.param(
            BELLS + '[journeys.x]\ngroups = ["elementry"]\n',
            "10:1: journeys.x.groups.0: there is no group called 'elementry'; did you mean 'elementary'?",
            id="unknown group",
        ),
        pytest.param(
            '[calendar]\nclosed = ["2026-11-31"]\n',
            '6:1: calendar.closed.0: write a date or a span of dates, such as "2026-11-25"',
            id="no such date",
        ),
        pytest.param(
            '[calendar]\nclosed = ["2026-12-24..2026-12-20"]\n',
            "6:1: calendar.closed.0: a span of dates ends after it begins",
            id="backwards",
        ),
        pytest.param(
            '[calendar]\ncycle = ["A", "B"]\n',
            "5:2: calendar: a cycle is counted from the first day of term; add term",
            id="a cycle without a beginning",
        ),
        pytest.param(
            '[calendar]\nin_session = "mon-sunday"\n',
            '6:1: calendar.in_session: write weekdays as "mon-fri"',
            id="weekdays",
        ),
        pytest.param(
            "[[maintenance]]\nstart = 2026-12-05T22:00:00\n",
            "5:3: maintenance.0: give both start and end",
            id="half a window",
        ),
        pytest.param('[[maintenance]]\nwhy = "x"\n', "5:3: maintenance.0: give start and end, or ics", id="no window"),
        pytest.param(
            '[[bells]]\nname = "x"\nfirst_bell = 16:00:00\nlast_bell = 15:00:00\n',
            "5:3: bells.0: the last bell rings after every first bell; correct first_bell or last_bell",
            id="bells the wrong way round",
        ),
        pytest.param(
            '[history]\nkeep_steps = "12h"\n',
            "6:1: history.keep_steps: this is not between a day and ten years; write one such as",
            id="steps kept for hours",
        ),
        pytest.param(
            "[watch]\nworkers = 1000\n",
            "6:1: watch.workers: this must be less than or equal to 64",
            id="too many workers",
        ),
        pytest.param(
            '[journeys.x]\nevery = "5m"\n[journeys.x]\nevery = "6m"\n', "7:12: this is not TOML", id="a journey twice"
        ),
    ],
)
def test_schedule_mistakes_have_line_and_column(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        written(text)
    assert f"firstbell.toml:{message}" in str(caught.value)


def test_default_schedule_is_every_ten_minutes_round_the_clock() -> None:
    timetable = timetable_of(written("").settings, ["live-class"])
    day = timetable.due(datetime(2026, 11, 26, tzinfo=UTC), datetime(2026, 11, 27, tzinfo=UTC))
    assert len(day) == 144
    assert {due.phase for due in day} == {Phase.ROUND_THE_CLOCK}


def test_disabled_journey_is_never_due() -> None:
    assert not timetable_of(written("[journeys.x]\nenabled = false\n").settings, ["x"]).rhythms


def test_first_bell_schedule_is_the_default_and_a_special_day_replaces_it() -> None:
    text = (
        f'{BELLS}{SNOW}[calendar]\nin_session = "mon-fri"\nclosed = ["2026-11-25..2026-11-27", 2026-12-24]\n'
        '[[calendar.days]]\ndates = 2027-01-12\nbells = "late"\nwhy = "Snow"\n'
    )
    school = calendar_of(written(text).settings)
    assert [school.day(date(2026, 11, day)).in_session for day in (24, 25, 27, 28, 30)] == [
        True,
        False,
        False,
        False,
        True,
    ]
    assert not school.day(date(2026, 12, 24)).in_session
    day = school.day(date(2027, 1, 12))
    assert day.bells is not None
    assert (day.bells.name, day.why) == ("late", "Snow")
    assert school.day(date(2026, 11, 24)).bells == calendar_of(written(BELLS).settings).day(date(2026, 11, 24)).bells


def test_maintenance_times_are_in_the_schools_time_zone() -> None:
    (window,) = maintenance_of(
        written("[[maintenance]]\nstart = 2026-12-05T22:00:00\nend = 2026-12-06T04:00:00\n").settings
    )
    assert window.start == datetime(2026, 12, 6, 3, tzinfo=UTC)


def test_proof_of_life_is_at_the_calendars_time() -> None:
    text = '[calendar]\nin_session = "mon-fri"\nproof_of_life = 09:30:00\n'
    rhythm = timetable_of(written(text).settings, ["x"]).rhythms["x"]
    assert rhythm.proof_of_life == time(9, 30)


@pytest.fixture
def schedule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration whose journeys are known without starting a worker."""
    card = JourneyInfo(id="live-class", title="", relies_on=("platform",), roles=(), file="live_class.py", line=1)
    monkeypatch.setattr(
        "firstbell.runner.cli.play.schedule.collect_journeys", lambda _config: Ready(journeys=(card,), broken=())
    )
    file = tmp_path / "firstbell.toml"
    file.write_text(
        f'{SCHOOL}{BELLS}[calendar]\nin_session = "mon-fri"\nclosed = ["2020-01-01"]\n'
        '[journeys.live-class]\nevery = "10m"\nlead_in = { before_bell = "45m", every = "2m" }\n'
        'groups = ["elementary"]\n'
        '[journeys.ghost]\nevery = "1h"\n'
        '[[maintenance]]\nservices = ["platform"]\nstart = 2026-01-01T00:00:00\nend = 2099-01-01T00:00:00\n'
        'run = false\nwhy = "a long upgrade"\n'
    )
    return file


def test_schedule_command_prints_intervals_closed_days_and_maintenance(schedule: Path) -> None:
    result = CliRunner().invoke(main, ["schedule", "--days", "8", "--config", str(schedule)])
    assert result.exit_code == 0, result.output
    assert "every 2 min for 45 min before the bell, every 10 min in class, 2 h after hours" in result.output
    assert "in session, bells regular (08:00 08:45 to 15:30)" in result.output
    assert "no school: no school on this weekday" in result.output
    assert "no file defines the journey 'ghost': its slots will be missed" in result.output
    assert "maintenance of platform: a long upgrade" in result.output
    assert "journeys do not run" in result.output
    assert "busiest:" in result.output


def test_schedule_command_lists_each_time_of_one_journey(schedule: Path) -> None:
    result = CliRunner().invoke(main, ["schedule", "--days", "3", "--journey", "ghost", "--config", str(schedule)])
    lines = result.output.splitlines()
    assert lines
    assert all(line.split()[3].count(":") == 2 for line in lines)
    unknown = CliRunner().invoke(main, ["schedule", "--journey", "nothing", "--config", str(schedule)])
    assert unknown.exit_code == 3
    assert "no journey called 'nothing' is scheduled; there are: ghost, live-class" in unknown.output


def test_schedule_command_warns_about_overloaded_workers(schedule: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firstbell.runner.cli.play.schedule.GUESSED_S", 3600.0)
    result = CliRunner().invoke(main, ["schedule", "--days", "8", "--config", str(schedule)])
    assert "cannot carry this" in result.output
