"""Redaction by kind and by value: secrets are removed, and the rest keeps its shape."""

from __future__ import annotations

import base64
import html
import json
import stat
import zipfile
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from firstbell.artifacts.evidence import Artifact, ArtifactKind
from firstbell.artifacts.redaction.by_key import clean_value
from firstbell.artifacts.redaction.by_pattern import clean_text
from firstbell.artifacts.redaction.known_secrets import REMOVED, KnownSecrets
from firstbell.artifacts.redaction.pipeline import clean
from firstbell.artifacts.redaction.redactor import Redactor
from firstbell.artifacts.redaction.trace import clean_trace

SECRET = 'pa ss<w>&"ö/42'
KNOWN = KnownSecrets([SECRET])
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
NOTHING = KnownSecrets([])


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET, safe=""),
        html.escape(SECRET),
        json.dumps(SECRET)[1:-1],
        SECRET.encode().hex(),
        base64.b64encode(SECRET.encode()).decode(),
        base64.b64encode(f"u:{SECRET}".encode()).decode(),
        base64.urlsafe_b64encode(f"us{SECRET}xyz".encode()).decode(),
        base64.b64encode(f"use:{SECRET}".encode()).decode(),
    ],
)
def test_known_secret_is_found_in_every_encoding(form: str) -> None:
    assert KNOWN.found_in(f"before {form} after".encode())
    assert REMOVED in KNOWN.scrub(f"before {form} after")
    assert not KNOWN.found_in(KNOWN.scrub(f"before {form} after").encode())


@example("000\r", "", "")
@given(st.text(min_size=4, max_size=40), st.text(max_size=20), st.text(max_size=20))
def test_known_secret_is_removed_whatever_surrounds_it(secret: str, before: str, after: str) -> None:
    known = KnownSecrets([secret])
    encoded = base64.b64encode(f"{before}{secret}{after}".encode()).decode()
    if len(secret.encode()) >= 6:
        assert known.found_in(encoded.encode())
    assert not known.found_in(known.scrub(f"{before}{secret}{after} {encoded}").encode()) or secret in REMOVED


