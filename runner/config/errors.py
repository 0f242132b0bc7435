"""Mistakes in a configuration: file, line and column, what is wrong, and what to write."""

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
    message: str

    def __str__(self) -> str:
        text = f"{self.key}: {self.message}" if self.key else self.message
        return f"{self.file}:{self.line}:{self.column}: {_printable(text)}"


def _printable(text: str) -> str:
    """Replaces control characters: a key of the file may not move the cursor or begin another line."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


class ConfigError(FirstBellError):
    """The configuration cannot be used. Carries all its mistakes."""

    exit_code = CONFIG

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class NoConfig(FirstBellError):
    """No configuration file was found, or it cannot be read."""

    exit_code = CONFIG
