"""`firstbell calendar import`: a published calendar proposes days off, and a person accepts them into the file."""

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
from firstbell.runner.cli.console import console, errors_as_sentences, foreseen, give_up
from firstbell.runner.cli.options import CONFIG_OPTION
from firstbell.runner.config.errors import ConfigError, NoConfig
from firstbell.runner.config.load import Config, load
from firstbell.runner.config.to_schedule import calendar_of
from firstbell.runner.schedule.ical import Proposal, ProposalKind, proposals
from firstbell.runner.schedule.ical_fetch import fetch, redacted_source

_ONE_DAY = timedelta(days=1)


@click.group()
def calendar() -> None:
    """The school calendar."""


@calendar.command("import")
@click.argument("source")
@click.option("--days", type=click.IntRange(1, 1000), default=365, show_default=True, help="How far ahead to look.")
@click.option("--yes", is_flag=True, help="Accept every day off without asking.")
@CONFIG_OPTION
def import_(source: str, days: int, yes: bool, config_file: Path | None) -> None:
    """Read a published calendar (SOURCE: a file or an address) and propose its days off.

    What you accept is added at the end of the configuration; nothing else in it changes.
    """
    with errors_as_sentences():
        config = config_at(config_file, Path.cwd())
    zone = ZoneInfo(config.settings.school.timezone)
    today = datetime.now(zone).date()
    with foreseen():
        found = proposals(fetch(source), since=today, until=today + timedelta(days=days), zone=zone)
    out, is_closed = console(), _already(config)
    if not found:
        out.print(f"Nothing in the next {days} days looks like a day without school.", style="quiet")
        return
    _tell(out, found, is_closed)
    new = [one for one in found if one.kind is ProposalKind.CLOSED and not all(map(is_closed, _days(one)))]
    accepted = [one for one in new if yes or click.confirm(f"No school on {_dates(one)} ({one.title})?")]
    if not accepted:
        out.print("Nothing was written." if new else "Nothing is new; nothing was written.", style="quiet")
        return
    append(config.file, entries(accepted, source, today))
    added = "1 entry was" if len(accepted) == 1 else f"{len(accepted)} entries were"
    look = "look at it with: firstbell schedule --days 60"
    out.print(f"{added} added to {config.file.name}; {look}", style="strong", markup=False)


def entries(accepted: Sequence[Proposal], source: str, today: date) -> str:
    """The tables to add. Titles are a stranger's: they stand in strings that nothing in them can end."""
    origin = f"# from {redacted_source(source)}, accepted {today}"
    return "\n".join(
        f"{origin}\n[[calendar.days]]\ndates = {_quoted(_span(one))}\nin_session = false\nwhy = {_quoted(one.title)}\n"
        for one in accepted
    )


def append(file: Path, text: str) -> None:
    """Add to the end of a configuration in one step, and only if the whole can still be used; else give up.

    Whenever we die, the file is either the old one or the new one; at worst a temporary file lies beside it.
    """
    made: Path | None = None
    try:
        target = file.resolve()  # Replacing a link would cut it.
        old = target.read_bytes()
        made = _written_beside(target, old + _lines(f"\n{text}", after=old))
        load(made)
        made.replace(target)
        _keep(target.parent)
    except (ConfigError, NoConfig) as error:
        said = str(error).replace(str(made), str(file)).splitlines()[0]
        give_up(f"{file} was left as it is; with these days it would no longer load: {said}", code=CONFIG)
    except OSError as error:
        give_up(f"{file} was left as it is; it cannot be written ({error.strerror})", code=ERRORED)
    finally:
        if made is not None:
            made.unlink(missing_ok=True)


def _already(config: Config) -> Callable[[date], bool]:
    """What the configuration already says of a date: that there is no school."""
    school = calendar_of(config.settings)
    return lambda day: not school.day(day).in_session


def _tell(out: Console, found: Sequence[Proposal], is_closed: Callable[[date], bool]) -> None:
    table = Table(box=None, pad_edge=False, header_style="quiet")
    for column in ("dates", "what", "title", "configuration"):
        table.add_column(column, no_wrap=column != "title")
    for one in found:
        known = [is_closed(day) for day in _days(one)]
        state, style = "new", "strong"
        if one.kind is not ProposalKind.CLOSED:
            state, style = "needs bells", ""
        elif any(known):
            state, style = ("has it", "quiet") if all(known) else ("has a part of it", "strong")
        table.add_row(*(Text(cell, style) for cell in (_dates(one), one.kind.value, one.title, state)))
    out.print(table)
    if any(one.kind is not ProposalKind.CLOSED for one in found):
        hint = 'Early releases and late starts ring other bells: add [[calendar.days]] with bells = "..." yourself.'
        out.print(hint, style="quiet", markup=False)


def _days(one: Proposal) -> list[date]:
    return [one.first + number * _ONE_DAY for number in range((one.last - one.first).days + 1)]


def _dates(one: Proposal) -> str:
    if one.first == one.last:
        return f"{one.first:%a %d %b %Y}"
    year = "" if one.first.year == one.last.year else " %Y"
    return f"{one.first:%a %d %b{year}} to {one.last:%a %d %b %Y}"


def _span(one: Proposal) -> str:
    return f"{one.first}" if one.first == one.last else f"{one.first}..{one.last}"


def _quoted(text: str) -> str:
    """A JSON string is a TOML string, but for DEL, which TOML wants escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _lines(text: str, *, after: bytes) -> bytes:
    """A text that begins on a line of its own, with the line endings of what it comes after."""
    whole = text if after.endswith(b"\n") else f"\n{text}"
    return whole.replace("\n", "\r\n" if b"\r\n" in after else "\n").encode()


def _written_beside(target: Path, content: bytes) -> Path:
    """A file on the disk, in the same folder, with the same owner and permissions."""
    number, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.stem}-", suffix=target.suffix)
    made, meant = Path(name), target.stat()
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
            with suppress(PermissionError):
                os.fchown(number, meant.st_uid, meant.st_gid)
            os.fchmod(number, meant.st_mode & 0o7777)
            file.flush()
            os.fsync(number)
    except BaseException:
        made.unlink()
        raise
    return made


def _keep(folder: Path) -> None:
    """Make a rename last, where the system can: it is an entry in the folder."""
    with suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
