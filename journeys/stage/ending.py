"""The bad ending of a step, an attempt or a journey."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class EndingKind(Enum):
    """The bad endings; the values are what people and files read."""

    FAILED = "failed"  # the service did not do its part: the only one that blames a service
    BLIND = "blind"  # the service could not be judged
    ERRORED = "errored"  # the probe itself broke
    SKIPPED = "skipped"  # the journey itself said that it does not apply


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A bad ending and, in one line, what was seen. `is_private`: a stranger was there, and no picture may be kept.
    `sign` is what an adapter recognised on its product's pages, in a word that a diagnosis knows; mostly empty.
    `unresolved` is the host whose name the browser could not resolve; empty where that was not the reason."""

    kind: EndingKind
    said: str
    is_private: bool = False
    sign: str = ""
    unresolved: str = ""


class JourneyError(Exception):
    """A condition that a journey met and could name. The message is one line that a person can act on.

    By itself it blames no service; `failures.Broken` does. `sign` and `unresolved`: see Ending.
    """

    def __init__(self, said: str = "", *, sign: str = "", unresolved: str = "") -> None:
        super().__init__(said)
        self.sign = sign
        self.unresolved = unresolved


def private(strangers: int) -> Ending:
    """The ending of an attempt in which strangers were seen. It names none of them: they may be children."""
    who = "a person who was" if strangers == 1 else f"{strangers} people who were"
    said = f"privacy: {who} not expected came into the class; no picture and no trace of this run is kept"
    return Ending(kind=EndingKind.ERRORED, said=said, is_private=True)
