"""A part of First Bell that can fail, such as a channel: it has incidents as a journey has."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PartKind(StrEnum):
    """Kind of a part. The values are stored."""

    CHANNEL = "channel"
    WATCH = "watch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A channel by its address, or the service that watches at a location. Its text is its name in tables and lists."""

    kind: PartKind
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def channel(address: str) -> Part:
    """Returns the part for the channel of an address."""
    return Part(kind=PartKind.CHANNEL, name=address)


def watch(location: str) -> Part:
    """Returns the part for the service that watches at a location."""
    return Part(kind=PartKind.WATCH, name=location)