def test_repr_of_known_secrets_does_not_show_them() -> None:
    assert SECRET not in repr(KNOWN)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("http://a.example/cb?code=abc&state=xyz&page=2", "http://a.example/cb?code=***&state=***&page=2"),
        ("http://a.example/#id_token=abc&page=2", "http://a.example/#id_token=***&page=2"),
        ('navigating to "http://a/?launch=abc", waiting', 'navigating to "http://a/?launch=***", waiting'),
        ('<a href="/x?a=1&amp;token=abc">', '<a href="/x?a=1&amp;token=***">'),
        ('<input type="hidden" name="csrf" value="abc">', '<input type="hidden" name="csrf" value="***">'),
        ('<input title="a > b" type=password value=abc>', '<input title="a > b" type=password value="***">'),
        ('"<input type=\\"password\\" value=\\"a b\\">"', '"<input type=\\"password\\" value=\\"***\\">"'),
        ('<meta name=csrf-token content="it\'s">', '<meta name=csrf-token content="***">'),
        ('{"password": "it\'s \\"so\\"", "b": 1}', '{"password": "***", "b": 1}'),
        ('{"a": "{\\"token\\": \\"x y\\", \\"b\\": 1}"}', '{"a": "{\\"token\\": \\"***\\", \\"b\\": 1}"}'),
        ("a cut line {'token': 'abc", "a cut line {'token': '***'"),
        ("http://a/?next=%2Fb%3Ftoken%3Da%2Fb%26page%3D2", "http://a/?next=%2Fb%3Ftoken%3D***%26page%3D2"),
        ("Authorization: Bearer abcdefgh.ijk", "Authorization: Bearer ***"),
        ("eyJhbGciOiJI.eyJzdWIiOiIx.c2ln", "***"),
        ("a barcode=12 and a statement", "a barcode=12 and a statement"),
    ],
)
def test_secrets_are_removed_from_text_by_pattern(text: str, left: str) -> None:
    assert clean_text(text, Redactor(NOTHING)) == left


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            {"headers": [{"name": "Cookie", "value": "a=b"}, {"name": "Accept", "value": "text/html"}]},
            {"headers": [{"name": "Cookie", "value": "***"}, {"name": "Accept", "value": "text/html"}]},
        ),
        ({"cookies": [{"name": "session", "value": "abc"}]}, {"cookies": [{"name": "session", "value": "***"}]}),
        (
            {"postData": {"mimeType": "x", "text": "a=b", "params": [{"name": "user", "value": "zz"}]}},
            {"postData": {"mimeType": "x", "text": "***", "params": [{"name": "user", "value": "***"}]}},
        ),
        (
            {"method": "fill", "params": {"selector": 'internal:label="Password"s', "value": "abc", "timeout": 1}},
            {"method": "fill", "params": {"selector": 'internal:label="Password"s', "value": "***", "timeout": 1}},
        ),
        (
            {"method": "fill", "params": {"selector": 'internal:label="Message"s', "value": "hello"}},
            {"method": "fill", "params": {"selector": 'internal:label="Message"s', "value": "hello"}},
        ),
        (
            ["INPUT", {"type": "password", "__playwright_value_": "abc"}],
            ["INPUT", {"type": "password", "__playwright_value_": "***"}],
        ),
        (
            ["INPUT", {"autocomplete": "one-time-code", "__playwright_value_": "123456"}],
            ["INPUT", {"autocomplete": "one-time-code", "__playwright_value_": "***"}],
        ),
        (
            ["INPUT", {"style": "-webkit-text-security: disc !important;", "__playwright_value_": "4028"}],
            ["INPUT", {"style": "-webkit-text-security: disc !important;", "__playwright_value_": "***"}],
        ),
        (
            [
                "P",
                {"style": "-webkit-text-fill-color: transparent !important;"},
                "40",
                ["B", {"id": "a"}, "28"],
                [[1, 2]],
            ],
            [
                "P",
                {"style": "-webkit-text-fill-color: transparent !important;"},
                "***",
                ["B", {"id": "a"}, "***"],
                [[1, 2]],
            ],
        ),
        (
            {"options": {"storageState": {"cookies": [{"value": "abc"}]}, "locale": "en"}},
            {"options": {"storageState": {"cookies": [{"value": "***"}]}, "locale": "en"}},
        ),
        ({"options": {"httpCredentials": {"password": "abc"}}}, {"options": {"httpCredentials": {"password": "***"}}}),
        ({"numbers": [1, 2.5, None, True]}, {"numbers": [1, 2.5, None, True]}),
    ],
)
def test_secrets_are_removed_from_json_by_key(before: object, after: object) -> None:
    assert clean_value(before, Redactor(NOTHING)) == after


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"trace.trace": b'{"broken'}, "could not be read"),
        ({"trace.trace": b"{}", "unknown.bin": b"x"}, "an unknown kind"),
        ({"../outside.trace": b"{}"}, "an unsafe name"),
        ({"trace.trace": b"{}", "resources/photo.png": PNG + SECRET.encode()}, "was left in resources/photo.png"),
    ],
    ids=["truncated", "unknown member", "traversal", "in a picture"],
)
def test_trace_that_cannot_be_cleaned_is_quarantined(tmp_path: Path, members: dict[str, bytes], said: str) -> None:
    zipped(tmp_path / "trace.zip", members)
    trace = Artifact(kind=ArtifactKind.TRACE, name="trace.zip")
    cleaned = clean([trace], tmp_path, KNOWN, quarantine=tmp_path / "quarantine")
    assert said in cleaned.artifacts[0].missing
    assert cleaned.files == {}


def test_cleaned_resource_is_renamed_to_its_new_hash_everywhere(tmp_path: Path) -> None:
    old = "a" * 40
    line = json.dumps({"type": "resource-snapshot", "content": {"_file": f"resources/{old}.html"}}).encode()
    members = {f"resources/{old}.html": SECRET.encode(), "trace.network": line, "trace.trace": b"{}"}
    clean_trace(zipped(tmp_path / "raw.zip", members), tmp_path / "clean.zip", Redactor(KNOWN))
    with zipfile.ZipFile(tmp_path / "clean.zip") as cleaned:
        named = json.loads(cleaned.read("trace.network"))["content"]["_file"]
        assert old not in named
        assert cleaned.read(named) == REMOVED.encode()


def test_quarantined_file_is_private_and_missing_from_the_run(tmp_path: Path) -> None:
    folder, quarantine = tmp_path / "work", tmp_path / "quarantine"
    folder.mkdir()
    (folder / "trace.zip").write_bytes(b"not a zip")
    (folder / "console.json").write_text(json.dumps({"lines": [f"logged {SECRET}"]}))
    artifacts = [
        Artifact(kind=ArtifactKind.TRACE, name="trace.zip"),
        Artifact(kind=ArtifactKind.CONSOLE, name="console.json"),
    ]
    cleaned = clean(artifacts, folder, KNOWN, quarantine=quarantine)
    assert "quarantined" in cleaned.artifacts[0].missing
    assert set(cleaned.files) == {"console.json"}
    assert SECRET not in cleaned.files["console.json"].decode()
    kept = quarantine / "trace.zip"
    assert kept.read_bytes() == b"not a zip"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(quarantine.stat().st_mode) == 0o700
