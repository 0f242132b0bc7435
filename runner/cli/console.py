"""Where commands print: rich on a terminal, plain text elsewhere, and errors as one sentence."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from rich.console import Console
from rich.theme import Theme

from firstbell.errors import FirstBellError

THEME = Theme(
    {
        "passed": "green",
        "failed": "bold red",
        "errored": "yellow",
        "blind": "yellow",
        "missed": "yellow",
        "skipped": "dim",
        "quiet": "dim",
        "who": "cyan",
        "told": "bold",
    }
)

# A pipe gets whole lines, however long.
UNCUT = 4000
# A run is told in lines of about this width; wider terminals would tear title and time apart.
WIDTH = 108


def console() -> Console:
    """Standard output, in colour only on a terminal and without NO_COLOR; a pipe gets whole lines."""
    plain = Console(theme=THEME, highlight=False, emoji=False)
    if not plain.is_terminal:
        return Console(theme=THEME, highlight=False, emoji=False, width=UNCUT)
    return Console(theme=THEME, highlight=False, emoji=False, width=min(plain.width, WIDTH))


def give_up(said: str, *, code: int) -> NoReturn:
    """End the command with one sentence on standard error."""
    Console(theme=THEME, stderr=True, highlight=False, emoji=False, soft_wrap=True).print(
        f"firstbell: {said}", style="failed" if sys.stderr.isatty() else None, markup=False
    )
    raise SystemExit(code)


@contextmanager
def foreseen() -> Iterator[None]:
    """Ends the command on a foreseen mistake, with its sentence and its exit code."""
    try:
        yield
    except FirstBellError as error:
        give_up(str(error), code=error.exit_code)
