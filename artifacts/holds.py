"""Legal holds: objects that are kept whatever their age, as notes in the store.

    holds/<hash of the names>/<time>-held.json       who asked, why, and for which objects
                              <time>-let-go.json     the same, when the hold ended

Notes are written once, like every object, so they are also the history of each hold. The last note about the same
names counts. Two holds may name the same part: it is kept until both have ended.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath

from firstbell.errors import FirstBellError

HOLDS = "holds"
_STAMP = "%Y%m%dT%H%M%S%f"
_NOTE = re.compile(rf"{HOLDS}/([0-9a-f]{{16}})/(\d{{8}}T\d{{12}})-(held|let-go)\.json")


class UnreadableHold(FirstBellError):
    """A note about a hold cannot be read, so what it holds is not known and nothing may be removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalHold:
    """A hold on some objects: kept until they are let go. `by` is who asked for it, or why."""

    names: tuple[str, ...]
    by: str
    since: datetime


def hold_note(names: Sequence[str], by: str, at: datetime, *, is_held: bool) -> tuple[str, bytes]:
    """Return the name and the content of a note. The same names in any order are the same hold."""
    names_held = sorted(set(names))
    digest = hashlib.sha256(json.dumps(names_held).encode()).hexdigest()[:16]
    state = "held" if is_held else "let-go"
    data = json.dumps({"schema": "firstbell.hold/1", "by": by, "names": names_held}, indent=1).encode()
    return f"{HOLDS}/{digest}/{at.astimezone(UTC).strftime(_STAMP)}-{state}.json", data


def current_holds(notes: Mapping[str, bytes]) -> list[LegalHold]:
    """Return the holds in force according to all notes, given by name. Raises UnreadableHold."""
    last: dict[str, str] = {}
    for name in sorted(notes):
        match = _NOTE.fullmatch(name)
        if match is None:
            raise UnreadableHold(f"{name} is not a note about a hold; move it out of {HOLDS}/")
        last[match[1]] = name
    return [_read(name, notes[name]) for name in last.values() if name.endswith("-held.json")]


def names_not_held_elsewhere(names: Iterable[str], others: Iterable[LegalHold]) -> list[str]:
    """Return the names that no other hold names."""
    still_held = {name for hold in others for name in hold.names}
    return [name for name in names if name not in still_held]


def _read(name: str, data: bytes) -> LegalHold:
    try:
        document = json.loads(data)
        names, by = tuple(map(str, document["names"])), str(document["by"])
        since = datetime.strptime(name.rpartition("/")[2].partition("-")[0], _STAMP).replace(tzinfo=UTC)
    except (ValueError, KeyError, TypeError):
        raise UnreadableHold(f"{name} cannot be read; repair it: until then nothing is removed") from None
    return LegalHold(names=names, by=by, since=since)


def runs_of_names(names: Iterable[str]) -> list[str]:
    """Return the names of the runs that objects of a store belong to."""
    paths = [PurePosixPath(name).parts for name in names]
    return sorted(
        {parts[3] for parts in paths if parts[:1] == ("runs",) and len(parts) > len(("runs", "day", "journey"))}
    )
