"""What somebody asked to keep whatever its age: notes in the store, and what they come to.

    holds/<hash of the names>/<time>-held.json       who asked, why, and for which objects
                              <time>-let-go.json     the same, when it was let go

Notes are written once like everything else, so that they also say who held what and when. The last note about the same
names counts. A part may be held twice, for two incidents: it goes only when nobody holds it any more.
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
    """A note about a hold cannot be read: nobody knows what it asks to keep, so nothing may go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalHold:
    """Objects that are kept until they are let go, and who asked for it, or why."""

    names: tuple[str, ...]
    by: str
    since: datetime


def hold_note(names: Sequence[str], by: str, at: datetime, *, is_held: bool) -> tuple[str, bytes]:
    """The name and the content of a note. The same names are one hold, in whatever order they come."""
    wanted = sorted(set(names))
    of = hashlib.sha256(json.dumps(wanted).encode()).hexdigest()[:16]
    word = "held" if is_held else "let-go"
    told = {"schema": "firstbell.hold/1", "by": by, "names": wanted}
    return f"{HOLDS}/{of}/{at.astimezone(UTC).strftime(_STAMP)}-{word}.json", json.dumps(told, indent=1).encode()


def current_holds(notes: Mapping[str, bytes]) -> list[LegalHold]:
    """What is held according to all notes, by their names. Raises UnreadableHold."""
    last: dict[str, str] = {}
    for name in sorted(notes):
        found = _NOTE.fullmatch(name)
        if found is None:
            raise UnreadableHold(f"{name} is no note about a hold; move it elsewhere")
        last[found[1]] = name
    return [_read(name, notes[name]) for name in last.values() if name.endswith("-held.json")]


def names_not_held_elsewhere(names: Iterable[str], others: Iterable[LegalHold]) -> list[str]:
    """Those names that no other hold names."""
    still = {name for held in others for name in held.names}
    return [name for name in names if name not in still]


def _read(name: str, data: bytes) -> LegalHold:
    try:
        told = json.loads(data)
        names, by = tuple(str(one) for one in told["names"]), str(told["by"])
        since = datetime.strptime(name.rpartition("/")[2].partition("-")[0], _STAMP).replace(tzinfo=UTC)
    except (ValueError, KeyError, TypeError):
        raise UnreadableHold(f"{name} cannot be read; mend it, or nothing is removed") from None
    return LegalHold(names=names, by=by, since=since)


def runs_of_names(names: Iterable[str]) -> list[str]:
    """The names of the runs that such objects belong to."""
    parts = [PurePosixPath(name).parts for name in names]
    return sorted({one[3] for one in parts if one[:1] == ("runs",) and len(one) > len(("runs", "day", "journey"))})
