"""A bell schedule: when school begins and ends for each group, and its periods. Student information systems use the
same model: a date has a named schedule, and a snow day swaps one date's schedule for another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time

EVERYBODY = ""
"""The key of a bell that rings for all groups."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """One period, in the school's own time."""

    name: str
    start: time
    end: time


@dataclass(frozen=True, slots=True, kw_only=True)
class BellSchedule:
    """A named schedule. The bells are by group, or under EVERYBODY."""

    name: str
    first_bell: Mapping[str, time]
    last_bell: Mapping[str, time]
    periods: Sequence[Period] = field(default=())

    def first_bells(self, groups: Sequence[str]) -> list[time]:
        """When school begins for these groups, earliest first; for all groups, if none is named."""
        return sorted(set(_for(self.first_bell, groups)))

    def closing_bell(self, groups: Sequence[str]) -> time:
        """When the last of these groups goes home."""
        return max(_for(self.last_bell, groups))

    @property
    def groups(self) -> set[str]:
        """The groups that have a bell of their own."""
        return {*self.first_bell, *self.last_bell} - {EVERYBODY}


def _for(bells: Mapping[str, time], groups: Sequence[str]) -> list[time]:
    """The bells of some groups: a group without one of its own hears everybody's, or else all."""
    if not groups:
        return list(bells.values())
    shared = [bells[EVERYBODY]] if EVERYBODY in bells else list(bells.values())
    return [bell for group in groups for bell in ([bells[group]] if group in bells else shared)]
