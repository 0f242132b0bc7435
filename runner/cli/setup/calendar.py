"""`firstbell calendar import`: adds days off of a published calendar to the configuration, each on confirmation."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from firstbell.errors import CONFIG, ERRORED
from firstbell.runner.app.build import config_at
from firstbell.runner.app.build_storage import web_access_of
from firstbell.runner.cli.console import confirmed, console, counted, errors_as_sentences, foreseen, give_up
from firstbell.runner.cli.options import CONFIG_OPTION
from firstbell.runner.config.errors import ConfigError, NoConfig
from firstbell.runner.config.load import Config, load
from firstbell.runner.config.to_schedule import calendar_of
from firstbell.runner.schedule.ical import Proposal, proposals
from firstbell.runner.schedule.ical_fetch import fetch, redacted_source
from firstbell.runner.schedule.ical_titles import ProposalKind

UNREAD = 1  # The exit code if an event could not be read.
TITLES = 10
_ONE_DAY = timedelta(days=1)


@click.group()
def calendar() -> None:
    """Import days off from a published calendar."""


@calendar.command("import")
@click.argument("source")
@click.option("--days", type=click.IntRange(1, 1000), default=365, show_default=True, help="The number of days ahead.")
@click.option("--yes", is_flag=True, help="Accept every day off without asking.")
@CONFIG_OPTION
def import_(source: str, days: int, yes: bool, config_file: Path | None) -> None:
    """Propose the days off of a published calendar.

    SOURCE is a file or an address. Accepted days are added at the end of the configuration; the rest of it stays.
    Events that cannot be read are named, and the exit code is 1.
    """
    with errors_as_sentences():
        config = config_at(config_file, Path.cwd())
    zone = ZoneInfo(config.settings.school.timezone)
    today = datetime.now(zone).date()
    with foreseen():
        data = fetch(source, web_access_of(config))
        found = proposals(data, since=today, until=today + timedelta(days=days), zone=zone)
    if found.unreadable:  # Said before the questions, because a person may leave at one.
        console(stderr=True).print(f"firstbell: {_unread(found.unreadable)}", soft_wrap=True)
    _offer(config, found.days, source, days=days, yes=yes)
    if found.unreadable:
        raise SystemExit(UNREAD)


def _offer(config: Config, found: Sequence[Proposal], source: str, *, days: int, yes: bool) -> None:
    """Lists the days, asks about the new ones, and adds the accepted ones to the configuration."""
    out, is_closed = console(), _already(config)
    if not found:
        out.print(f"No days off found in the next {days} days.", style="quiet")
        return
    _print(out, found, is_closed)
    new = [day for day in found if day.kind is ProposalKind.CLOSED and not all(map(is_closed, _days(day)))]
    accepted = [day for day in new if yes or confirmed(f"No school on {_dates(day)} ({day.title})?")]
    if not accepted:
        out.print(
            "No days were added." if new else "No new days; nothing was added.",
            style="quiet",
        )
        return
    append(config.file, entries(accepted, source, datetime.now(ZoneInfo(config.settings.school.timezone)).date()))
    added = "1 entry was" if len(accepted) == 1 else f"{len(accepted)} entries were"
    out.print(
        f"{added} added to {config.file.name}; see: firstbell schedule --days 60",
        style="strong",
    )


def _unread(titles: Sequence[str]) -> str:
    """Names the events that could not be read, the first `TITLES` of them by title."""
    named = ", ".join(f'"{title}"' if title else "one without a title" for title in titles[:TITLES])
    more = f" and {len(titles) - TITLES} more" if len(titles) > TITLES else ""
    return f"{counted(len(titles), 'event')} could not be read: {named}{more}; look them up and add their days by hand"


def entries(accepted: Sequence[Proposal], source: str, today: date) -> str:
    """The tables to add. Titles come from outside: they are quoted, so that none can end its string."""
    origin = f"# from {redacted_source(source)}, accepted {today}"
    return "\n".join(
        f"{origin}\n[[calendar.days]]\ndates = {_quoted(_span(day))}\nin_session = false\nwhy = {_quoted(day.title)}\n"
        for day in accepted
    )


def append(file: Path, text: str) -> None:
    """Adds text to the end of a configuration in one step, if the result still loads; else ends the command.

    After a crash the file is the old one or the new one; at worst a temporary file remains beside it.
    """
    new_file: Path | None = None
    try:
        target = file.resolve()  # Replacing a link would cut it.
        old = target.read_bytes()
        new_file = _written_beside(target, old + _lines(f"\n{text}", after=old))
        load(new_file)
        new_file.replace(target)
        _sync_folder(target.parent)
    except (ConfigError, NoConfig) as error:
        reason = str(error).replace(str(new_file), str(file)).splitlines()[0]
        give_up(f"{file} was left as it is; with these days it would no longer load: {reason}", code=CONFIG)
    except OSError as error:
        give_up(f"{file} was left as it is; it cannot be written ({error.strerror})", code=ERRORED)
    finally:
        if new_file is not None:
            new_file.unlink(missing_ok=True)


def _already(config: Config) -> Callable[[date], bool]:
    """A predicate: True for a date on which the configuration has no school."""
    school = calendar_of(config.settings)
    return lambda day: not school.day(day).in_session


def _print(out: Console, found: Sequence[Proposal], is_closed: Callable[[date], bool]) -> None:
    table = Table(box=None, pad_edge=False, header_style="quiet")
    for column in ("dates", "kind", "title", "configuration"):
        table.add_column(column, no_wrap=column != "title")
    for proposal in found:
        known = [is_closed(day) for day in _days(proposal)]
        state, style = "new", "strong"
        if proposal.kind is not ProposalKind.CLOSED:
            state, style = ("needs a group" if proposal.kind is ProposalKind.SOME else "needs bells"), ""
        elif any(known):
            state, style = ("has it", "quiet") if all(known) else ("has a part of it", "strong")
        cells = (_dates(proposal), proposal.kind.value, proposal.title, state)
        table.add_row(*(Text(cell, style) for cell in cells))
    out.print(table)
    kinds = {proposal.kind for proposal in found}
    if kinds & {ProposalKind.EARLY, ProposalKind.LATE}:
        hint = 'For early releases and late starts, add [[calendar.days]] with bells = "..." by hand.'
        out.print(hint, style="quiet")
    if ProposalKind.SOME in kinds:
        hint = 'For days off of some pupils, add [[calendar.days]] with the bells = "..." of the other groups by hand.'
        out.print(hint, style="quiet")


def _days(proposal: Proposal) -> list[date]:
    return [proposal.first + number * _ONE_DAY for number in range((proposal.last - proposal.first).days + 1)]


def _dates(proposal: Proposal) -> str:
    first, last = proposal.first, proposal.last
    if first == last:
        return f"{first:%a %d %b %Y}"
    year = "" if first.year == last.year else " %Y"
    return f"{first:%a %d %b{year}} to {last:%a %d %b %Y}"


def _span(proposal: Proposal) -> str:
    first, last = proposal.first, proposal.last
    return f"{first}" if first == last else f"{first}..{last}"


def _quoted(text: str) -> str:
    """A TOML string: a JSON string, with DEL escaped as TOML requires."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _lines(text: str, *, after: bytes) -> bytes:
    """The text on lines of its own, with the line endings of the text before it."""
    whole = text if after.endswith(b"\n") else f"\n{text}"
    return whole.replace("\n", "\r\n" if b"\r\n" in after else "\n").encode()


def _written_beside(target: Path, content: bytes) -> Path:
    """Writes a new file in the folder of the target, with its owner and permissions, and syncs it to disk."""
    number, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.stem}-", suffix=target.suffix)
    new_file, old = Path(name), target.stat()
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
            with suppress(PermissionError):
                os.fchown(number, old.st_uid, old.st_gid)
            os.fchmod(number, old.st_mode & 0o7777)
            file.flush()
            os.fsync(number)
    except BaseException:
        new_file.unlink()
        raise
    return new_file


def _sync_folder(folder: Path) -> None:
    """Syncs a rename to disk, where the system can: it is an entry of the folder."""
    with suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
