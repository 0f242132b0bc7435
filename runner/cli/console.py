"""Console output of commands: rich on a terminal, plain text elsewhere, and errors as one sentence.

Every command prints by `console` or `echo`, and both take out what would steer a terminal.
Rich is imported when something is printed: `firstbell status --format nagios` does without it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import click

from firstbell.errors import ERRORED, FirstBellError
from firstbell.hostile_text import shown

if TYPE_CHECKING:
    from rich.console import Console

STYLES = {
    "passed": "green",
    "failed": "bold red",
    "errored": "yellow",
    "blind": "yellow",
    "missed": "yellow",
    "skipped": "dim",
    "quiet": "dim",
    "actor": "cyan",
    "strong": "bold",
}

# A pipe gets whole lines, however long.
UNCUT = 4000
# Lines of a run are about this wide; on a wider terminal the title and the time would be far apart.
WIDTH = 108


def console(*, stderr: bool = False) -> Console:
    """Standard output or error, in colour only on a terminal and without NO_COLOR; a pipe gets whole lines."""
    from rich.theme import Theme  # noqa: PLC0415

    from firstbell.runner.cli.clean_console import CleanConsole  # noqa: PLC0415

    theme = Theme(STYLES)
    plain = CleanConsole(theme=theme, stderr=stderr)
    width = min(plain.width, WIDTH) if plain.is_terminal else UNCUT
    return CleanConsole(theme=theme, stderr=stderr, width=width)


def echo(text: str, *, stderr: bool = False, ends_line: bool = True) -> None:
    """Prints a text without a style, for other programs too, and without characters that steer a terminal."""
    click.echo(shown(text), err=stderr, nl=ends_line)


def confirmed(question: str) -> bool:
    """Asks a question that names texts of others; no by default."""
    return click.confirm(shown(question), default=False)


def counted(number: int, noun: str) -> str:
    """A number with its noun, in the plural where it is not one."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def give_up(message: str, *, code: int) -> NoReturn:
    """Ends the command with one sentence on standard error."""
    style = "failed" if sys.stderr.isatty() else None
    console(stderr=True).print(f"firstbell: {message}", style=style, soft_wrap=True)
    raise SystemExit(code)


@contextmanager
def foreseen() -> Iterator[None]:
    """Ends the command on a foreseen mistake, with its sentence and its exit code."""
    try:
        yield
    except FirstBellError as error:
        give_up(str(error), code=error.exit_code)


@contextmanager
def errors_as_sentences() -> Iterator[None]:
    """Ends the command on a foreseen mistake, or on an error of this machine, with one sentence and an exit code."""
    try:
        with foreseen():
            yield
    except OSError as error:
        reason = f"{error.filename or 'this machine'}: {error.strerror or type(error).__name__}"
        give_up(f"{reason}; what was not yet written is lost", code=ERRORED)
