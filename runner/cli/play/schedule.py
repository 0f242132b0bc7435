"""`firstbell schedule`: the slots of the next days, journeys that are not scheduled, and the load of this machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from firstbell.runner.alarms.wording.times import zone_name
from firstbell.runner.app.build import account_pool_of, config_at
from firstbell.runner.app.history_address import history_url
from firstbell.runner.app.local_runner import UnknownJourney, collect_journeys
from firstbell.runner.cli.console import console, errors_as_sentences
from firstbell.runner.cli.opening import zone_of
from firstbell.runner.cli.options import CONFIG_OPTION
from firstbell.runner.config.load import Config
from firstbell.runner.config.to_schedule import maintenance_of, timetable_of
from firstbell.runner.execution.journey_catalog import JourneyEntry, journey_catalog
from firstbell.runner.history.database import Database
from firstbell.runner.history.runs.runs import RunHistory
from firstbell.runner.schedule.calendar import Day
from firstbell.runner.schedule.capacity import QUARTER_S, AccountNeeds, Load, busiest_quarter
from firstbell.runner.schedule.slots import Due, Phase, Rhythm, Timetable
from firstbell.runner.watch.service import workers_of

# The assumed duration of a journey that has never run: a live class with sign-ins on a slow day.
GUESSED_S = 15.0


@click.command()
@click.option(
    "--days", type=click.IntRange(1, 60), default=7, show_default=True, help="The number of days, with today."
)
@click.option("--journey", default="", help="List every slot of this journey.")
@CONFIG_OPTION
def schedule(days: int, journey: str, config_file: Path | None) -> None:
    """Show the slots of the next days, and what is not scheduled."""
    with errors_as_sentences():
        config = config_at(config_file, Path.cwd())
        entries = journey_catalog(collect_journeys(config).journeys, config.settings)
        timetable = timetable_of(config.settings, [name for name, entry in entries.items() if entry.section.enabled])
        if journey and journey not in timetable.rhythms:
            known = ", ".join(sorted(timetable.rhythms)) or "none"
            raise UnknownJourney(f"no journey called '{journey}' is scheduled; there are: {known}")
        with closing(Database(history_url(config))) as database:
            usual = RunHistory(database, zone_of(config)).usual_s(list(timetable.rhythms))
    now = datetime.now(UTC)
    today = now.astimezone(zone_of(config)).date()
    dates = [today + timedelta(days=number) for number in range(days)]
    until = datetime.combine(dates[-1] + timedelta(days=1), datetime.min.time(), zone_of(config)).astimezone(UTC)
    slots = timetable.due(now, until)
    out = console()
    if journey:
        _print_slots(out, [slot for slot in slots if slot.journey == journey], config)
        return
    out.print(Text(f"times in {zone_of(config).key}", "quiet"))
    out.print(_journeys(timetable, slots, usual, entries, config))
    out.print()
    out.print(_days(dates, timetable, slots, config))
    out.print()
    for line in _remarks(slots, usual, entries, config):
        out.print(line)


def _journeys(
    timetable: Timetable,
    slots: Sequence[Due],
    usual: Mapping[str, float],
    entries: Mapping[str, JourneyEntry],
    config: Config,
) -> Table:
    table = Table(box=None, pad_edge=False, header_style="quiet")
    for column in ("journey", "schedule", "groups", "next", "slots", "takes"):
        table.add_column(
            column, justify="right" if column in {"slots", "takes"} else "left", no_wrap=column != "schedule"
        )
    counts = Counter(slot.journey for slot in slots)
    for name, entry in entries.items():
        rhythm = timetable.rhythms.get(name)
        if rhythm is None:
            table.add_row(
                Text(name, "quiet"),
                Text(f"not scheduled without {entry.lacks}" if entry.lacks else "not enabled", "quiet"),
            )
            continue
        first = next((slot for slot in slots if slot.journey == name), None)
        table.add_row(
            Text(name, "" if entry.journey_info else "failed"),
            rhythm_text(rhythm, has_bells=bool(config.settings.bells)),
            ", ".join(rhythm.groups) or Text("all", "quiet"),
            f"{first.at.astimezone(zone_of(config)):%a %H:%M:%S}" if first else Text("never", "errored"),
            str(counts[name]),
            f"{usual[name]:.1f} s" if name in usual else Text("unknown", "quiet"),
        )
    return table


def rhythm_text(rhythm: Rhythm, *, has_bells: bool) -> str:
    """The schedule of a journey, in words."""
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


def _days(dates: Sequence[date], timetable: Timetable, slots: Sequence[Due], config: Config) -> Table:
    """One line for each day: the school's hours, and the number of slots in each phase."""
    table = Table(box=None, pad_edge=False, header_style="quiet")
    for column in ("day", "school", "slots"):
        table.add_column(column, no_wrap=column == "day")
    zone = zone_of(config)
    phases: dict[date, Counter[Phase]] = {day: Counter() for day in dates}
    for slot in slots:
        phases[slot.at.astimezone(zone).date()][slot.phase] += 1
    for day in dates:
        school_day = timetable.calendar.day(day)
        counted = ((phase, phases[day][phase]) for phase in Phase)
        by_phase = ", ".join(f"{number} {phase.value}" for phase, number in counted if number) or "none"
        text = Text(day_text(school_day), "" if school_day.in_session else "quiet")
        table.add_row(Text(f"{day:%a %d %b}", "strong"), text, Text(by_phase, "quiet"))
    return table


