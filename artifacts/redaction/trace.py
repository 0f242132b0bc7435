"""A Playwright trace without its secrets: parsed, cleaned member by member, written anew, and read a second time.

Fails closed: what cannot be parsed, a member of a kind that is not known, or a secret found at the second reading is
a Quarantined, and the caller keeps the trace where nobody is sent it. Written for the traces of Playwright 1.65
(version 10: trace.trace, trace.network, trace.stacks, resources/, screencast/, src/).
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from artifacts.redaction.forms import REMOVED, KnownSecrets
from artifacts.redaction.kinds import clean_text, clean_value

# A trace of a class is a few MB; what is a hundred times as large is not one, or not to be unpacked here.
MEMBERS, MEMBER_BYTES, ALL_BYTES = 20_000, 256 << 20, 1 << 30
PICTURES = (".jpeg", ".jpg", ".png", ".webp", ".gif", ".svg", ".ico", ".woff", ".woff2", ".ttf", ".otf")
TEXTS = (".html", ".css", ".js", ".mjs", ".json", ".txt", ".xml", ".py", ".map", ".dat", ".webmanifest")
_HASHED = re.compile(r"resources/([0-9a-f]{32,64})((?:\.[a-z0-9]+)?)")


class Quarantined(Exception):
    """The trace must not leave this machine; the message says why, without any secret."""


def clean_trace(raw: Path, clean: Path, known: KnownSecrets) -> None:
    """Write a clean copy of a trace. Raises Quarantined; what was written of the copy is then removed."""
    try:
        with zipfile.ZipFile(raw) as source:
            _refuse_monsters(source)
            _write(source, clean, known)
        _read_again(clean, known)
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, RuntimeError, NotImplementedError) as error:
        clean.unlink(missing_ok=True)
        raise Quarantined(f"the trace could not be read ({type(error).__name__})") from None
    except Quarantined:
        clean.unlink(missing_ok=True)
        raise


def _refuse_monsters(source: zipfile.ZipFile) -> None:
    members = source.infolist()
    if len(members) > MEMBERS or sum(member.file_size for member in members) > ALL_BYTES:
        raise Quarantined("the trace is larger than any trace of a class")
    for member in members:
        path = PurePosixPath(member.filename)
        if path.is_absolute() or ".." in path.parts or member.file_size > MEMBER_BYTES:
            raise Quarantined("the trace has a member with a name or a size that no trace has")


def _write(source: zipfile.ZipFile, clean: Path, known: KnownSecrets) -> None:
    """Resources first: where a content changes, so does the hash that names it, and who names it follows."""
    renamed: dict[str, str] = {}
    bodies = _posted(source)
    with zipfile.ZipFile(clean, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
        for name, data in _members(source, resources=True):
            cleaned = REMOVED.encode() if name in bodies else _resource(name, data, known)
            renamed[name] = _name_for(name, data, cleaned)
            if renamed[name] not in target.NameToInfo:
                target.writestr(renamed[name], cleaned)
        for name, data in _members(source, resources=False):
            target.writestr(name, _member(name, data, known, renamed))


def _members(source: zipfile.ZipFile, *, resources: bool) -> Iterator[tuple[str, bytes]]:
    for member in source.infolist():
        if not member.is_dir() and member.filename.startswith("resources/") is resources:
            yield member.filename, source.read(member)


def _posted(source: zipfile.ZipFile) -> set[str]:
    """The resources that are bodies of requests: what people sent is nobody's evidence."""
    networks = [data for name, data in _members(source, resources=False) if name.endswith(".network")]
    lines = [line for data in networks for line in data.splitlines() if b"postData" in line]
    requests = [json.loads(line).get("snapshot", {}).get("request", {}) for line in lines]
    return {str(request["postData"].get("_file", "")) for request in requests if "postData" in request}


def _name_for(name: str, data: bytes, cleaned: bytes) -> str:
    found = _HASHED.fullmatch(name)
    if data == cleaned or not found or len(found[1]) != 40:
        return name
    digest = hashlib.sha1(cleaned, usedforsecurity=False).hexdigest()
    return f"resources/{digest}{found[2]}"


def _resource(name: str, data: bytes, known: KnownSecrets) -> bytes:
    """What a page loaded, or what went over its sockets."""
    suffix = PurePosixPath(name).suffix
    if suffix == ".jsonl":
        return b"".join(_frame(line) for line in data.splitlines())
    if suffix in PICTURES:
        return data
    if suffix in TEXTS or not suffix:
        return _text(data, known)
    raise Quarantined(f"the trace holds a resource of a kind that is not known ({suffix[:12]})")


def _frame(line: bytes) -> bytes:
    """A WebSocket message keeps its time and direction; what it said may be anything: names, credentials."""
    frame = json.loads(line)
    return json.dumps({**frame, "data": REMOVED}).encode() + b"\n"


def _text(data: bytes, known: KnownSecrets) -> bytes:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return data  # Not text; the second reading still looks for known secrets in it.
    return clean_text(text, known).encode()


def _member(name: str, data: bytes, known: KnownSecrets, renamed: dict[str, str]) -> bytes:
    match PurePosixPath(name).parts[0], PurePosixPath(name).suffix:
        case (_, ".trace" | ".network" | ".stacks"):
            lines = "".join(_line(line, known) for line in data.splitlines())
            return _HASHED.sub(lambda found: renamed.get(found[0], found[0]), lines).encode()
        case ("src", _):
            return _text(data, known)
        case ("screencast", suffix) if suffix in PICTURES:
            return data
    raise Quarantined(f"the trace has a member of a kind that is not known ({name[:40]})")


def _line(line: bytes, known: KnownSecrets) -> str:
    return json.dumps(clean_value(json.loads(line), known), ensure_ascii=False) + "\n"


def _read_again(clean: Path, known: KnownSecrets) -> None:
    """The second reading: whatever the cleaning missed, in any member or in a member's name, keeps the trace here."""
    with zipfile.ZipFile(clean) as written:
        for member in written.infolist():
            if known.stand_in(written.read(member)) or known.stand_in(member.filename.encode()):
                raise Quarantined(f"a secret was left in {member.filename[:60]} after cleaning")
