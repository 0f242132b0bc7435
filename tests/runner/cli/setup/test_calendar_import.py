"""`firstbell calendar import`: what a person accepts is in the file, and nothing else in it has changed."""

from __future__ import annotations

import stat
import tomllib
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from firstbell.runner.cli.setup import calendar as command
from firstbell.runner.config.load import load
from firstbell.runner.schedule.ical import Proposal
from firstbell.runner.schedule.ical_titles import ProposalKind

CONFIG = b'[school]\nname = "Practice"\ntimezone = "America/New_York"\npractice = true  # ours'
SOON = date.today() + timedelta(days=30)  # noqa: DTZ011  Any day ahead will do.


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "firstbell.toml"
    file.write_bytes(CONFIG)
    file.chmod(0o640)
    return file


Import = Callable[..., Result]


@pytest.fixture
def import_(config: Path, tmp_path: Path) -> Iterator[Import]:
    """Import a calendar of (title, first day, days) into the configuration; `keys` are what the person answers."""

    def play(*events: tuple[str, date, int], keys: str = "", options: tuple[str, ...] = ()) -> Result:
        feed = tmp_path / "district.ics"
        bodies = "".join(
            f"BEGIN:VEVENT\r\nUID:{title}{first}\r\nSUMMARY:{title}\r\nDTSTART;VALUE=DATE:{first:%Y%m%d}\r\n"
            f"DTEND;VALUE=DATE:{first + timedelta(days=days):%Y%m%d}\r\nEND:VEVENT\r\n"
            for title, first, days in events
        )
        feed.write_text(f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{bodies}END:VCALENDAR\r\n", newline="")
        words = ["import", str(feed), "--config", str(config), *options]
        return CliRunner().invoke(command.calendar, words, input=keys)

    yield play
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith(".firstbell-")] == []


def days(file: Path) -> list[dict[str, object]]:
    content = tomllib.loads(file.read_text(encoding="utf-8"))
    return list(content.get("calendar", {}).get("days", []))


def test_accepted_days_are_added_and_the_rest_of_the_file_stays(config: Path, import_: Import) -> None:
    result = import_(("Thanksgiving Recess", SOON, 3), ("No School", SOON + timedelta(days=9), 1), keys="y\ny\n")

    assert result.exit_code == 0, result.output
    assert config.read_bytes().startswith(CONFIG + b"\n\n# from ")
    assert days(config) == [
        {"dates": f"{SOON}..{SOON + timedelta(days=2)}", "in_session": False, "why": "Thanksgiving Recess"},
        {"dates": f"{SOON + timedelta(days=9)}", "in_session": False, "why": "No School"},
    ]
    assert stat.S_IMODE(config.stat().st_mode) == 0o640
    assert "2 entries were added to firstbell.toml" in result.output


def test_only_accepted_days_are_added(config: Path, import_: Import) -> None:
    import_(("Thanksgiving Recess", SOON, 3), ("No School", SOON + timedelta(days=9), 1), keys="n\ny\n")

    assert [day["why"] for day in days(config)] == ["No School"]


@pytest.mark.parametrize("keys", ["n\n", "\n", ""], ids=["no", "just Enter", "end of input"])
def test_refused_days_leave_the_file_unchanged(config: Path, import_: Import, keys: str) -> None:
    before = config.stat()

    import_(("Thanksgiving Recess", SOON, 3), keys=keys)
    assert config.read_bytes() == CONFIG
    assert config.stat().st_ino == before.st_ino


def test_yes_accepts_without_questions(config: Path, import_: Import) -> None:
    result = import_(("Thanksgiving Recess", SOON, 3), options=("--yes",))

    assert "[y/N]" not in result.output
    assert len(days(config)) == 1


