"""The step titles of journeys, read from their source, so that a criterion can name a step before it is played."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from firstbell.runner.authoring.journey_ast import read_journeys


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTitles:
    """The titles of some files. `are_all` is false if a title is made while the journey plays."""

    titles: tuple[str, ...]
    are_all: bool

    def fault_of(self, title: str) -> str:
        """The reason why a title cannot be one of them, with a suggestion; empty if it can."""
        if title in self.titles or not self.are_all:
            return ""
        near = difflib.get_close_matches(title, self.titles, n=1)
        hint = f'did you mean "{near[0]}"?' if near else f"there are: {', '.join(map(repr, self.titles)) or 'none'}"
        return f'no step is called "{title}"; {hint}'


def step_titles(files: Iterable[Path]) -> StepTitles:
    """The titles of all steps in these files. A file that cannot be read has none: others report it."""
    found: list[str | None] = []
    for file in files:
        try:
            found += [step.title for step in read_journeys(file.read_bytes()).steps]
        except (SyntaxError, ValueError, OSError):
            continue
    return StepTitles(titles=tuple(dict.fromkeys(title for title in found if title)), are_all=None not in found)
