"""Mistakes in a configuration: file, line and column, what is wrong, and what to write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from firstbell.errors import CONFIG, FirstBellError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_PYDANTIC_PREFIX = "Input should be "


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


def message_of(details: ErrorDetails, known: Sequence[str], near: Sequence[str]) -> str:
    """Says what is wrong and what to write. Never repeats the value: it may be a secret in the wrong key.

    `known` are the keys of the table, `near` those of them that resemble the key that was written."""
    match details["type"]:
        case "extra_forbidden":
            hint = f"did you mean '{near[0]}'?" if near else f"write one of: {', '.join(sorted(known))}"
            return f"unknown key; {hint}"
        case "missing":
            return "this key is missing; add it"
        case "string_too_short":
            return "this text is empty; write it"
        case "value_error":
            return details["msg"].removeprefix("Value error, ")
        case _ if details["msg"].startswith(_PYDANTIC_PREFIX):
            return f"this must be {details['msg'].removeprefix(_PYDANTIC_PREFIX)}"
        case _:
            return details["msg"][:1].lower() + details["msg"][1:]
