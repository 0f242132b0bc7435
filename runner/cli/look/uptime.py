"""`firstbell uptime`: the share of runs that passed, by journey."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from firstbell.runner.cli.console import console, echo
from firstbell.runner.cli.opening import journeys_of, open_history, zone_of
from firstbell.runner.cli.options import CONFIG_OPTION, GROUP_OPTION, JOURNEY_OPTION, JSON_OPTION
from firstbell.runner.history.daily_figures import DailyFigures, Uptime

GOOD, FAIR = 0.999, 0.99


@click.command()
@click.option(
    "--days", type=click.IntRange(1, 3660), default=30, show_default=True, help="The number of days, with today."
)
@JOURNEY_OPTION
@GROUP_OPTION
@JSON_OPTION
@CONFIG_OPTION
def uptime(days: int, journey: str, group: str, as_json: bool, config_file: Path | None) -> None:
    """Show the share of runs that passed, by journey.

    Slots without a result (errored, blind, missed) are counted as unknown, and are not part of the share.
    """
    with open_history(config_file) as (config, database):
        today = datetime.now(UTC).astimezone(zone_of(config)).date()
        first = today - timedelta(days=days - 1)
        found = DailyFigures(database).uptime(first, today, journeys_of(config, journey, group))
    if as_json:
        echo(json.dumps([asdict(row) | {"share": row.share} for row in found], indent=1))
        return
    out = console()
    if not found:
        out.print("No runs in these days.", style="quiet")
        return
    table = Table(box=None, pad_edge=False, header_style="quiet")
    table.add_column("journey")
    for column in ("uptime", "passed", "flaky", "failed", "unknown", "skipped"):
        table.add_column(column, justify="right")
    for row in found:
        numbers = (row.passed, row.flaky, row.failed, row.unknown, row.skipped)
        table.add_row(row.journey, _share(row), *(Text(str(number), "" if number else "quiet") for number in numbers))
    out.print(table)
    days_text = f"{first:%d %b %Y} to {today:%d %b %Y}, days of {zone_of(config).key}"
    out.print(f"{days_text}; unknown: errored, blind or missed", style="quiet")


def _share(row: Uptime) -> Text:
    if row.share is None:
        return Text("unknown", "errored")
    style = "passed" if row.share >= GOOD else "errored" if row.share >= FAIR else "failed"
    return Text(f"{row.share:.2%}", style)
