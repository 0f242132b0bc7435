"""Artifacts of a run (names, hashes, missing files), and the policy that decides how much of them is kept."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstbell.artifacts.evidence import Artifact, ArtifactKind, absent, run_prefix, sealed, slug
from firstbell.artifacts.policy import EvidencePolicy, Keep

PICTURE = Artifact(kind=ArtifactKind.SCREENSHOT, name="attempt-1/student/01-signs-in.jpg", actor="student", step=1)
TRACE = Artifact(kind=ArtifactKind.TRACE, name="attempt-1/student/trace.zip", actor="student")
NETWORK = Artifact(kind=ArtifactKind.NETWORK, name="attempt-1/student/network.json", actor="student")


@given(st.text())
def test_slug_of_any_text_is_a_short_safe_name(text: str) -> None:
    name = slug(text)
    assert 0 < len(name) <= 48
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


def test_slug_of_a_title_stays_readable() -> None:
    assert slug("Sees & hears the teacher (señora Núñez)") == "sees-hears-the-teacher-senora-nunez"


def test_run_prefix_has_the_date_and_the_journey() -> None:
    day = datetime(2026, 8, 31, 11, 46, tzinfo=UTC)
    assert run_prefix(day, "live-class", "20260831-114610-k3f9tq") == (
        "runs/2026-08-31/live-class/20260831-114610-k3f9tq"
    )


def test_sealed_artifact_has_its_hash_or_the_reason_why_it_is_missing(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"picture")
    there = sealed(PICTURE, tmp_path / "a")
    assert (there.sha256, there.size_bytes) == (hashlib.sha256(b"picture").hexdigest(), 7)
    assert "No such file" in sealed(PICTURE, tmp_path / "b").missing
    assert absent(PICTURE, "").missing


@pytest.mark.parametrize(
    ("policy", "passed", "kept"),
    [
        (EvidencePolicy(on_pass=Keep.TRACE), True, {PICTURE, TRACE, NETWORK}),
        (EvidencePolicy(), True, {PICTURE, NETWORK}),
        (EvidencePolicy(on_pass=Keep.FIGURES), True, {NETWORK}),
        (EvidencePolicy(on_pass=Keep.FIGURES), False, {PICTURE, TRACE, NETWORK}),
    ],
)
def test_kept_artifacts_depend_on_the_result(policy: EvidencePolicy, *, passed: bool, kept: set[Artifact]) -> None:
    assert set(policy.kept([PICTURE, TRACE, NETWORK], passed=passed)) == kept


@pytest.mark.parametrize(
    ("attempt", "is_last", "traced"),
    [
        pytest.param(1, False, False, id="a first attempt that will be confirmed records cheaply"),
        pytest.param(1, True, True, id="the only attempt records all that a failure may leave"),
        pytest.param(2, True, True, id="the confirming one does too"),
    ],
)
def test_recorders_of_an_attempt_depend_on_its_number(attempt: int, *, is_last: bool, traced: bool) -> None:
    recording = EvidencePolicy().recording_of(attempt, is_last=is_last)
    assert recording.trace is traced
    assert recording.screencast is (attempt > 1)
    assert recording.screenshots
