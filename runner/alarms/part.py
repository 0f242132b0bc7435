"""A part of First Bell that can give no answer, such as a channel: it has incidents as a journey has."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PartKind(StrEnum):
    """The kinds of parts. The values stand in history."""

    CHANNEL = "channel"
    WATCH = "watch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part: a channel by its address, or the watch at a location. Its text is its name in tables and to people."""

    kind: PartKind
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def channel(address: str) -> Part:
    """The channel of an address."""
    return Part(kind=PartKind.CHANNEL, name=address)


def watch(location: str) -> Part:
    """The watch at a location."""
    return Part(kind=PartKind.WATCH, name=location)
