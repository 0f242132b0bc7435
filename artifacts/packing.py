"""A run's files as objects of a store: what runs have in common is kept once, under the name of its own hash.

    runs/<date>/<journey>/<run>/run.json         the run, readable as it lies there
                                contents.json    which file is which part, and which trace is made of which
                                rest.zip         everything small or unlike anything else
                                *.jpg            of a run that did not pass: plain, for whoever looks into the bucket
    parts/<lifetime>/<month>/<ab>/<sha256>       what several runs of that month hold, such as a page's style sheet

A part is referred to by runs of its own month and lifetime only, so that a store's lifecycle rules may remove it by
age alone, without anybody counting references. It is named by the hash of the bytes that are stored, so that anybody
can check it with sha256sum.
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
from firstbell.artifacts.lifetime import Lifetime
from firstbell.errors import FirstBellError

CONTENTS, REST, RUN = "contents.json", "rest.zip", "run.json"
SCHEMA = "firstbell.contents/1"
# An object costs a request, and a store may bill small ones as if they were larger.
SMALLEST_BYTES = 1024
LARGEST_BYTES = 1 << 30


class UnreadableObjects(FirstBellError):
    """A run in the store is not whole, or not what its hashes say; the message says which file and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLocation:
    """Where a run's objects go: its own place, and the place of parts for its lifetime and month (UTC)."""

    prefix: str
    lifetime: Lifetime
    started_at: datetime

    def part(self, data: bytes) -> str:
        """The name of a part."""
        digest = hashlib.sha256(data).hexdigest()
        return f"parts/{self.lifetime.value}/{self.started_at:%Y-%m}/{digest[:2]}/{digest}"


@dataclass(slots=True)
class _PackState:
    shelf: RunLocation
    objects: dict[str, bytes] = field(default_factory=dict)
    rest: dict[str, bytes] = field(default_factory=dict)
    contents: dict[str, Any] = field(default_factory=dict)

    def as_part(self, data: bytes) -> dict[str, Any]:
        """Keep some bytes as a part, compressed where that helps."""
        packed = zlib.compress(data, 6)
        is_packed = len(packed) < 0.95 * len(data)
        kept = packed if is_packed else data
        name = self.shelf.part(kept)
        self.objects[name] = kept
        return {"part": name, "deflated": is_packed}


def pack(files: Mapping[str, bytes], shelf: RunLocation) -> dict[str, bytes]:
    """A run's files as objects by their names in the store. `unpack` gives the same files again."""
    packing = _PackState(shelf)
    for name, data in files.items():
        if name == RUN or (name.endswith(".jpg") and shelf.lifetime is not Lifetime.PASSES):
            packing.objects[f"{shelf.prefix}/{name}"] = data
        elif name.endswith(".jpg") and len(data) >= SMALLEST_BYTES:
            packing.contents[name] = packing.as_part(data)
        elif not (name.endswith(".zip") and _take_apart(name, data, packing)):
            packing.rest[name] = data
    packing.objects[f"{shelf.prefix}/{REST}"] = _deflated_zip(packing.rest)
    told = {"schema": SCHEMA, "files": packing.contents}
    packing.objects[f"{shelf.prefix}/{CONTENTS}"] = json.dumps(told, separators=(",", ":")).encode()
    return packing.objects


def _take_apart(name: str, data: bytes, packing: _PackState) -> bool:
    """Keep a trace as its members. Not done, and false, where it could not be put together again byte for byte."""
    with zipfile.ZipFile(io.BytesIO(data)) as trace:
        members = [(member, trace.read(member)) for member in trace.namelist()]
    if canonical_zip(members) != data:
        return False
    rows: list[dict[str, Any]] = []
    for member, content in members:
        if member.startswith("resources/") and len(content) >= SMALLEST_BYTES:
            rows.append({"name": member, **packing.as_part(content)})
        else:
            packing.rest[f"{name}/{member}"] = content
            rows.append({"name": member})
    packing.contents[name] = {"members": rows}
    return True


def unpack(prefix: str, names: list[str], get: Callable[[str], bytes]) -> dict[str, bytes]:
    """The files of a run whose objects under `prefix` are `names`, each got with `get`.

    Raises Unreadable, and whatever `get` raises. Files that are not as run.json says raise too: evidence is whole.
    """
    files = {name.removeprefix(f"{prefix}/"): get(name) for name in names}
    contents, rest = files.pop(CONTENTS, None), files.pop(REST, None)
    loose = dict(_members(rest, REST)) if rest is not None else {}
    if contents is not None:
        for name, row in _rows(contents).items():
            files[name] = _put_together(name, row, loose, get)
    files |= loose
    return files


def write_files(files: Mapping[str, bytes], folder: Path) -> None:
    """Write a run's files into a folder. Raises Unreadable for a name that would lead out of it."""
    for name, data in files.items():
        pure = PurePosixPath(name)
        if pure.is_absolute() or ".." in pure.parts or "\0" in name or not pure.parts:
            raise UnreadableObjects(f"{name[:60]!r} is no name for a file of a run")
        path = folder / pure
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_bytes(data)


def _put_together(name: str, row: Mapping[str, Any], loose: dict[str, bytes], get: Callable[[str], bytes]) -> bytes:
    try:
        if "members" not in row:
            return _part(row, get)
        members = [
            (member["name"], _part(member, get) if "part" in member else loose.pop(f"{name}/{member['name']}"))
            for member in row["members"]
        ]
    except (KeyError, TypeError, zlib.error) as error:
        raise UnreadableObjects(f"{name} cannot be put together again ({type(error).__name__})") from None
    return canonical_zip(members)


def _part(row: Mapping[str, Any], get: Callable[[str], bytes]) -> bytes:
    kept = get(row["part"])
    if hashlib.sha256(kept).hexdigest() != row["part"].rpartition("/")[2]:
        raise UnreadableObjects(f"{row['part']} is not what its name says: it was changed in the store")
    if not row["deflated"]:
        return kept
    inflater = zlib.decompressobj()
    data = inflater.decompress(kept, LARGEST_BYTES)
    if inflater.unconsumed_tail:
        raise UnreadableObjects(f"{row['part']} is larger than any part of a trace")
    return data


def _rows(contents: bytes) -> dict[str, Any]:
    try:
        told = json.loads(contents)
        rows: dict[str, Any] = told["files"]
    except (ValueError, KeyError, TypeError):
        raise UnreadableObjects(f"{CONTENTS} cannot be read") from None
    if told.get("schema") != SCHEMA:
        raise UnreadableObjects(f"{CONTENTS} is of a version that this First Bell does not know; use a newer one")
    return rows


def _members(data: bytes, what: str) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(member.file_size for member in archive.infolist()) > LARGEST_BYTES:
                raise UnreadableObjects(f"{what} is larger than anything that a run leaves")
            for name in archive.namelist():
                yield name, archive.read(name)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise UnreadableObjects(f"{what} cannot be read ({type(error).__name__})") from None


def _deflated_zip(files: Mapping[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in files.items():
            target.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return written.getvalue()
