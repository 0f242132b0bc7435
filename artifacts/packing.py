"""Packing of a run's files into objects of a store: content that runs share is stored once, named by its hash.

    runs/<date>/<journey>/<run>/run.json         the run, as plain JSON
                                contents.json    the part that each file is, and the parts that each trace is made of
                                rest.zip         every other file
                                *-failed.jpg     pictures of steps that failed, as plain files
    parts/<lifetime>/<month>/<ab>/<sha256>       content that several runs of that month share, e.g. a style sheet

A run's requests cost more than its bytes, so it has MOST_OBJECTS at most, and only the largest contents are parts.

A part is referred to by runs of its own month and lifetime only, so a store's lifecycle rules may remove it by age
alone, without counting references. It is named by the hash of the bytes that are stored, so sha256sum can check it.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from firstbell.artifacts.bundle.canonical_zip import canonical_zip
from firstbell.artifacts.policy import Lifetime
from firstbell.errors import FirstBellError

CONTENTS, REST, RUN = "contents.json", "rest.zip", "run.json"
SCHEMA = "firstbell.contents/1"
# An object costs a request, and a store may bill small ones as if they were larger.
SMALLEST_BYTES = 1024
ALWAYS = 3
MOST_OBJECTS = {Lifetime.PASSES: ALWAYS, Lifetime.FAILURES: 8}
LARGEST_BYTES = 1 << 30


class UnreadableObjects(FirstBellError):
    """A run in the store is incomplete, or does not match its hashes; the message says which file and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLocation:
    """The names of a run's objects: under its own prefix, and under the parts of its lifetime and month (UTC)."""

    prefix: str
    lifetime: Lifetime
    started_at: datetime

    def part(self, data: bytes) -> str:
        """Return the name of a part."""
        digest = hashlib.sha256(data).hexdigest()
        return f"parts/{self.lifetime.value}/{self.started_at:%Y-%m}/{digest[:2]}/{digest}"


@dataclass(slots=True)
class _PackState:
    run_location: RunLocation
    objects: dict[str, bytes] = field(default_factory=dict)
    rest: dict[str, bytes] = field(default_factory=dict)
    contents: dict[str, Any] = field(default_factory=dict)
    shared: set[bytes] = field(default_factory=set)

    def as_part(self, data: bytes) -> dict[str, Any]:
        """Store some bytes as a part, compressed if that helps."""
        packed = zlib.compress(data, 6)
        is_packed = len(packed) < 0.95 * len(data)
        stored = packed if is_packed else data
        name = self.run_location.part(stored)
        self.objects[name] = stored
        return {"part": name, "deflated": is_packed}


def pack(files: Mapping[str, bytes], run_location: RunLocation) -> dict[str, bytes]:
    """Return a run's files as objects, by their names in the store. `unpack` is the inverse."""
    state = _PackState(run_location)
    room = MOST_OBJECTS[run_location.lifetime] - ALWAYS
    plain = sorted((name for name in files if name.endswith(".jpg") and "-failed" in name), reverse=True)
    plain = plain[:room]  # Of the last attempt: it decided.
    traces = {name: members for name, data in files.items() if name.endswith(".zip") and (members := _members_of(data))}
    state.shared = _largest(traces, room - len(plain))
    for name, data in files.items():
        if name == RUN or name in plain:
            state.objects[f"{run_location.prefix}/{name}"] = data
        elif name in traces:
            _take_apart(name, traces[name], state)
        else:
            state.rest[name] = data
    state.objects[f"{run_location.prefix}/{REST}"] = _deflated_zip(state.rest)
    document = {"schema": SCHEMA, "files": state.contents}
    state.objects[f"{run_location.prefix}/{CONTENTS}"] = json.dumps(document, separators=(",", ":")).encode()
    return state.objects


def _members_of(data: bytes) -> list[tuple[str, bytes]]:
    """Return the members of a trace; none if it could not be rebuilt from them byte for byte."""
    with zipfile.ZipFile(io.BytesIO(data)) as trace:
        members = [(member, trace.read(member)) for member in trace.namelist()]
    return members if canonical_zip(members) == data else []


