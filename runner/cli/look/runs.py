"""`firstbell runs` and `firstbell show`: the list of runs, and one run step by step."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.table import Table
from rich.text import Text

from firstbell.labels import Label
from firstbell.runner.cli.console import console, echo
from firstbell.runner.cli.opening import journeys_of, open_history, zone_of
from firstbell.runner.cli.options import CONFIG_OPTION, GROUP_OPTION, JOURNEY_OPTION, JSON_OPTION, LIMIT_OPTION
from firstbell.runner.cli.render.run_text import (
    StepLine,
    diagnosis_lines,
    fact_line,
    header,
    outcome_line,
    service_text,
    step_line,
)
from firstbell.runner.history.record import AttemptRow, ProofRow, RunRow
from firstbell.runner.history.runs.runs import RunHistory
from firstbell.runner.history.slots.gaps import Gap
from firstbell.runner.history.slots.slots import SlotHistory
from firstbell.runner.outcome import Outcome

OUTCOMES = ("passed", "flaky", "failed", "errored", "blind", "skipped")
GAPS = 5


@click.command()
@JOURNEY_OPTION
@GROUP_OPTION
@click.option("--outcome", type=click.Choice(OUTCOMES), default=None, help="Only runs with this outcome.")
@LIMIT_OPTION
@JSON_OPTION
@CONFIG_OPTION
def runs(journey: str, group: str, outcome: str | None, limit: int, as_json: bool, config_file: Path | None) -> None:
    """List the latest runs, newest first.

    Slots of the same time that were missed or skipped are listed below them.
    """
    with open_history(config_file) as (config, database):
        names = journeys_of(config, journey, group)
        found = RunHistory(database, zone_of(config)).recent(limit, journeys=names, outcome=outcome or "")
        locations = config.settings.location_names if found and not (names or outcome) else ()
        slots = [SlotHistory(database, location, zone_of(config)) for location in locations]
        gaps = [gap for history in slots for gap in history.gaps(found[-1].started_at, GAPS)]
    if as_json:
        echo(json.dumps([asdict(run) for run in found], indent=1, default=str))
        return
    out = console()
    if not found:
        out.print("No runs yet; run all journeys with: firstbell run", style="quiet")
        return
    table = Table(box=None, pad_edge=False, header_style="quiet")
    for column in ("started", "journey", "outcome", "took", "run", "failed step"):
        table.add_column(column, justify="right" if column == "took" else "left", no_wrap=column != "failed step")
    for run in found:
        table.add_row(*_cells(run, zone_of(config)))
    out.print(table)
    for gap in gaps:
        out.print(gap_line(gap, zone_of(config)))


def _cells(run: RunRow, zone: ZoneInfo) -> tuple[Text | str, ...]:
    failure = f"{run.step} ({run.service}): {run.said}" if run.step else run.said
    degraded = f"degraded: {run.degraded}" if run.degraded else ""
    note = " ".join(part for part in (failure, degraded, f"({run.note})" if run.note else "") if part)
    outcome = Text("flaky", "errored") if run.flaky else Text(run.outcome, run.outcome)
    started = f"{run.started_at.astimezone(zone):%a %d %b %H:%M:%S}"
    return started, run.journey, outcome, f"{run.took_s:.1f} s", run.id[-6:], Text(note)


def gap_line(gap: Gap, zone: ZoneInfo) -> Text:
    """Slots that were missed or skipped, in one line."""
    first, last = (f"{moment.astimezone(zone):%a %d %b %H:%M}" for moment in (gap.first, gap.last))
    when = first if first == last else f"{first} to {last}"
    slots = "1 slot" if gap.slots == 1 else f"{gap.slots} slots"
    journeys = "1 journey" if gap.journeys == 1 else f"{gap.journeys} journeys"
    return Text(f"{gap.state}: {slots} of {journeys}, {when}: {gap.why}", gap.state)


@click.command()
@click.argument("run")
@JSON_OPTION
@CONFIG_OPTION
def show(run: str, as_json: bool, config_file: Path | None) -> None:
    """Show one run, step by step. RUN is its id, or the last letters of its id."""
    with open_history(config_file) as (config, database):
        found = RunHistory(database, zone_of(config)).find(run)
    if as_json:
        echo(json.dumps(asdict(found), indent=1, default=str))
        return
    out = console()
    for line in run_text(found, zone_of(config)):
        out.print(line)


def run_text(run: RunRow, zone: ZoneInfo) -> Iterator[Text]:
    """A run, line by line."""
    for attempt in run.attempts:
        yield header(run.journey, run.location, attempt.number, _clock(attempt.started_at, zone))
        yield from _steps(attempt)
        for proof in attempt.proofs:
            yield _proof_line(proof)
    if run.flaky:
        yield Text("  FLAKY: the first attempt failed, the second passed", "errored")
    yield outcome_line(run.outcome, run.took_s, run.step, run.said)
    if run.degraded:
        yield Text(f"  DEGRADED: {run.degraded}", "errored")
    is_failure = run.outcome == Outcome.FAILED
    yield from diagnosis_lines(run.diagnosis, service_text(run.service, run.owner) if is_failure else "")
    if run.note:
        yield Text(f"  {run.note}", "quiet")
    yield fact_line(Label.EVIDENCE, run.evidence)
    browser = run.attempts[-1].browser if run.attempts else ""
    yield Text(f"  run {run.id}, First Bell {run.version}, {browser or 'no browser'}", "quiet")


def _steps(attempt: AttemptRow) -> Iterator[Text]:
    last = None
    for step in attempt.steps:
        took_s = step.ended_s - step.started_s
        yield step_line(
            StepLine(
                actor=step.actor, title=step.title, took_s=took_s, ending=step.ending or None, message=step.said
            ),
            after=last,
        )  # fmt: skip
        last = step.actor


def _proof_line(proof: ProofRow) -> Text:
    """The picture and sound of one participant, as another one received them."""
    figures = proof.figures
    parts = [proof.fault] if proof.fault else []
    if proof.latency_ms is not None:
        parts.append(f"latency {proof.latency_ms:.0f} ms")
    if tone := figures.get("tone_hz"):
        parts.append(f"tone {tone:.0f} Hz")
    if path := figures.get("path"):
        parts.append(f"{path['protocol']}, {path['local']} to {path['remote']}")
    line = f"  {proof.observer} receives {proof.observed}: {', '.join(parts)}"
    return Text(line, "failed" if proof.fault else "quiet")


def _clock(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%a %d %b %Y %H:%M:%S %Z}"
