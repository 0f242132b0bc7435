"""Text of a status: a summary, a table of journeys, open incidents and notices that wait."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from rich.table import Table
from rich.text import Text

from firstbell.runner.alarms.status import JourneyStatus, Level, Status
from firstbell.runner.cli.console import console

STYLES = {Level.OK: "passed", Level.WARNING: "errored", Level.CRITICAL: "failed", Level.UNKNOWN: "errored"}


def print_status(status: Status, zone: ZoneInfo) -> None:
    """Prints a status, with times in the school's zone."""
    out = console()
    out.print(Text.assemble((f"{status.level.name}  ", STYLES[status.level]), status.summary(zone)), soft_wrap=True)
    if status.journeys:
        out.print(_table(status, zone))
    for open_ in status.incidents:
        by = f", acknowledged by {open_.acknowledged_by}" if open_.acknowledged_by else ""
        out.print(Text(f"incident {open_.incident.number}{by}: firstbell incidents {open_.incident.number}"))
    if status.waiting_since:
        waited_s = (datetime.now(UTC) - status.waiting_since).total_seconds()
        out.print(Text(f"a notice has waited for {waited_s:.0f} s: firstbell alarm outbox", "errored"))


def _table(status: Status, zone: ZoneInfo) -> Table:
    table = Table(box=None, pad_edge=False, header_style="quiet")
    for column in ("journey", "location", "state", "last run", "took"):
        table.add_column(column, justify="right" if column == "took" else "left")
    for journey in status.journeys:
        last_run = f"{journey.at.astimezone(zone):%a %H:%M:%S}"
        table.add_row(journey.journey, journey.location, _state(journey), last_run, f"{journey.took_s:.1f} s")
    return table


def _state(journey: JourneyStatus) -> Text:
    if journey.broken_by:
        return Text(f"broken by {journey.broken_by}", "failed")
    if journey.under_construction:
        return Text(f"under construction ({journey.outcome})", "quiet")
    if journey.is_unseen:
        return Text(f"unknown ({journey.outcome})", "errored")
    return Text(journey.outcome, journey.outcome)
