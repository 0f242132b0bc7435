"""Cleaning in another process: it holds no secret in the open, and no recording can hold, fill or end its parent."""

from __future__ import annotations

import io
import json
import os
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from firstbell.artifacts.evidence import Artifact, ArtifactKind
from firstbell.artifacts.isolation import cleaning
from firstbell.artifacts.isolation.cleaning import CleaningLimits, RunSecrets, clean_isolated, end_idle_child
from firstbell.artifacts.redaction.known_secrets import KnownSecrets
from firstbell.artifacts.redaction.pipeline import RedactionResult

SECRET, MET = "planted-secret-1", "one-time-77120"
SECRETS = RunSecrets(KnownSecrets([SECRET]), frozenset({MET}))
CONSOLE = json.dumps({"lines": [{"text": f"logged {SECRET} and {MET}"}]}).encode()
# Takes several seconds, whatever the machine: no text that a person reads is as long.
LONG = b'{"lines": ["' + b"&#65;%41" * 2_000_000 + b'"]}'
SHORT_LIMITS = CleaningLimits(deadline_s=1.0, all_s=30.0)


@pytest.fixture(autouse=True, scope="module")
def _no_child_is_left() -> Iterator[None]:
    yield
    end_idle_child()
    assert children() == []


def children() -> list[psutil.Process]:
    found = []
    for one in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # A process of another test that has just ended.
            if any("cleaning_child" in word for word in one.cmdline()):
                found.append(one)
    return found


def cleaned(folder: Path, limits: CleaningLimits | None = None, /, **files: bytes) -> RedactionResult:
    kinds = {
        name: ArtifactKind.TRACE if data.startswith(b"PK") else ArtifactKind.CONSOLE for name, data in files.items()
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    artifacts = [Artifact(kind=kind, name=name) for name, kind in kinds.items()]
    return clean_isolated(artifacts, folder, SECRETS, quarantine=folder / "quarantine", limits=limits)


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as target:
        for name, data in members.items():
            target.writestr(name, data)
    return written.getvalue()


def test_a_file_that_takes_too_long_is_quarantined_and_the_others_are_kept(tmp_path: Path) -> None:
    result = cleaned(tmp_path, SHORT_LIMITS, a=CONSOLE, b=LONG, c=CONSOLE)
    assert [artifact.name for artifact in result.artifacts if artifact.missing] == ["b"]
    assert "quarantined: cleaning it takes longer than any recording" in result.artifacts[1].missing
    assert (tmp_path / "quarantine/b").read_bytes() == LONG
    for name in ("a", "c"):
        assert SECRET.encode() not in result.files[name]
        assert MET.encode() not in result.files[name]
    assert result.removed == {"known secrets": 4}


def test_the_parent_spends_nearly_no_time_on_a_file(tmp_path: Path) -> None:
    """Processor time of all threads of this process: it does not depend on how busy the machine is."""
    began = time.process_time()
    cleaned(tmp_path, SHORT_LIMITS, a=LONG)
    assert time.process_time() - began < 0.1


def test_a_file_that_takes_too_much_memory_is_quarantined(tmp_path: Path) -> None:
    result = cleaned(tmp_path, CleaningLimits(memory_mib=100), a=b'"' + b"a" * (60 << 20) + b'"', b=CONSOLE)
    assert "more memory than any recording" in result.artifacts[0].missing
    assert list(result.files) == ["b"]


def test_a_process_that_dies_or_cannot_be_started_costs_the_evidence_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    end_idle_child()
    monkeypatch.setattr(cleaning, "MODULE", "firstbell.errors")
    result = cleaned(tmp_path, a=CONSOLE)
    assert "the process that cleaned it died" in result.artifacts[0].missing
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    result = cleaned(tmp_path, b=CONSOLE)
    assert "no process could be started to clean it (No such file" in result.artifacts[0].missing
    assert result.files == {}


def test_one_process_serves_runs_and_a_new_one_takes_the_place_of_a_dead_one(tmp_path: Path) -> None:
    end_idle_child()
    cleaned(tmp_path, a=CONSOLE)
    (first,) = children()
    cleaned(tmp_path, a=CONSOLE)
    assert children() == [first]
    first.kill()
    first.wait(5)
    assert cleaned(tmp_path, a=CONSOLE).files
    (second,) = children()
    assert second.pid != first.pid


def test_the_process_has_no_secret_in_its_arguments_and_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    end_idle_child()
    monkeypatch.setenv("SCHOOL_PASSWORD", SECRET)
    cleaned(tmp_path, a=CONSOLE)
    (child,) = children()
    assert SECRET not in f"{child.cmdline()} {child.environ()}"
    assert child.nice() == os.nice(0) + cleaning.NICE
    assert child.num_fds() <= 3


BOMBS = {
    "zeros": zipped({"trace.trace": b"{}", "resources/a.txt": bytes(200 << 20)}),
    "zeros in LZMA": zipped({"trace.trace": b"{}", "resources/a.txt": bytes(20 << 20)}, zipfile.ZIP_LZMA),
    "zeros in bzip2": zipped({"trace.trace": b"{}", "resources/a.txt": bytes(20 << 20)}, zipfile.ZIP_BZIP2),
    "lines": zipped({"trace.trace": b"{}\n" * (20 << 20)}),
}


@pytest.mark.parametrize("name", BOMBS)
def test_an_archive_that_unpacks_to_far_more_is_refused(name: str, tmp_path: Path) -> None:
    result = cleaned(tmp_path, CleaningLimits(memory_mib=150), a=BOMBS[name])
    assert "packed as no recorder packs" in result.artifacts[0].missing


def test_a_token_of_the_second_attempt_goes_from_the_console_of_the_first(tmp_path: Path) -> None:
    token = "v9-Zq71kk0aP2"
    header = {"headers": [{"name": "Cookie", "value": f"sid={token}"}], "url": "https://school.test/"}
    line = {"type": "resource-snapshot", "snapshot": {"request": header, "response": {"headers": []}}}
    trace = zipped({"trace.trace": b"{}", "trace.network": json.dumps(line).encode()})
    result = cleaned(tmp_path, attempt1=json.dumps({"lines": [{"text": f"it is {token}"}]}).encode(), attempt2=trace)
    assert token in result.found
    assert json.loads(result.files["attempt1"]) == {"lines": [{"text": "it is ***"}]}
