"""Redaction of a Playwright trace: it is parsed, cleaned member by member, and written anew.

It fails closed: a member that cannot be parsed, or is of an unknown kind, raises, and the caller puts the trace in
quarantine. Of what a page loaded, pictures, fonts and texts are kept; anything else becomes a mark. Written for the
traces of Playwright 1.65 (version 10: trace.trace, trace.network, trace.stacks, resources/, screencast/, src/). The
same trace gives the same bytes, whenever and wherever it is cleaned.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from firstbell.artifacts.bundle.canonical_zip import canonical_zip
from firstbell.artifacts.redaction.by_key import clean_json, clean_value
from firstbell.artifacts.redaction.by_pattern import clean_text
from firstbell.artifacts.redaction.discovered_secrets import discover_secrets, hosts_and_moments
from firstbell.artifacts.redaction.known_secrets import REMOVED
from firstbell.artifacts.redaction.redactor import Redactor
from firstbell.artifacts.redaction.rescan import Quarantined

# A trace of a class is a few MB; a zip a hundred times as large is not a trace, or must not be unpacked here.
MEMBERS, MEMBER_BYTES, ALL_BYTES = 20_000, 128 << 20, 300 << 20
# Deflate packs zeros 1030 times, and the lines of a trace some tens of times.
MOST_TIMES, SMALL_BYTES = 250, 1 << 20
PICTURES = (".jpeg", ".jpg", ".png", ".webp", ".gif", ".ico", ".avif", ".woff", ".woff2", ".ttf", ".otf")
# How pictures and fonts begin (WHATWG MIME Sniffing, 6.1 and 6.3): a text under the name of a picture does not.
_BEGINNINGS = re.compile(
    rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|GIF8[79]a|RIFF....WEBPVP|\x00\x00[\x01\x02]\x00|\x00\x00\x00.ftypavi[fs]"
    rb"|wOF[F2]|\x00\x01\x00\x00|OTTO|ttcf",
    re.DOTALL,
)
TEXTS = (".html", ".css", ".js", ".mjs", ".json", ".txt", ".xml", ".py", ".map", ".dat", ".webmanifest", ".svg")
_HASHED = re.compile(r"resources/([0-9a-f]{32,64})((?:\.[a-z0-9]+)?)")
_LINES = (".trace", ".network", ".stacks")
# Control characters that no text has.
_BINARY = re.compile("[\0-\x08\x0e-\x1a\x1c-\x1f]")
NOT_KEPT = f"{REMOVED} A file of this kind is not kept.".encode()


def clean_trace(raw: Path, clean: Path, redactor: Redactor) -> None:
    """Write a clean copy of a trace. Raises Quarantined; any other exception means that the trace cannot be read."""
    with zipfile.ZipFile(raw) as source:
        members = _members(source)
    clean.write_bytes(canonical_zip(_cleaned(members, redactor)))


@dataclass(frozen=True, slots=True)
class TraceWords:
    """The secrets that a trace has in fields and headers that are certainly secret, and the names that its viewer
    needs: of members, hosts and moments."""

    secrets: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()


def words_of_trace(raw: Path) -> TraceWords:
    """Return the words of a trace. Raises as `clean_trace`."""
    with zipfile.ZipFile(raw) as source:
        lines = list(_lines(_members(source, _LINES[:2])))
        names = {member.filename for member in source.infolist()} | hosts_and_moments(lines)
    return TraceWords(frozenset(discover_secrets(lines)), frozenset(names))


def _members(source: zipfile.ZipFile, endings: tuple[str, ...] = ("",)) -> dict[str, bytes]:
    """Read the members with one of some `endings`, after checking that all of them can be unpacked here."""
    found = source.infolist()
    if len(found) > MEMBERS or sum(member.file_size for member in found) > ALL_BYTES:
        raise Quarantined("the trace is larger than any trace of a class")
    if any(_is_bomb(member) for member in found):
        raise Quarantined("the trace has a member that is packed as no recorder packs")
    if len({member.filename for member in found}) != len(found):
        raise Quarantined("the trace has two members with the same name")
    for member in found:
        path = PurePosixPath(member.filename)
        is_link = (member.external_attr >> 28) == 0o12
        if path.is_absolute() or ".." in path.parts or member.file_size > MEMBER_BYTES or is_link:
            raise Quarantined("the trace has a member with an unsafe name, or a member that is too large")
    # zipfile reads no more of a member than it declares; if that was not all, its CRC does not match.
    return {
        member.filename: source.read(member)
        for member in found
        if not member.is_dir() and member.filename.endswith(endings)
    }


def _is_bomb(member: zipfile.ZipInfo) -> bool:
    """Tell whether a member unpacks to far more than it is. zipfile unpacks LZMA and bzip2 in steps without a bound."""
    is_known = member.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    return not is_known or member.file_size > max(SMALL_BYTES, MOST_TIMES * member.compress_size)


def _lines(members: dict[str, bytes]) -> Iterator[bytes]:
    for name, data in members.items():
        if name.endswith(_LINES[:2]) and not name.startswith("resources/"):
            yield from data.splitlines()


def _cleaned(members: dict[str, bytes], redactor: Redactor) -> list[tuple[str, bytes]]:
    """Clean resources first: if a content changes, so does the hash that names it, and the members that refer to it."""
    renamed: dict[str, str] = {}
    written: dict[str, bytes] = {}
    request_bodies = _request_bodies(members)
    for name, data in members.items():
        if name.startswith("resources/"):
            if name in request_bodies:
                redactor.count("form posts")
            cleaned = REMOVED.encode() if name in request_bodies else _resource(name, data, redactor)
            renamed[name] = _name_for(name, data, cleaned)
            written.setdefault(renamed[name], cleaned)
    for name, data in members.items():
        if not name.startswith("resources/"):
            written[name] = _member(name, data, redactor, renamed)
    return sorted(written.items())


def _request_bodies(members: dict[str, bytes]) -> set[str]:
    """Return the resources that are bodies of requests: texts that people sent are never kept."""
    lines = [line for line in _lines(members) if b"postData" in line]
    requests = [json.loads(line).get("snapshot", {}).get("request", {}) for line in lines]
    return {str(request["postData"].get("_file", "")) for request in requests if "postData" in request}


def _name_for(name: str, data: bytes, cleaned: bytes) -> str:
    found = _HASHED.fullmatch(name)
    if data == cleaned or not found or len(found[1]) != 40:
        return name
    digest = hashlib.sha1(cleaned, usedforsecurity=False).hexdigest()
    return f"resources/{digest}{found[2]}"


def _resource(name: str, data: bytes, redactor: Redactor) -> bytes:
    """Clean a resource that a page loaded, or the messages of its WebSockets. Whatever it is, the trace is kept."""
    suffix = PurePosixPath(name).suffix
    try:
        if suffix == ".jsonl":
            return b"".join(_socket_message(line, redactor) for line in data.splitlines())
        if suffix in TEXTS or not suffix:
            return _text(data, redactor, suffix)
    except (ValueError, TypeError, RecursionError):
        pass  # Its name, from the content type, is not true.
    if suffix in (*PICTURES, *TEXTS, "") and _BEGINNINGS.match(data):
        return data
    redactor.count("files of a kind that is not kept")
    return NOT_KEPT


def _socket_message(line: bytes, redactor: Redactor) -> bytes:
    """Keep a WebSocket message's time and direction; its content may be anything: names, credentials."""
    message = json.loads(line)
    redactor.count("socket messages")
    return json.dumps({**clean_value(message, redactor), "data": REMOVED}).encode() + b"\n"