def _largest(traces: Mapping[str, list[tuple[str, bytes]]], count: int) -> set[bytes]:
    """Return the largest contents of all traces, `count` at most, that may be parts."""
    contents = {
        content
        for members in traces.values()
        for member, content in members
        if member.startswith("resources/") and len(content) >= SMALLEST_BYTES
    }
    return set(sorted(contents, key=lambda content: (len(content), content), reverse=True)[:count])


def _take_apart(name: str, members: list[tuple[str, bytes]], state: _PackState) -> None:
    """Store a trace as its members."""
    rows: list[dict[str, Any]] = []
    for member, content in members:
        if content in state.shared:
            rows.append({"name": member, **state.as_part(content)})
        else:
            state.rest[f"{name}/{member}"] = content
            rows.append({"name": member})
    state.contents[name] = {"members": rows}


def unpack(prefix: str, names: list[str], get: Callable[[str], bytes]) -> dict[str, bytes]:
    """Return the files of a run whose objects under `prefix` are `names`, each read with `get`.

    Raises UnreadableObjects, and whatever `get` raises.
    """
    files = {name.removeprefix(f"{prefix}/"): get(name) for name in names}
    contents, rest = files.pop(CONTENTS, None), files.pop(REST, None)
    rest_files = dict(_members(rest, REST)) if rest is not None else {}
    if contents is not None:
        for name, row in _rows(contents).items():
            files[name] = _rebuild(name, row, rest_files, get)
    files |= rest_files
    return files


def write_files(files: Mapping[str, bytes], folder: Path) -> None:
    """Write a run's files into a folder. Raises UnreadableObjects for a name that would lead out of it."""
    for name, data in files.items():
        pure = PurePosixPath(name)
        if pure.is_absolute() or ".." in pure.parts or "\0" in name or not pure.parts:
            raise UnreadableObjects(f"{name[:60]!r} is not a valid file name in a run")
        path = folder / pure
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_bytes(data)


def _rebuild(name: str, row: Mapping[str, Any], rest_files: dict[str, bytes], get: Callable[[str], bytes]) -> bytes:
    try:
        if "members" not in row:
            return _part(row, get)
        members = [
            (member["name"], _part(member, get) if "part" in member else rest_files.pop(f"{name}/{member['name']}"))
            for member in row["members"]
        ]
    except (KeyError, TypeError, zlib.error) as error:
        raise UnreadableObjects(f"{name} cannot be rebuilt from its parts ({type(error).__name__})") from None
    return canonical_zip(members)


def _part(row: Mapping[str, Any], get: Callable[[str], bytes]) -> bytes:
    stored = get(row["part"])
    if hashlib.sha256(stored).hexdigest() != row["part"].rpartition("/")[2]:
        raise UnreadableObjects(f"{row['part']} does not match its hash: it was changed in the store")
    if not row["deflated"]:
        return stored
    inflater = zlib.decompressobj()
    data = inflater.decompress(stored, LARGEST_BYTES)
    if inflater.unconsumed_tail:
        raise UnreadableObjects(f"{row['part']} is larger than any part of a trace")
    return data


def _rows(contents: bytes) -> dict[str, Any]:
    try:
        document = json.loads(contents)
        rows: dict[str, Any] = document["files"]
    except (ValueError, KeyError, TypeError):
        raise UnreadableObjects(f"{CONTENTS} cannot be read") from None
    if document.get("schema") != SCHEMA:
        raise UnreadableObjects(f"{CONTENTS} has a version that this First Bell does not know; use a newer one")
    return rows


def _members(data: bytes, archive_name: str) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(member.file_size for member in archive.infolist()) > LARGEST_BYTES:
                raise UnreadableObjects(f"{archive_name} is larger than any archive of a run")
            for name in archive.namelist():
                yield name, archive.read(name)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise UnreadableObjects(f"{archive_name} cannot be read ({type(error).__name__})") from None


def _deflated_zip(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in files.items():
            target.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
