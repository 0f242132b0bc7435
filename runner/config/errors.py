"""What is wrong with a configuration: where, what, and what would be right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from firstbell.errors import CONFIG, FirstBellError


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake. `line` and `column` count from 1; `key` is dotted and may be empty for the file as a whole."""

    file: Path
    line: int
    column: int
    key: str
    said: str

    def __str__(self) -> str:
        what = f"{self.key}: {self.said}" if self.key else self.said
        return f"{self.file}:{self.line}:{self.column}: {_printable(what)}"


def _printable(text: str) -> str:
    """Keys are written by whoever wrote the file: none of them may move the cursor or begin another line."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


class ConfigError(FirstBellError):
    """The configuration cannot be used; all mistakes at once."""

    exit_code = CONFIG

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class NoConfig(FirstBellError):
    """There is no configuration where one was looked for."""

    exit_code = CONFIG