def _text(data: bytes, redactor: Redactor, suffix: str) -> bytes:
    """Clean a text. Raises ValueError if it is none, and RecursionError if it is JSON without end."""
    encoding = "utf-8"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        if suffix != ".css":
            raise
        encoding = "latin-1"  # A style sheet of an old page, which pictures of the page need.
        text = data.decode(encoding)
    if _BINARY.search(text):
        raise ValueError("not a text")
    is_json = suffix in (".json", ".dat", ".txt", "")
    return (clean_json(text, redactor) if is_json else clean_text(text, redactor)).encode(encoding)


def _member(name: str, data: bytes, redactor: Redactor, renamed: dict[str, str]) -> bytes:
    match PurePosixPath(name).parts[0], PurePosixPath(name).suffix:
        case (_, ".trace" | ".network" | ".stacks"):
            lines = "".join(_line(line, redactor) for line in data.splitlines())
            return _HASHED.sub(lambda found: renamed.get(found[0], found[0]), lines).encode(errors="surrogatepass")
        case ("src", _):
            return _text(data, redactor, ".py")
        case ("screencast", suffix) if suffix in PICTURES:
            return data
    raise Quarantined(f"the trace has a member of an unknown kind ({redactor.scrub(name)[:40]})")


def _line(line: bytes, redactor: Redactor) -> str:
    return json.dumps(clean_value(json.loads(line), redactor), ensure_ascii=False) + "\n"
