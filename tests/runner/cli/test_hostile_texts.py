"""No text of a page, a file or another machine steers the terminal on which a command prints it."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from rich.table import Table
from rich.text import Text

from firstbell.artifacts.bundle import bag
from firstbell.runner.app.alerting import alerting_for
from firstbell.runner.cli.clean_console import CleanConsole
from firstbell.runner.cli.evidence.fetch import write_bag
from firstbell.runner.cli.main import main
from firstbell.runner.cli.opening import open_history
from firstbell.runner.history.record import AttemptRow, ProofRow, RunRow, StepRow
from firstbell.runner.history.runs.handovers import Handover, HandoverHistory
from firstbell.runner.history.runs.runs import RunHistory

OWN = re.compile(r"\x1b\[(?:[0-9;]*m|\?25[lh]|2K|1A)|\r(?=\x1b\[(?:1A|2K))")
"""Rich's own styles, and the movements of the line that tells progress."""
ZONE = ZoneInfo("America/New_York")
NOW = datetime(2026, 8, 31, 12, tzinfo=UTC)
STEERING = (
    "\x1b]0;title\x07 \x1b[2J \x9b31m \x9d8;;https://evil.example\x9c \r \x08 \x7f \u202e \u2066 \u200f \u2028 \ufeff"
)
"""Title, clearing, colour and link by C0 and C1 controls, return, backspace, DEL, turned lines, line and byte marks."""
HOSTILE = f"[link=https://evil.example]before[/link] {STEERING}after"
CONFIG = """
[school]
name = "Bayfront"
timezone = "America/New_York"
practice = true
"""
COMMANDS = [
    *(["runs"], ["show", "k3f9tq"], ["diagnose", "k3f9tq"], ["status"], ["uptime"], ["incidents"], ["incidents", "1"]),
    *(["status", "--format", name] for name in ("nagios", "prtg", "prometheus")),
    *([*words, "--json"] for words in (["runs"], ["show", "k3f9tq"], ["diagnose", "k3f9tq"], ["incidents"])),
    *(["evidence", "log"], ["evidence", "log", "--json"], ["alarm", "outbox"], ["evidence", "k3f9tq"]),
    *(["show", f"un{STEERING}known"], ["check", "--config", f"{STEERING}.toml"]),
]


def steering(text: str) -> list[str]:
    """Lists the characters that steer, by a rule of its own: ASCII's and Latin 1's controls, and marks by number."""
    return re.findall(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]", text
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("district")
    (folder / "firstbell.toml").write_text(CONFIG)
    said = HOSTILE
    step = StepRow(position=1, actor=HOSTILE, title=said, service="platform", started_s=0, ended_s=1)
    proof = ProofRow(observer=HOSTILE, observed=HOSTILE, fault=HOSTILE[:40], figures={"said": HOSTILE})
    attempt = AttemptRow(
        number=1, started_at=NOW, took_s=1, outcome="failed", said=said, browser=HOSTILE,
        steps=(step, replace(step, position=2, ending="failed", said=said)), proofs=(proof,),
    )  # fmt: skip
    found = {
        "service": "platform", "cause": "unknown", "words": said, "host": HOSTILE, "under_construction": False,
        "confidence": "low", "seen_twice": False, "way_proven": False, "because": [{"said": said, "source": HOSTILE}],
        "cleared": [{"name": HOSTILE, "why": said}],
    }  # fmt: skip
    run = RunRow(
        id="20260831-114610-k3f9tq", journey="class-list", location="home", started_at=NOW, took_s=1, outcome="failed",
        evidence=HOSTILE, version=HOSTILE[:32], actor=HOSTILE, step=said, service="platform", owner=HOSTILE, said=said,
        note=said, degraded=said, cause="unknown", diagnosis=found, groups=HOSTILE, attempts=(attempt,),
    )  # fmt: skip
    with open_history(folder / "firstbell.toml") as (config, database):
        incidents = alerting_for(config, database).incidents
        history = RunHistory(database, ZONE, incidents.record_run)
        history.record(run)
        history.record(replace(run, id="20260831-114710-k3f9tr"))
        HandoverHistory(database).record(
            Handover(run_id=run.id, service="", recipient=HOSTILE, way="bag", at=NOW, until=None, bag_sha256="")
        )
    return folder


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words).encode("ascii", "replace").decode())
def test_commands_print_hostile_history_without_steering_the_terminal(
    place: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.chdir(place)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    done = CliRunner().invoke(main, words, color=True)
    assert done.exception is None or isinstance(done.exception, SystemExit)
    assert done.output.strip()
    assert steering(OWN.sub("", done.output)) == []
    assert "\x1b]8" not in done.output


def test_the_hostile_texts_are_printed_at_all(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    for words in (["show", "k3f9tq"], ["diagnose", "k3f9tq"], ["evidence", "log"], ["incidents", "1"]):
        output = CliRunner().invoke(main, words).output
        assert "[link=https://evil.example]before[/link]" in " ".join(output.split()), words


def test_names_of_an_archive_do_not_steer_the_terminal(tmp_path: Path) -> None:
    write_bag({**bag.make_bag({"a": b"x"}, {}), f"{STEERING}\ud800"[:-1]: b"x"}, tmp_path / "bag")
    output = CliRunner().invoke(main, ["evidence", "verify", str(tmp_path / "bag")]).output
    assert "belongs to the bag" in output
    assert steering(output) == []


def test_a_console_keeps_its_own_styles_and_the_width_of_columns() -> None:
    written = io.StringIO()
    screen = CleanConsole(file=written, force_terminal=True, color_system="standard", width=90)
    table = Table("a", "b")
    table.add_row(Text(f"{STEERING}سلام\u200cها", "bold"), "\ud800 [bold]x")
    screen.print(table)
    assert "\x1b[1m" in written.getvalue()
    plain = OWN.sub("", written.getvalue())
    assert len({len(line.replace("\u200c", "")) for line in plain.splitlines()}) == 1
    assert steering(plain) == []
    assert "سلام\u200cها" in plain
    assert "\ufffd [bold]x" in plain


def test_commands_print_by_the_console_or_by_echo_only() -> None:
    folder = Path(main.callback.__code__.co_filename).parent  # type: ignore[union-attr]
    around = re.compile(r"click\.(?:echo|secho|confirm|prompt)\(|(?<![\w.])print\(|sys\.std(?:out|err)\.write")
    found = {file.name for file in folder.rglob("*.py") if around.search(file.read_text())}
    assert found == {"console.py"}