@pytest.mark.parametrize("readable", [(), (f"{SOON:%Y%m%d}",)], ids=["nothing to propose", "one to propose"])
def test_event_that_cannot_be_read_is_named_and_the_exit_code_is_1(config: Path, readable: tuple[str, ...]) -> None:
    feed = config.with_name("district.ics")
    starts = [f"{SOON}", "12/25/2026", *readable]
    events = "".join(
        f"BEGIN:VEVENT\r\nSUMMARY:No School {number} [b]\r\nDTSTART;VALUE=DATE:{start}\r\nEND:VEVENT\r\n"
        for number, start in enumerate(starts)
    )
    feed.write_text(f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n", newline="")
    result = CliRunner().invoke(command.calendar, ["import", str(feed), "--config", str(config), "--yes"])

    assert result.exit_code == 1
    assert '2 events could not be read: "No School 0 [b]", "No School 1 [b]"; look them up' in result.output
    assert [day["why"] for day in days(config)] == ["No School 2 [b]"] * len(readable)


def test_dates_are_shown_with_their_weekdays(import_: Import) -> None:
    result = import_(("Thanksgiving Recess", SOON, 3))

    assert f"{SOON:%a %d %b}" in result.output.splitlines()[1]
    assert f"to {SOON + timedelta(days=2):%a %d %b %Y}  closed  Thanksgiving Recess  new" in result.output


def test_early_release_is_listed_and_not_added(config: Path, import_: Import) -> None:
    result = import_(("Early Release", SOON, 1), ("Late Start", SOON, 1), options=("--yes",))

    assert result.output.count("needs bells") == 2
    assert 'add [[calendar.days]] with bells = "..."' in result.output
    assert config.read_bytes() == CONFIG


def test_day_off_of_some_pupils_is_offered_for_their_group_and_not_added(config: Path, import_: Import) -> None:
    result = import_(("No School - Grades 6-8", SOON, 1), options=("--yes",))

    assert "some pupils  No School - Grades 6-8  needs a group" in result.output
    assert 'add [[calendar.days]] with the bells = "..." of the other groups by hand' in result.output
    assert config.read_bytes() == CONFIG


def test_days_already_in_the_file_are_not_asked_again(
    config: Path, import_: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_already", lambda _: lambda day: day <= SOON + timedelta(days=2))
    result = import_(("Thanksgiving Recess", SOON, 3), ("Winter Break", SOON, 4), keys="y\n")

    assert "Thanksgiving Recess  has it" in result.output
    assert "Winter Break         has a part of it" in result.output
    assert [day["why"] for day in days(config)] == ["Winter Break"]


def test_days_option_limits_the_period(import_: Import) -> None:
    assert "No days off found in the next 9 days" in import_(("No School", SOON, 1), options=("--days", "9")).output


def test_hostile_title_is_written_as_a_plain_string(config: Path, import_: Import) -> None:
    title = 'No School "\\\\n[school]\\nname = """ # [red]\u202e\x1b[2J'

    result = import_((title, SOON, 1), options=("--yes",))
    assert [set(day) for day in days(config)] == [{"dates", "in_session", "why"}]
    assert days(config)[0]["why"] == 'No School "\\n[school] name = """ # [red][2J'
    assert "\x1b[2J" not in result.output
    assert tomllib.loads(config.read_text())["school"]["name"] == "Practice"


@given(title=st.text(st.characters(exclude_categories=["Cs"])), source=st.text())
def test_every_title_and_source_is_read_back_unchanged(title: str, source: str) -> None:
    one = Proposal(first=SOON, last=SOON, kind=ProposalKind.CLOSED, title=title)

    [day] = tomllib.loads(command.entries([one], source, SOON))["calendar"]["days"]
    assert day == {"dates": str(SOON), "in_session": False, "why": title}


def test_source_of_an_entry_is_kept_without_its_key() -> None:
    one = Proposal(first=SOON, last=SOON, kind=ProposalKind.CLOSED, title="No School")

    text = command.entries([one], "https://me:secret@cal.example/a.ics?key=1", date(2026, 11, 23))
    assert text.splitlines()[0] == "# from https://cal.example/a.ics, accepted 2026-11-23"


def test_file_that_would_no_longer_load_is_left_unchanged(config: Path, import_: Import) -> None:
    known = load(config)
    written = b'calendar = "as usual"\n' + CONFIG  # A string where the table would go.
    config.write_bytes(written)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "config_at", lambda *_: known)
        result = import_(("No School", SOON, 1), options=("--yes",))

    assert result.exit_code == 3
    assert config.read_bytes() == written
    [message] = [line for line in result.output.splitlines() if line.startswith("firstbell: ")]
    assert "firstbell.toml was left as it is; with these days it would no longer load: " in message
    assert f"{config}:" in message
    assert "this is not TOML" in message


def test_read_only_folder_leaves_the_file_unchanged(
    config: Path, import_: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    result = import_(("No School", SOON, 1), options=("--yes",))

    assert result.exit_code == 2
    assert "was left as it is; it cannot be written (Permission denied)" in result.output
    assert config.read_bytes() == CONFIG


def test_link_and_line_endings_are_kept(config: Path, import_: Import) -> None:
    real = config.with_name("real.toml")
    real.write_bytes(CONFIG.replace(b"\n", b"\r\n") + b"\r\n")
    config.unlink()
    config.symlink_to(real)

    result = import_(("No School", SOON, 1), options=("--yes",))
    assert result.exit_code == 0, result.output
    assert config.is_symlink()
    assert real.read_bytes().count(b"\n") == real.read_bytes().count(b"\r\n") == 10


@pytest.mark.parametrize(
    ("source", "code", "said"),
    [("nowhere.ics", 2, "nowhere.ics cannot be read"), ("firstbell.toml", 2, "this is no calendar")],
)
def test_source_that_is_no_calendar_is_refused(
    config: Path, monkeypatch: pytest.MonkeyPatch, source: str, code: int, said: str
) -> None:
    monkeypatch.chdir(config.parent)
    result = CliRunner().invoke(command.calendar, ["import", source])

    assert result.exit_code == code
    assert result.output.startswith(f"firstbell: {said}")


def test_import_without_a_configuration_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(command.calendar, ["import", "x.ics"]).exit_code == 3
