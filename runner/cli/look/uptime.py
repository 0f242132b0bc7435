"""`firstbell uptime`: how each journey has been over the last days."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from firstbell.runner.cli.console import console
from firstbell.runner.cli.look.runs import CONFIG_OPTION, journeys_of, open_history, zone_of
from firstbell.runner.history.daily_figures import DailyFigures, Uptime

GOOD, FAIR = 0.999, 0.99


@click.command()
@click.option("--days", type=click.IntRange(1, 3660), default=30, show_default=True, help="How many, today included.")
@click.option("--journey", default="", help="Only this journey.")
@click.option("--group", default="", help="Only journeys of this group.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@CONFIG_OPTION
def uptime(days: int, journey: str, group: str, as_json: bool, config_file: Path | None) -> None:
    """Say how each journey has been: of what could be judged, how much was well; and what nobody knows."""
    with open_history(config_file) as (config, database):
        today = datetime.now(UTC).astimezone(zone_of(config)).date()
        first = today - timedelta(days=days - 1)
        found = DailyFigures(database).uptime(first, today, journeys_of(config, journey, group))
    if as_json:
        click.echo(json.dumps([asdict(one) | {"share": one.share} for one in found], indent=1))
        return
    out = console()
    if not found:
        out.print("Nothing has run in these days.", style="quiet")
        return
    table = Table(box=None, pad_edge=False, header_style="quiet")
    table.add_column("journey")
    for column in ("well", "passed", "flaky", "failed", "unknown", "skipped"):
        table.add_column(column, justify="right")
    for one in found:
        numbers = (one.passed, one.flaky, one.failed, one.unknown, one.skipped)
        table.add_row(one.journey, _share(one), *(Text(str(number), "" if number else "quiet") for number in numbers))
    out.print(table)
    out.print(f"{first:%d %b %Y} to {today:%d %b %Y}; unknown: errored, blind or missed, and never well", style="quiet")


def _share(one: Uptime) -> Text:
    if one.share is None:
        return Text("not judged", "errored")
    style = "passed" if one.share >= GOOD else "errored" if one.share >= FAIR else "failed"
    return Text(f"{one.share:.2%}", style)
