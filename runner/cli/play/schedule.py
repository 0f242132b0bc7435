"""`firstbell schedule`: what will run when, why other things will not, and whether this machine can carry it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from firstbell.runner.app.build import config_at
from firstbell.runner.app.local_runner import UnknownJourney, collect_journeys
from firstbell.runner.app.open_config import history_url
from firstbell.runner.cli.console import console, errors_as_sentences
from firstbell.runner.cli.opening import zone_of
from firstbell.runner.cli.options import CONFIG_OPTION
from firstbell.runner.config.load import Config
from firstbell.runner.config.to_schedule import maintenance_of, timetable_of
from firstbell.runner.execution.journey_catalog import JourneyEntry, journey_catalog
from firstbell.runner.history.database import Database
from firstbell.runner.history.runs.runs import RunHistory
from firstbell.runner.schedule.calendar import Day
from firstbell.runner.schedule.capacity import QUARTER_S, busiest_quarter
from firstbell.runner.schedule.slots import Due, Phase, Rhythm, Timetable
from firstbell.runner.watch.service import workers_of

# What a journey is taken to last before it has ever run: a live class with sign-ins on a slow day.
GUESSED_S = 15.0


@click.command()
@click.option("--days", type=click.IntRange(1, 60), default=7, show_default=True, help="How many, today included.")
@click.option("--journey", default="", help="List every time of this journey.")
@CONFIG_OPTION
def schedule(days: int, journey: str, config_file: Path | None) -> None:
    """Print what will run when, and why other things will not."""
    with errors_as_sentences():
        config = config_at(config_file, Path.cwd())
        pieces = journey_catalog(collect_journeys(config).journeys, config.settings)
        timetable = timetable_of(config.settings, [name for name, piece in pieces.items() if piece.section.enabled])
        if journey and journey not in timetable.rhythms:
            known = ", ".join(sorted(timetable.rhythms)) or "none"
            raise UnknownJourney(f"no journey called '{journey}' is scheduled; there are: {known}")
        with closing(Database(history_url(config))) as database:
            usual = RunHistory(database, zone_of(config)).usual_s(list(timetable.rhythms))
    now = datetime.now(UTC)
    today = now.astimezone(zone_of(config)).date()
    dates = [today + timedelta(days=number) for number in range(days)]
    until = datetime.combine(dates[-1] + timedelta(days=1), datetime.min.time(), zone_of(config)).astimezone(UTC)
    dues = timetable.due(now, until)
    out = console()
    if journey:
        _times(out, [due for due in dues if due.journey == journey], config)
        return
    out.print(_journeys(timetable, dues, usual, pieces, config))
    out.print()
    out.print(_days(dates, timetable, dues, config))
    out.print()
    for line in _remarks(dues, usual, pieces, config):
        out.print(line)


def _journeys(
    timetable: Timetable,
    dues: Sequence[Due],
    usual: Mapping[str, float],
    pieces: Mapping[str, JourneyEntry],
    config: Config,
) -> Table:
    table = Table(box=None, pad_edge=False, header_style="quiet")
    for column in ("journey", "when", "groups", "next", "slots", "usually"):
        table.add_column(
            column, justify="right" if column in {"slots", "usually"} else "left", no_wrap=column != "when"
        )
    counts = Counter(due.journey for due in dues)
    for name, piece in pieces.items():
        rhythm = timetable.rhythms.get(name)
        if rhythm is None:
            table.add_row(
                Text(name, "quiet"),
                Text(f"not played without {piece.lacks}" if piece.lacks else "not enabled", "quiet"),
            )
            continue
        first = next((due for due in dues if due.journey == name), None)
        table.add_row(
            Text(name, "" if piece.card else "failed"),
            rhythm_text(rhythm, has_bells=bool(config.settings.bells)),
            ", ".join(rhythm.groups) or Text("all", "quiet"),
            f"{first.at.astimezone(zone_of(config)):%a %H:%M:%S}" if first else Text("never", "errored"),
            str(counts[name]),
            f"{usual[name]:.1f} s" if name in usual else Text("not known", "quiet"),
        )
    return table


def rhythm_text(rhythm: Rhythm, *, has_bells: bool) -> str:
    """A rhythm in words."""
    if rhythm.crontab:
        return f"cron {rhythm.crontab}"
    every = f"every {_time(rhythm.every_s)}"
    if not (rhythm.follows_bells and has_bells):
        return f"{every}, round the clock"
    lead = rhythm.lead_in
    often = f"every {_time(lead.every_s)} for {_time(lead.before_bell_s)} before the bell, " if lead else ""
    return f"{often}{every} in class, {_time(rhythm.after_hours_s)} after hours"


def _time(seconds: float) -> str:
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:g} s"


def _days(dates: Sequence[date], timetable: Timetable, dues: Sequence[Due], config: Config) -> Table:
    """A line for each day: what the school does, and how much is due in which phase."""
    table = Table(box=None, pad_edge=False, header_style="quiet")
    for column in ("day", "school", "slots"):
        table.add_column(column, no_wrap=column == "day")
    zone = zone_of(config)
    phases: dict[date, Counter[Phase]] = {day: Counter() for day in dates}
    for due in dues:
        phases[due.at.astimezone(zone).date()][due.phase] += 1
    for day in dates:
        told = timetable.calendar.day(day)
        counted = ((phase, phases[day][phase]) for phase in Phase)
        slots = ", ".join(f"{number} {phase.value}" for phase, number in counted if number) or "nothing due"
        text = Text(day_text(told), "" if told.in_session else "quiet")
        table.add_row(Text(f"{day:%a %d %b}", "strong"), text, Text(slots, "quiet"))
    return table


def day_text(day: Day) -> str:
    """What a school does on a day."""
    if not day.in_session:
        return f"no school: {day.why}"
    parts = ["in session"]
    if day.cycle_day:
        parts.append(f"day {day.cycle_day}")
    if day.bells is not None:
        bells = " ".join(f"{bell:%H:%M}" for bell in day.bells.first_bells(()))
        parts.append(f"bells {day.bells.name} ({bells} to {day.bells.closing_bell(()):%H:%M})")
    return ", ".join([*parts, *([day.why] if day.why else [])])


def _remarks(
    dues: Sequence[Due], usual: Mapping[str, float], pieces: Mapping[str, JourneyEntry], config: Config
) -> Iterator[Text]:
    zone = zone_of(config)
    for window in maintenance_of(config.settings):
        if window.end > datetime.now(UTC):
            start, end = (f"{moment.astimezone(zone):%a %d %b %H:%M}" for moment in (window.start, window.end))
            yield Text(f"{window}, {start} to {end}: journeys {'run' if window.run else 'do not run'}", "errored")
    for section in config.settings.maintenance:
        if section.ics:
            yield Text(f"maintenance is also read from {section.ics}, when firstbell watch runs", "quiet")
    for piece in pieces.values():
        if piece.card is None and piece.section.enabled:
            yield Text(f"no file defines the journey '{piece.name}': its slots will be missed", "failed")
    expected = {due.journey: usual.get(due.journey, GUESSED_S) for due in dues}
    load = busiest_quarter(dues, expected, workers_of(config.settings.watch))
    if load is None:
        yield Text("nothing is due", "errored")
        return
    begins = load.begins.astimezone(zone)
    ends = begins + timedelta(seconds=QUARTER_S)
    busy = f"busiest: {begins:%a %H:%M} to {ends:%H:%M}, {load.share:.0%} of {load.workers} "
    yield Text(busy + ("worker" if load.workers == 1 else "workers"), "quiet")
    if load.warning:
        yield Text(load.warning, "failed" if load.share > 1 else "errored")


def _times(out: Console, dues: Sequence[Due], config: Config) -> None:
    for due in dues:
        at = due.at.astimezone(zone_of(config))
        out.print(Text.assemble(f"{at:%a %d %b %H:%M:%S}  ", (due.phase.value, "quiet")))
    if not dues:
        out.print("never in these days", style="errored")
