"""`firstbell status`: how everything is now, for people and for the monitors that IT already runs."""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.table import Table
from rich.text import Text

from firstbell.runner.alarms.monitor_formats import FORMATS
from firstbell.runner.alarms.status import JourneyStatus, Level, Status
from firstbell.runner.app.alerting import alerting_for
from firstbell.runner.cli.console import console
from firstbell.runner.cli.look.runs import CONFIG_OPTION, open_history, zone_of
from firstbell.runner.history.alarms.status import status_of

STYLES = {Level.OK: "passed", Level.WARNING: "errored", Level.CRITICAL: "failed", Level.UNKNOWN: "errored"}


CANNOT_LOOK: Mapping[str | None, Callable[[str], str]] = {
    "nagios": lambda said: f"FIRSTBELL UNKNOWN - {said}",
    "prtg": lambda said: json.dumps({"prtg": {"error": 1, "text": said}}),
}


@click.command()
@click.option("--format", "format_", type=click.Choice(sorted(FORMATS)), default=None, help="For another monitor.")
@click.option("--out", type=Path, default=None, help="Write it there in one step, as a textfile collector wants it.")
@CONFIG_OPTION
def status(format_: str | None, out: Path | None, config_file: Path | None) -> None:
    """Say how everything is now.

    Exits as plug-ins of Nagios do: 0 well, 1 warning, 2 critical, 3 nobody knows (First Bell does not watch, or
    something could not be judged). With --format prometheus it exits with 0: a collector reads the figures.
    """
    with _unknown_at_worst(format_), open_history(config_file) as (config, database):
        given = config.settings
        board = alerting_for(config, database)
        found = status_of(database, board.incidents, given.location_names, given.alarms.silent_after)
    if format_ is None:
        _tell(found, zone_of(config))
    else:
        _write(FORMATS[format_](found, zone_of(config)), out)
    raise SystemExit(Level.OK if format_ == "prometheus" else found.level)


@contextmanager
def _unknown_at_worst(format_: str | None) -> Iterator[None]:
    """Who cannot look does not know: whatever goes wrong on the way ends with 3. Monitors read why on standard output,
    and nothing else."""
    heard = io.StringIO() if format_ in CANNOT_LOOK else sys.stderr
    try:
        with redirect_stderr(heard):
            yield
    except SystemExit:
        said = heard.getvalue() if isinstance(heard, io.StringIO) else ""
    except Exception as error:
        if format_ not in CANNOT_LOOK:
            raise
        said = f"it cannot be looked at ({type(error).__name__})"
    else:
        return
    if format_ in CANNOT_LOOK:
        click.echo(CANNOT_LOOK[format_](" ".join(said.split()).replace("|", "/")))
    raise SystemExit(Level.UNKNOWN)


def _write(text: str, out: Path | None) -> None:
    if out is None:
        click.echo(text)
        return
    with tempfile.NamedTemporaryFile("w", dir=out.absolute().parent, prefix=f".{out.name}.", delete=False) as file:
        file.write(f"{text}\n")
    os.chmod(file.name, 0o644)  # noqa: PTH101  # another user's collector reads it
    os.replace(file.name, out)  # noqa: PTH105


def _tell(found: Status, zone: ZoneInfo) -> None:
    out = console()
    out.print(Text.assemble((f"{found.level.name}  ", STYLES[found.level]), found.summary), soft_wrap=True)
    if found.journeys:
        table = Table(box=None, pad_edge=False, header_style="quiet")
        for column in ("journey", "from", "how it is", "last run", "took"):
            table.add_column(column, justify="right" if column == "took" else "left")
        for one in found.journeys:
            state, style = _state(one)
            ran = f"{one.at.astimezone(zone):%a %H:%M:%S}"
            table.add_row(one.journey, one.location, Text(state, style), ran, f"{one.took_s:.1f} s")
        out.print(table)
    for standing in found.incidents:
        hand = f", in hand: {standing.acknowledged_by}" if standing.acknowledged_by else ""
        out.print(Text(f"incident {standing.incident.number}{hand}: firstbell incidents {standing.incident.number}"))
    if found.waiting_since:
        waited = round((datetime.now(UTC) - found.waiting_since).total_seconds())
        out.print(Text(f"a notice waits for {waited} s: firstbell alarm outbox", "errored"))


def _state(one: JourneyStatus) -> tuple[str, str]:
    if one.broken_by:
        return f"broken by {one.broken_by}", "failed"
    if one.is_unseen:
        return f"not judged ({one.outcome})", "errored"
    return one.outcome, one.outcome
