"""`firstbell silence`: holds notices back for a while; runs and incidents are recorded as usual."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from firstbell.runner.cli.console import console, give_up
from firstbell.runner.cli.current_user import whoami
from firstbell.runner.cli.opening import open_history, zone_of
from firstbell.runner.cli.options import CONFIG_OPTION
from firstbell.runner.cli.parse_until import parse_until
from firstbell.runner.config.load import Config
from firstbell.runner.config.to_alarms import alarm_policy_of
from firstbell.runner.history.alarms.incidents import IncidentService
from firstbell.runner.history.alarms.silences import SilenceHistory
from firstbell.runner.history.database import Database


@click.group()
def silence() -> None:
    """Hold notices back for a while.

    Notices of incidents that are still open at the end are sent then.
    """


@silence.command()
@click.option("--until", required=True, help='"30m" from now, "15:30" or "2026-12-01 08:00" in the school\'s time.')
@click.option("--why", required=True, help="The reason, for colleagues.")
@click.option("--service", default="", help="Only incidents of this service.")
@click.option("--journey", default="", help="Only incidents of this journey alone.")
@click.option("--location", default="", help="Only incidents of this location alone.")
@click.option("--by", default="", help="Your name; by default the login name.")
@CONFIG_OPTION
def add(until: str, why: str, service: str, journey: str, location: str, by: str, config_file: Path | None) -> None:
    """Hold notices back until a moment."""
    with open_history(config_file) as (config, database):
        if service and service not in config.settings.services and not config.settings.school.practice:
            give_up(f"no service is called '{service}'; see [services] in {config.file.name}", code=3)
        ends = parse_until(until, zone_of(config), datetime.now(UTC))
        unknown_names = _unknown_names(config, database, journey, location)
        silence_ = SilenceHistory(database).make(
            until=ends, by=by or whoami(), why=why, service=service, journey=journey, location=location
        )
    scope = " ".join(filter(None, (service, journey, location))) or "everything"
    console().print(
        Text(f"Silence {silence_.number}: {scope}, until {ends.astimezone(zone_of(config)):%a %d %b %H:%M}")
    )
    for name in unknown_names:
        console().print(f"{name} is unknown here; check the name.", style="errored")
    console().print(f"End it earlier with: firstbell silence end {silence_.number}", style="quiet")


def _unknown_names(config: Config, database: Database, journey: str, location: str) -> list[str]:
    """The names that do not exist here: a silence of such a name holds nothing back."""
    watched = IncidentService(database, alarm_policy_of(config.settings)).watched()
    journeys = {*config.settings.journeys, *(name for _, name in watched)}
    locations = {
        config.settings.watch.location,
        *(name for journey_ in watched.values() for name in journey_.health.places),
    }
    return [name for name, known in ((journey, journeys), (location, locations)) if name and name not in known]


@silence.command("list")
@CONFIG_OPTION
def list_(config_file: Path | None) -> None:
    """List the silences of now."""
    with open_history(config_file) as (config, database):
        found, zone = SilenceHistory(database).now(), zone_of(config)
    if not found:
        console().print("No silences.", style="quiet")
        return
    table = Table(box=None, pad_edge=False, header_style="quiet")
    for column in ("no.", "scope", "until", "by", "why"):
        table.add_column(column)
    for current in found:
        scope = " ".join(filter(None, (current.service, current.journey, current.location))) or "everything"
        row = (str(current.number), scope, f"{current.until.astimezone(zone):%a %d %b %H:%M}", current.by, current.why)
        table.add_row(*map(Text, row))
    console().print(table)


@silence.command()
@click.argument("number", type=int)
@CONFIG_OPTION
def end(number: int, config_file: Path | None) -> None:
    """End a silence now."""
    with open_history(config_file) as (_, database):
        SilenceHistory(database).end(number)
    console().print(f"Silence {number} has ended; firstbell watch sends notices of open incidents within seconds.")
