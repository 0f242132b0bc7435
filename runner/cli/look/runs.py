"""`firstbell runs` and `firstbell show`: what has run, and one run told again as a story with times."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.table import Table
from rich.text import Text

from firstbell.runner.app.build import config_at, embedded_district, history_url, state_folder
from firstbell.runner.cli.console import console
from firstbell.runner.cli.play.run import errors_as_sentences
from firstbell.runner.cli.render.run_text import StepLine, diagnosis_line, header, outcome_line, owner_text, step_line
from firstbell.runner.config.errors import ConfigError, NoConfig
from firstbell.runner.config.load import Config
from firstbell.runner.history.database import Database
from firstbell.runner.history.record import AttemptRow, ProofRow, RunRow
from firstbell.runner.history.runs.runs import RunHistory
from firstbell.runner.history.slots.slots import Gap, SlotHistory

CONFIG_OPTION = click.option(
    "--config", "config_file", type=Path, default=None, help="The configuration; found upwards if left out."
)
OUTCOMES = ("passed", "flaky", "failed", "errored", "blind", "skipped")
GAPS = 5


@click.command()
@click.option("--journey", default="", help="Only this journey.")
@click.option("--group", default="", help="Only journeys of this group.")
@click.option("--outcome", type=click.Choice(OUTCOMES), default=None, help="Only these.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@CONFIG_OPTION
def runs(journey: str, group: str, outcome: str | None, limit: int, as_json: bool, config_file: Path | None) -> None:
    """List the latest runs, newest first, and what should have run in that time and did not."""
    with open_history(config_file) as (config, database):
        names = journeys_of(config, journey, group)
        found = RunHistory(database, zone_of(config)).recent(limit, journeys=names, outcome=outcome or "")
        places = config.settings.location_names if found and not (names or outcome) else ()
        slots = [SlotHistory(database, place, zone_of(config)) for place in places]
        gaps = [gap for one in slots for gap in one.gaps(found[-1].started_at, GAPS)]
    if as_json:
        click.echo(json.dumps([asdict(run) for run in found], indent=1, default=str))
        return
    out = console()
    if not found:
        out.print("Nothing has run yet; play all journeys with: firstbell run", style="quiet")
        return
    table = Table(box=None, pad_edge=False, header_style="quiet")
    for column in ("when", "journey", "outcome", "took", "run", "where it broke"):
        table.add_column(column, justify="right" if column == "took" else "left", no_wrap=column != "where it broke")
    for run in found:
        broke = f"{run.step} ({run.service}): {run.said}" if run.step else run.said
        when = f"{run.started_at.astimezone(zone_of(config)):%a %d %b %H:%M:%S}"
        outcome_ = Text("flaky", "errored") if run.flaky else Text(run.outcome, run.outcome)
        degraded = f"degraded: {run.degraded}" if run.degraded else ""
        note = " ".join(part for part in (broke, degraded, f"({run.note})" if run.note else "") if part)
        table.add_row(when, run.journey, outcome_, f"{run.took_s:.1f} s", run.id[-6:], Text(note))
    out.print(table)
    for gap in gaps:
        out.print(gap_line(gap, zone_of(config)))


def gap_line(gap: Gap, zone: ZoneInfo) -> Text:
    """Slots that nobody ran, in one line."""
    first, last = (f"{moment.astimezone(zone):%a %d %b %H:%M}" for moment in (gap.first, gap.last))
    when = first if first == last else f"{first} to {last}"
    slots = "1 slot" if gap.slots == 1 else f"{gap.slots} slots"
    journeys = "1 journey" if gap.journeys == 1 else f"{gap.journeys} journeys"
    return Text(f"{gap.state}: {slots} of {journeys}, {when}: {gap.why}", gap.state)


@click.command()
@click.argument("run")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@CONFIG_OPTION
def show(run: str, as_json: bool, config_file: Path | None) -> None:
    """Tell one run as a story. RUN is its id, or the last letters of it."""
    with open_history(config_file) as (config, database):
        found = find_run(run, config, database)
    if as_json:
        click.echo(json.dumps(asdict(found), indent=1, default=str))
        return
    out = console()
    for line in run_text(found, zone_of(config)):
        out.print(line)


def find_run(name: str, config: Config, database: Database) -> RunRow:
    """The run that a person means. Raises NoSuchRun."""
    return RunHistory(database, zone_of(config)).find(name)


def run_text(run: RunRow, zone: ZoneInfo) -> Iterator[Text]:
    """A run, line by line."""
    for attempt in run.attempts:
        yield header(run.journey, run.location, attempt.number, _clock(attempt.started_at, zone))
        yield from _steps(attempt)
        for proof in attempt.proofs:
            yield _proof_line(proof)
    if run.flaky:
        yield Text("  FLAKY: it failed at first and passed when it was played again", "errored")
    yield outcome_line(run.outcome, run.took_s, run.step, owner_text(run.service, run.owner), run.said)
    if found := run.diagnosis:
        yield diagnosis_line(found["words"], found["confidence"], [one["said"] for one in found["because"]])
    if run.degraded:
        yield Text(f"  DEGRADED: {run.degraded}", "errored")
    if run.note:
        yield Text(f"  {run.note}", "quiet")
    yield Text.assemble(("  evidence   ", "quiet"), run.evidence)
    browser = run.attempts[-1].browser if run.attempts else ""
    yield Text(f"  run {run.id}, First Bell {run.version}, {browser or 'no browser'}", "quiet")


def _steps(attempt: AttemptRow) -> Iterator[Text]:
    last = None
    for step in attempt.steps:
        took_s = step.ended_s - step.started_s
        line = StepLine(actor=step.actor, title=step.title, took_s=took_s, ending=step.ending or None, said=step.said)
        yield step_line(line, after=last)
        last = step.actor


def _proof_line(proof: ProofRow) -> Text:
    """What one actor's look at another measured."""
    figures = proof.figures
    parts = [f"{proof.observer} looked at {proof.observed}:"]
    if proof.fault:
        parts.append(proof.fault)
    if proof.latency_ms is not None:
        parts.append(f"{proof.latency_ms:.0f} ms from glass to glass,")
    if tone := figures.get("tone_hz"):
        parts.append(f"{tone:.0f} Hz heard,")
    if path := figures.get("path"):
        parts.append(f"by {path['protocol']}, {path['local']} to {path['remote']}")
    return Text("  " + " ".join(parts).rstrip(","), "failed" if proof.fault else "quiet")


@contextmanager
def open_history(config_file: Path | None) -> Iterator[tuple[Config, Database]]:
    """The configuration and its history, for looking; where there is none, what the practice school left here."""
    with errors_as_sentences():
        try:
            config = config_at(config_file, Path.cwd())
        except NoConfig:
            config = embedded_district()
            if config_file is not None or not (state_folder(config) / "history.db").exists():
                raise
        with closing(Database(history_url(config))) as database:
            yield config, database


def journeys_of(config: Config, journey: str, group: str) -> list[str]:
    """The journeys meant: one, those of a group, or all (none named). Raises ConfigError for an unknown group."""
    if not group:
        return [journey] if journey else []
    named = [name for name, section in config.settings.journeys.items() if group in section.groups]
    if not named:
        raise ConfigError([config.problem(("journeys",), f"no journey has the group '{group}'; add it to groups")])
    return named


def zone_of(config: Config) -> ZoneInfo:
    """The school's time zone."""
    return ZoneInfo(config.settings.school.timezone)


def _clock(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%a %d %b %Y %H:%M:%S %Z}"
