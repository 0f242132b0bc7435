"""Text of a status: a summary, a table of journeys, open incidents and notices that wait."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from rich.table import Table
from rich.text import Text

from firstbell.runner.alarms.rules.silence import Silence, is_covered
from firstbell.runner.alarms.status import JourneyStatus, Level, Status
from firstbell.runner.alarms.wording.progress import acknowledged_text
from firstbell.runner.alarms.wording.times import moment_text, until_text, zone_name
from firstbell.runner.cli.console import console

STYLES = {Level.OK: "passed", Level.WARNING: "errored", Level.CRITICAL: "failed", Level.UNKNOWN: "errored"}


def print_status(status: Status, silences: Sequence[Silence], zone: ZoneInfo) -> None:
    """Prints a status with the silences in force, and times in the school's zone."""
    out, now = console(), datetime.now(UTC)
    out.print(Text.assemble((f"{status.level.name}  ", STYLES[status.level]), status.summary(zone)))
    if status.journeys:
        out.print(_table(status, zone))
    for open_ in status.incidents:
        told = f", {acknowledged_text(open_, now, zone)}" if open_.is_acknowledged(now) else ", not acknowledged"
        silenced = ", silenced" if is_covered(open_.incident, silences, now) else ""
        number = open_.incident.number
        since = f"since {moment_text(open_.incident.since, zone)}"
        out.print(Text(f"incident {number} {since}{told}{silenced}: firstbell incidents {number}"))
    for silence in silences:
        scope = ", ".join(filter(None, (silence.service, silence.journey, silence.location))) or "everything"
        text = f"silence {silence.number} of {scope} until {until_text(silence.until, now, zone)}, by {silence.by}"
        out.print(Text(f"{text}{f': {silence.why}' if silence.why else ''}", "quiet"))
    if status.waiting_since:
        waited_s = (now - status.waiting_since).total_seconds()
        out.print(Text(f"a notice has waited for {waited_s:.0f} s: firstbell alarm outbox", "errored"))


def _table(status: Status, zone: ZoneInfo) -> Table:
    table = Table(box=None, pad_edge=False, header_style="quiet")
    last_run_title = f"last run ({zone_name(max(journey.at for journey in status.journeys), zone)})"
    for column in ("journey", "location", "state", last_run_title, "took"):
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
