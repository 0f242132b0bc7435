"""A Playwright trace without its secrets: parsed, cleaned member by member, and written anew.

Fails closed: what cannot be parsed, or a member of a kind that is not known, is a Quarantined, and the caller keeps the
trace where nobody is sent it. Written for the traces of Playwright 1.65 (version 10: trace.trace, trace.network,
trace.stacks, resources/, screencast/, src/). The same trace gives the same bytes, whenever and wherever it is cleaned.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from firstbell.artifacts.bundle.canonical_zip import canonical_zip
from firstbell.artifacts.redaction.by_key import clean_json, clean_value
from firstbell.artifacts.redaction.by_pattern import clean_text
from firstbell.artifacts.redaction.discovered_secrets import discover_secrets
from firstbell.artifacts.redaction.known_secrets import REMOVED
from firstbell.artifacts.redaction.redactor import Redactor
from firstbell.artifacts.redaction.rescan import Quarantined

# A trace of a class is a few MB; what is a hundred times as large is not one, or not to be unpacked here.
MEMBERS, MEMBER_BYTES, ALL_BYTES = 20_000, 128 << 20, 300 << 20
PICTURES = (".jpeg", ".jpg", ".png", ".webp", ".gif", ".ico", ".woff", ".woff2", ".ttf", ".otf")
TEXTS = (".html", ".css", ".js", ".mjs", ".json", ".txt", ".xml", ".py", ".map", ".dat", ".webmanifest", ".svg")
_HASHED = re.compile(r"resources/([0-9a-f]{32,64})((?:\.[a-z0-9]+)?)")
_LINES = (".trace", ".network", ".stacks")


def clean_trace(raw: Path, clean: Path, broom: Redactor) -> None:
    """Write a clean copy of a trace. Raises Quarantined; any other exception means that it could not be read."""
    with zipfile.ZipFile(raw) as source:
        members = _members(source)
    broom = Redactor(broom.known.with_more(discover_secrets(_lines(members))), broom.removed)
    clean.write_bytes(canonical_zip(_cleaned(members, broom)))


def _members(source: zipfile.ZipFile) -> dict[str, bytes]:
    """All members, once it is sure that they can be unpacked here."""
    found = source.infolist()
    if len(found) > MEMBERS or sum(member.file_size for member in found) > ALL_BYTES:
        raise Quarantined("the trace is larger than any trace of a class")
    if len({member.filename for member in found}) != len(found):
        raise Quarantined("the trace has two members of one name")
    for member in found:
        path = PurePosixPath(member.filename)
        is_link = (member.external_attr >> 28) == 0o12
        if path.is_absolute() or ".." in path.parts or member.file_size > MEMBER_BYTES or is_link:
            raise Quarantined("the trace has a member with a name or a size that no trace has")
    # zipfile reads no more of a member than it declares, and finds out by its CRC when that was not all.
    return {member.filename: source.read(member) for member in found if not member.is_dir()}


def _lines(members: dict[str, bytes]) -> Iterator[bytes]:
    for name, data in members.items():
        if name.endswith(_LINES[:2]) and not name.startswith("resources/"):
            yield from data.splitlines()


def _cleaned(members: dict[str, bytes], broom: Redactor) -> list[tuple[str, bytes]]:
    """Resources first: where a content changes, so does the hash that names it, and who names it follows."""
    renamed: dict[str, str] = {}
    written: dict[str, bytes] = {}
    bodies = _posted(members)
    for name, data in members.items():
        if name.startswith("resources/"):
            if name in bodies:
                broom.note("form posts")
            cleaned = REMOVED.encode() if name in bodies else _resource(name, data, broom)
            renamed[name] = _name_for(name, data, cleaned)
            written.setdefault(renamed[name], cleaned)
    for name, data in members.items():
        if not name.startswith("resources/"):
            written[name] = _member(name, data, broom, renamed)
    return sorted(written.items())


def _posted(members: dict[str, bytes]) -> set[str]:
    """The resources that are bodies of requests: what people sent is nobody's evidence."""
    lines = [line for line in _lines(members) if b"postData" in line]
    requests = [json.loads(line).get("snapshot", {}).get("request", {}) for line in lines]
    return {str(request["postData"].get("_file", "")) for request in requests if "postData" in request}


def _name_for(name: str, data: bytes, cleaned: bytes) -> str:
    found = _HASHED.fullmatch(name)
    if data == cleaned or not found or len(found[1]) != 40:
        return name
    digest = hashlib.sha1(cleaned, usedforsecurity=False).hexdigest()
    return f"resources/{digest}{found[2]}"


def _resource(name: str, data: bytes, broom: Redactor) -> bytes:
    """What a page loaded, or what went over its sockets."""
    suffix = PurePosixPath(name).suffix
    if suffix == ".jsonl":
        return b"".join(_frame(line, broom) for line in data.splitlines())
    if suffix in PICTURES:
        return data
    if suffix in TEXTS or not suffix:
        return _text(data, broom, is_json=suffix in (".json", ".dat", ".txt", ""))
    raise Quarantined(f"the trace holds a resource of a kind that is not known ({suffix[:12]})")


def _frame(line: bytes, broom: Redactor) -> bytes:
    """A WebSocket message keeps its time and direction; what it said may be anything: names, credentials."""
    frame = json.loads(line)
    broom.note("socket messages")
    return json.dumps({**clean_value(frame, broom), "data": REMOVED}).encode() + b"\n"


def _text(data: bytes, broom: Redactor, *, is_json: bool) -> bytes:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return data  # Not text; the second reading still looks for known secrets in it.
    return (clean_json(text, broom) if is_json else clean_text(text, broom)).encode()


def _member(name: str, data: bytes, broom: Redactor, renamed: dict[str, str]) -> bytes:
    match PurePosixPath(name).parts[0], PurePosixPath(name).suffix:
        case (_, ".trace" | ".network" | ".stacks"):
            lines = "".join(_line(line, broom) for line in data.splitlines())
            return _HASHED.sub(lambda found: renamed.get(found[0], found[0]), lines).encode(errors="surrogatepass")
        case ("src", _):
            return _text(data, broom, is_json=False)
        case ("screencast", suffix) if suffix in PICTURES:
            return data
    raise Quarantined(f"the trace has a member of a kind that is not known ({broom.scrub(name)[:40]})")


def _line(line: bytes, broom: Redactor) -> str:
    return json.dumps(clean_value(json.loads(line), broom), ensure_ascii=False) + "\n"
