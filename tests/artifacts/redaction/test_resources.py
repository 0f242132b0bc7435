"""Resources of a trace: pictures, fonts and texts are kept, anything else becomes a mark, and the trace stays."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from firstbell.artifacts.evidence import Artifact, ArtifactKind
from firstbell.artifacts.redaction.known_secrets import KnownSecrets
from firstbell.artifacts.redaction.pipeline import clean
from firstbell.artifacts.redaction.trace import NOT_KEPT

SECRET = "correct horse"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
# Suffix, as Playwright takes it from the content type; content; whether it is kept as it is.
RESOURCES = [
    (".png", PNG, True),
    (".jpg", b"\xff\xd8\xff\xe0\0\x10JFIF", True),
    (".avif", b"\0\0\0\x20ftypavif", True),
    (".woff2", b"wOF2\0\1", True),
    (".html", PNG, True),
    (".dat", PNG, True),
    (".css", b"a::after { content: '\xa9' }", True),
    (".dat", b"a plain text", True),
    (".png", b"text under the name of a picture", False),
    (".jpg", SECRET.encode(), False),
    (".html", b"\xff\xfe<\0p\0>\0", False),
    (".json", b"[" * 100_000, False),
    (".txt", b"a\0b", False),
    (".dat", b"\xff\0\1\2", False),
    ("", b"\xff\0\1\2" + SECRET.encode(), False),
    (".jsonl", b"[1]\n2\n", False),
    (".jsonl", b"not JSON", False),
    *((suffix, b"%PDF-1.7 " + SECRET.encode(), False) for suffix in (".pdf", ".wasm", ".mp4", ".csv", ".bin", ".zip")),
    *((suffix, b"\0\1\2\xff", False) for suffix in (".webm", ".mp3", ".exe", ".gz", ".avi", ".bmp", ".m3u8", ".m4s")),
]


@pytest.mark.parametrize(
    ("suffix", "content", "left"),
    [(suffix, content, content if is_kept else NOT_KEPT) for suffix, content, is_kept in RESOURCES],
)
def test_resource_of_any_kind_costs_no_trace(suffix: str, content: bytes, left: bytes, tmp_path: Path) -> None:
    name = f"resources/{hashlib.sha1(content, usedforsecurity=False).hexdigest()}{suffix}"
    line = json.dumps({"type": "resource-snapshot", "snapshot": {"response": {"content": {"_file": name}}}}).encode()
    with zipfile.ZipFile(tmp_path / "trace.zip", "w") as raw:
        for member, data in {"trace.trace": b"{}", "trace.network": line, name: content}.items():
            raw.writestr(member, data)
    trace = Artifact(kind=ArtifactKind.TRACE, name="trace.zip")
    cleaned = clean([trace], tmp_path, KnownSecrets([SECRET]), quarantine=tmp_path / "quarantine")
    assert cleaned.artifacts[0].missing == ""
    with zipfile.ZipFile(tmp_path / "trace.zip") as clean_trace:
        named = json.loads(clean_trace.read("trace.network"))["snapshot"]["response"]["content"]["_file"]
        assert clean_trace.read(named) == left
    assert cleaned.removed.get("files of a kind that is not kept", 0) == (left == NOT_KEPT)
