"""`firstbell calendar import`: a published calendar proposes days off, and a person accepts them into the file."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from runner.cli.console import console, give_up
from runner.cli.look_back import CONFIG_OPTION, zone_of
from runner.cli.run import sentences
from runner.config.domain import calendar_of
from runner.config.fetching import fetch
from runner.config.load import Config, load
from runner.config.problem import ConfigError
from runner.schedule.calendar import SchoolCalendar
from runner.schedule.feed import FeedError, Proposal, ProposalKind, proposals
from runner.wiring import config_at


@click.group()
def calendar() -> None:
    """The school calendar."""


@calendar.command("import")
@click.argument("source")
@click.option("--days", type=click.IntRange(1, 1000), default=365, show_default=True, help="How far ahead to look.")
@click.option("--yes", is_flag=True, help="Accept every day off without asking.")
@CONFIG_OPTION
def import_(source: str, days: int, yes: bool, config_file: Path | None) -> None:
    """Read a published calendar (SOURCE: a file, or an address) and propose its days off.

    What you accept is written at the end of the configuration; nothing else in it changes.
    """
    with sentences():
        config = config_at(config_file, Path.cwd())
    today = datetime.now(UTC).astimezone(zone_of(config)).date()
    try:
        found = proposals(fetch(source), since=today, until=today + timedelta(days=days))
    except FeedError as error:
        give_up(str(error), code=2)
    out, school = console(), calendar_of(config.settings)
    if not found:
        out.print(f"Nothing in the next {days} days looks like a day without school.", style="quiet")
        return
    out.print(_table(found, school))
    new = [one for one in found if one.kind is ProposalKind.CLOSED and not _is_known(one, school)]
    accepted = [one for one in new if yes or click.confirm(f"No school on {_dates(one)} ({one.title})?")]
    if any(one.kind is not ProposalKind.CLOSED for one in found):
        out.print(
            'Early releases and late starts need bells: add [[calendar.days]] with bells = "..."',
            style="quiet",
            markup=False,
        )
    if not accepted:
        out.print("Nothing was written.", style="quiet")
        return
    _append(config, _text(accepted, source, today))
    days_off = "1 entry was" if len(accepted) == 1 else f"{len(accepted)} entries were"
    out.print(f"{days_off} added to {config.file.name}; look at it with: firstbell schedule --days 30", style="told")


def _is_known(one: Proposal, school: SchoolCalendar) -> bool:
    """Whether the configuration has it already: there is no school on any of its days."""
    span = ((one.first + timedelta(days=number)) for number in range((one.last - one.first).days + 1))
    return all(not school.day(day).in_session for day in span)


def _table(found: Sequence[Proposal], school: SchoolCalendar) -> Table:
    table = Table(box=None, pad_edge=False, header_style="quiet")
    for column in ("dates", "what", "title", ""):
        table.add_column(column)
    for one in found:
        is_known = one.kind is ProposalKind.CLOSED and _is_known(one, school)
        style = "quiet" if is_known else "told" if one.kind is ProposalKind.CLOSED else ""
        table.add_row(
            Text(_dates(one), style), Text(one.kind.value, style), Text(one.title, style), "already" if is_known else ""
        )
    return table


def _dates(one: Proposal) -> str:
    if one.first == one.last:
        return f"{one.first:%a %d %b %Y}"
    return f"{one.first:%a %d %b} to {one.last:%a %d %b %Y}"


def _text(accepted: Sequence[Proposal], source: str, today: date) -> str:
    """The new tables. A JSON string is a TOML string, and titles hold only what can be printed."""
    shown = "".join(character for character in source if character.isprintable())
    tables = [
        f"[[calendar.days]]\ndates = {json.dumps(_span(one))}\nin_session = false\n"
        f"why = {json.dumps(one.title, ensure_ascii=False)}\n"
        for one in accepted
    ]
    return "\n".join([f"\n# accepted {today}, from {shown}", *tables])


def _span(one: Proposal) -> str:
    return f"{one.first}" if one.first == one.last else f"{one.first}..{one.last}"


def _append(config: Config, text: str) -> None:
    """Add to the end of the file, in one step, and only if the whole can still be used."""
    old = config.file.read_text(encoding="utf-8")
    number, name = tempfile.mkstemp(dir=config.folder, prefix=".firstbell-", suffix=".toml")
    made = Path(name)
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(old.rstrip("\n") + "\n" + text)
            file.flush()
            os.fsync(file.fileno())
        load(made)
        made.chmod(config.file.stat().st_mode & 0o777)
        made.replace(config.file)
    except ConfigError as error:
        made.unlink()
        give_up(f"{config.file} was left as it is: with these days it could not be used\n{error}", code=3)
    except OSError as error:
        made.unlink(missing_ok=True)
        give_up(f"{config.file} cannot be written ({error.strerror}); it was left as it is", code=2)
