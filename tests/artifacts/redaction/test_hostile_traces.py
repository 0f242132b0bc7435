"""Hostile and corrupt traces: never an exception, never a leak, and always a bounded time."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firstbell.artifacts.evidence import Artifact, ArtifactKind
from firstbell.artifacts.redaction import trace as limits
from firstbell.artifacts.redaction.known_secrets import KnownSecrets
from firstbell.artifacts.redaction.pipeline import RedactionResult, clean

SECRET = "planted-secret-1"
KNOWN = KnownSecrets([SECRET])
LINE = json.dumps({"type": "console", "text": f"logged {SECRET}", "args": [1.5, None, {"deep": [SECRET]}]}).encode()


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as target:
        for name, data in members:
            target.writestr(zipfile.ZipInfo(name), data, method)
    return written.getvalue()


ORDINARY = zipped(
    ("trace.trace", LINE + b"\n" + LINE),
    ("trace.network", b"{}"),
    ("resources/page.html", f"<p>{SECRET}</p>".encode()),
    ("resources/data.json", json.dumps({"a": SECRET}).encode()),
)


def cleaned(data: bytes, folder: Path, kind: ArtifactKind = ArtifactKind.TRACE) -> RedactionResult:
    folder.mkdir(exist_ok=True)
    (folder / "file").write_bytes(data)
    return clean([Artifact(kind=kind, name="file")], folder, KNOWN, quarantine=folder / "quarantine")


def must_be_safe(kept: RedactionResult) -> None:
    (artifact,) = kept.artifacts
    assert bool(artifact.missing) is not bool(kept.files)
    assert SECRET not in artifact.missing
    for data in kept.files.values():
        assert not KNOWN.found_in(data)


def declared_larger(data: bytes) -> bytes:
    """Return the same zip with a directory that declares 4 GiB."""
    at = data.rindex(b"PK\x01\x02")
    return data[: at + 24] + struct.pack("<I", 0xFFFFFFF0) + data[at + 28 :]


def encrypted(data: bytes) -> bytes:
    """Return the same zip with its first member marked as encrypted."""
    at = data.index(b"PK\x01\x02")
    return data[: at + 8] + b"\x01\x00" + data[at + 10 :]


def linked() -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as target:
        link = zipfile.ZipInfo("resources/link.txt")
        link.external_attr = 0o120777 << 16
        target.writestr(link, "/etc/shadow")
    return written.getvalue()


def named_twice() -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as target:
        target.writestr("trace.trace", LINE)
        with pytest.warns(UserWarning, match="Duplicate"):
            target.writestr("trace.trace", b"{}")
    return written.getvalue()


DEEP = b"[" * 200_000 + b"]" * 200_000
HOSTILE = {
    "no zip": b"nothing of the kind",
    "cut short": ORDINARY[: len(ORDINARY) // 2],
    "a bomb": zipped(("resources/bomb.txt", b"\0" * 300_000_000)),
    "a size that lies": declared_larger(ORDINARY),
    "encrypted": encrypted(ORDINARY),
    "a link": linked(),
    "two of one name": named_twice(),
    "out of the folder": zipped(("../../trace.trace", LINE)),
    "absolute": zipped(("/etc/trace.trace", LINE)),
    "JSON cut short": zipped(("trace.trace", LINE[:40])),
    "JSON without end": zipped(("trace.trace", DEEP)),
    "JSON body without end": zipped(("trace.trace", b"{}"), ("resources/a.json", DEEP)),
    "not UTF-8": zipped(("trace.trace", b"\xff\xfe" + LINE)),
    "half a character": zipped(("trace.trace", json.dumps({"text": "\ud800" + SECRET}).encode())),
    "no objects": zipped(("trace.trace", b"[1, 2]"), ("trace.network", b'"postData"')),
    "a list for a snapshot": zipped(("trace.network", b'{"type": "resource-snapshot", "snapshot": [1]}')),
    "a secret for a name": zipped((f"resources/{SECRET}.txt", b"x")),
    "a secret as a key": zipped(("trace.trace", json.dumps({SECRET: 1}).encode())),
    "an unknown kind": zipped(("trace.exe", LINE)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_trace_is_cleaned_or_quarantined(name: str, tmp_path: Path) -> None:
    must_be_safe(cleaned(HOSTILE[name], tmp_path))
    assert not list(tmp_path.glob("*.clean"))


def test_trace_with_too_many_members_is_refused_before_unpacking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MEMBERS", 3)
    assert "larger than any trace" in cleaned(ORDINARY, tmp_path).artifacts[0].missing


def test_cleaning_a_trace_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = cleaned(ORDINARY, tmp_path / "a"), cleaned(ORDINARY, tmp_path / "b")
    assert first.files == second.files
    assert first.removed == {"known secrets": 6}


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, len(ORDINARY) - 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_corrupt_trace_is_cleaned_or_quarantined(tmp_path: Path, flips: list[tuple[int, int]]) -> None:
    data = bytearray(ORDINARY)
    for at, byte in flips:
        data[at] = byte
    must_be_safe(cleaned(bytes(data), tmp_path))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just(f"x{SECRET}y"),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["params", "headers", "cookies", "value", "type", "log", "entries", "request", SECRET]),
            inner,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(JSON, st.sampled_from([ArtifactKind.HAR, ArtifactKind.CONSOLE, ArtifactKind.FIGURES]))
def test_any_json_is_cleaned_or_quarantined(tmp_path: Path, value: object, kind: ArtifactKind) -> None:
    must_be_safe(cleaned(json.dumps(value).encode(), tmp_path, kind))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(JSON, max_size=3))
def test_any_lines_of_a_trace_are_cleaned_or_quarantined(tmp_path: Path, lines: list[object]) -> None:
    text = "\n".join(json.dumps(line) for line in lines).encode()
    must_be_safe(cleaned(zipped(("trace.trace", text), ("trace.network", text)), tmp_path))
