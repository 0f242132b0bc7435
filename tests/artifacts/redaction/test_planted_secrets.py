"""Planted secrets, each where a web application leaks one: none is in anything that is kept.

The mutants switch off one part of the redactor at a time; each of them must leak, or the test proves nothing.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from firstbell.artifacts.capture import ActorRecorder
from firstbell.artifacts.evidence import Artifact
from firstbell.artifacts.policy import RecordingOptions
from firstbell.artifacts.redaction import by_key, by_pattern, har, pipeline, trace
from firstbell.artifacts.redaction.known_secrets import KnownSecrets
from firstbell.artifacts.redaction.pipeline import RedactionResult, clean
from firstbell.artifacts.redaction.redactor import Redactor
from firstbell.journeys.stage.pages.tabs import Tabs
from tests.support.leaky_site import BY_KIND, KNOWN, leak_everything, leaky_site
from tests.support.third_decoder import secrets_in

pytestmark = pytest.mark.browser

ALL = {**KNOWN, **BY_KIND}


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with leaky_site() as address:
        yield address


@pytest.fixture(scope="module")
def recorded(site: str, browser: object, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[Artifact, ...]]:
    """Record a journey that leaks, with every recorder on."""
    folder = tmp_path_factory.mktemp("leaky") / "work"
    context: BrowserContext = browser.new_context()  # type: ignore[attr-defined]
    page = context.new_page()
    recorder = ActorRecorder(
        Tabs(page), actor="student", folder=folder, attempt=1, options=RecordingOptions(screencast=True)
    )
    recorder.start()
    with recorder.step("leaks"):
        leak_everything(page, site)
    recorder.picture(1, "leaks", failed=False)
    artifacts = recorder.stop()
    context.close()
    assert not [artifact for artifact in artifacts if artifact.missing]
    return folder, artifacts


@pytest.fixture
def cleaned(recorded: tuple[Path, tuple[Artifact, ...]], tmp_path: Path) -> Callable[[], RedactionResult]:
    """Return a function that cleans a copy of the recordings."""
    folder, artifacts = recorded

    def clean_copy() -> RedactionResult:
        shutil.copytree(folder, tmp_path / "work")
        return clean(artifacts, tmp_path / "work", KnownSecrets(KNOWN.values()), quarantine=tmp_path / "quarantine")

    return clean_copy


def found_in(data: bytes) -> set[str]:
    """Return the names of the secrets in some bytes, in any encoding, inside zips too."""
    return secrets_in(data, ALL, depth=1)


def test_raw_recordings_contain_every_planted_secret(recorded: tuple[Path, tuple[Artifact, ...]]) -> None:
    folder, _ = recorded
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert set(ALL) == {name for path in files for name in found_in(path.read_bytes())}


def test_clean_recordings_contain_no_planted_secret(cleaned: Callable[[], RedactionResult]) -> None:
    kept = cleaned()
    assert [artifact.missing for artifact in kept.artifacts if artifact.missing] == []
    left = {name: found for name, data in kept.files.items() if (found := found_in(data))}
    assert left == {}
    assert {"known secrets", "cookies", "form posts", "socket messages", "tokens in JSON"} <= set(kept.removed)
    assert b"zz.student01" in kept.files["attempt-1/student/trace.zip"]


def _unchanged(value: object, *_: object, **__: object) -> object:
    return value


def _no_text(text: str, redactor: Redactor, **_: object) -> str:
    return redactor.scrub(text)


def _patch_both(*_: None) -> None:
    """Combine two patches: either part alone would be covered by the other."""


def _patch_everywhere(patch: pytest.MonkeyPatch, name: str, replacement: object) -> None:
    for module in (by_key, by_pattern, trace, har):
        patch.setattr(module, name, replacement)


MUTANTS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "no second pass for what was found": lambda patch: patch.setattr(trace, "discover_secrets", lambda _lines: set()),
    "no texts by kind": lambda patch: _patch_everywhere(patch, "clean_text", _no_text),
    "no known secrets": lambda patch: patch.setattr(Redactor, "scrub", lambda _redactor, text: text),
    "no arguments": lambda patch: patch.setattr(
        by_key, "_arguments", lambda item, _method, redactor: by_key.clean_value(item, redactor)
    ),
    "no rows of names and values, and no second pass": lambda patch: _patch_both(
        patch.setattr(by_key, "_ROWS", {}), patch.setattr(trace, "discover_secrets", lambda _lines: set())
    ),
    "no branches": lambda patch: patch.setattr(by_key, "_BRANCHES", {}),
    "no JSON bodies": lambda patch: patch.setattr(trace, "clean_json", _no_text),
    "no bodies of requests": lambda patch: patch.setattr(trace, "_request_bodies", lambda _members: set()),
    "no frames of sockets": lambda patch: patch.setattr(trace, "_socket_message", lambda line, _redactor: line + b"\n"),
    "no tags": lambda patch: patch.setattr(by_pattern, "_tag", lambda tag, _redactor: tag),
    "a HAR as it was": lambda patch: _patch_both(
        patch.setattr(pipeline, "allowed_har", _unchanged), patch.setattr(pipeline, "clean_value", _unchanged)
    ),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_redactor_without_one_of_its_parts_leaks(
    mutant: str, cleaned: Callable[[], RedactionResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    MUTANTS[mutant](monkeypatch)
    kept = cleaned()
    is_quarantined = any("a secret was left" in artifact.missing for artifact in kept.artifacts)
    left = {name for data in kept.files.values() for name in found_in(data)}
    assert is_quarantined or left, mutant


# The members that HAR 1.2 demands, by object.
MANDATORY = {
    "log": {"version", "creator", "entries"},
    "entry": {"startedDateTime", "time", "request", "response", "cache", "timings"},
    "request": {"method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"},
    "response": {
        "status", "statusText", "httpVersion", "cookies", "headers", "content", "redirectURL", "headersSize",
        "bodySize",
    },
    "timings": {"send", "wait", "receive"},
    "content": {"size", "mimeType"},
}  # fmt: skip


def test_clean_har_has_all_mandatory_members_and_no_query_values(
    cleaned: Callable[[], RedactionResult],
) -> None:
    log = json.loads(cleaned().files["attempt-1/student/network.har"])["log"]
    assert set(log) >= MANDATORY["log"]
    assert len(log["entries"]) >= 4
    for entry in log["entries"]:
        assert set(entry) >= MANDATORY["entry"]
        for part in ("request", "response", "timings"):
            assert set(entry[part]) >= MANDATORY[part], part
        assert set(entry["response"]["content"]) >= MANDATORY["content"]
        assert entry["request"]["cookies"] == entry["response"]["cookies"] == []
        assert all(row["value"] == "***" for row in entry["request"]["queryString"])
    assert any("token=***&page=***" in entry["request"]["url"] for entry in log["entries"])
