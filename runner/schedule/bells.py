"""A bell schedule: first and last bell of each group, and its periods. Student information systems use the same model:
a date has a named schedule, and a snow day swaps one date's schedule for another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time

ALL_GROUPS = ""
"""The key of a bell that rings for all groups."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """One period, in the school's time."""

    name: str
    start: time
    end: time


@dataclass(frozen=True, slots=True, kw_only=True)
class BellSchedule:
    """A named schedule. The bells are by group, or under ALL_GROUPS."""

    name: str
    first_bell: Mapping[str, time]
    last_bell: Mapping[str, time]
    periods: Sequence[Period] = field(default=())

    def first_bells(self, groups: Sequence[str]) -> list[time]:
        """Returns the first bells of these groups, earliest first; of all groups, if none is named."""
        return sorted(set(_bells_of(self.first_bell, groups)))

    def closing_bell(self, groups: Sequence[str]) -> time:
        """Returns the last bell of the last of these groups."""
        return max(_bells_of(self.last_bell, groups))

    @property
    def groups(self) -> set[str]:
        """The groups that have a bell of their own."""
        return {*self.first_bell, *self.last_bell} - {ALL_GROUPS}


def _bells_of(bells: Mapping[str, time], groups: Sequence[str]) -> list[time]:
    """Returns the bells of some groups. A group without its own bell has the bell of all groups, or else all bells."""
    if not groups:
        return list(bells.values())
    shared = [bells[ALL_GROUPS]] if ALL_GROUPS in bells else list(bells.values())
    return [bell for group in groups for bell in ([bells[group]] if group in bells else shared)]