def day_text(day: Day) -> str:
    """The school's hours on one day."""
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
    slots: Sequence[Due], usual: Mapping[str, float], entries: Mapping[str, JourneyEntry], config: Config
) -> Iterator[Text]:
    zone = zone_of(config)
    for window in maintenance_of(config.settings):
        if window.end > datetime.now(UTC):
            start, end = (f"{moment.astimezone(zone):%a %d %b %H:%M}" for moment in (window.start, window.end))
            yield Text(f"{window}, {start} to {end}: journeys {'run' if window.run else 'do not run'}", "errored")
    for section in config.settings.maintenance:
        if section.ics:
            yield Text(f"maintenance is also read from {section.ics}, when firstbell watch runs", "quiet")
    for entry in entries.values():
        if entry.journey_info is None and entry.section.enabled:
            advice = f"add a file that defines it, or remove [journeys.{entry.name}]"
            yield Text(f"no file defines the journey '{entry.name}': its slots will be missed; {advice}", "failed")
    pool = account_pool_of(config.settings, None)
    needs = {name: pool.needs(entry.account_request) for name, entry in entries.items()}
    accounts = AccountNeeds(needs=needs, locations=len(config.settings.location_names))
    expected_s = {slot.journey: usual.get(slot.journey, GUESSED_S) for slot in slots}
    yield from _load_remarks(busiest_quarter(slots, expected_s, workers_of(config.settings.watch), accounts), zone)


def _load_remarks(load: Load | None, zone: ZoneInfo) -> Iterator[Text]:
    if load is None:
        yield Text("no slots", "errored")
        return
    begins = load.begins.astimezone(zone)
    ends = begins + timedelta(seconds=QUARTER_S)
    yield Text(f"busiest: {begins:%a %H:%M} to {ends:%H:%M}, {load.share:.0%} of {load.carriers}", "quiet")
    if load.warning:
        yield Text(load.warning, "failed" if load.share > 1 else "errored")


def _print_slots(out: Console, slots: Sequence[Due], config: Config) -> None:
    for slot in slots:
        at = slot.at.astimezone(zone_of(config))
        out.print(
            Text.assemble(
                f"{at:%a %d %b %H:%M:%S} {zone_name(slot.at, zone_of(config))}  ", (slot.phase.value, "quiet")
            )
        )
    if not slots:
        out.print("no slots in these days", style="errored")
