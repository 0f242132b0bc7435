"""Packing: a run is unpacked byte for byte; shared content is stored once; changed objects are refused."""

from __future__ import annotations

import hashlib
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from firstbell.artifacts.bundle.canonical_zip import canonical_zip
from firstbell.artifacts.packing import RunLocation, UnreadableObjects, pack, unpack, write_files
from firstbell.artifacts.policy import Lifetime

STYLE = b"body { color: navy }\n" * 200
PICTURE = b"\xff\xd8" + b"".join(hashlib.sha256(bytes([number])).digest() for number in range(200))


def run_location(run: str, lifetime: Lifetime = Lifetime.PASSES) -> RunLocation:
    return RunLocation(prefix=f"runs/{run}", lifetime=lifetime, started_at=datetime(2026, 8, 31, tzinfo=UTC))


def files_of(run: str) -> dict[str, bytes]:
    members = [("trace.trace", run.encode()), ("resources/aa.css", STYLE), ("resources/bb.txt", b"small")]
    return {
        "run.json": json.dumps({"id": run}).encode(),
        "attempt-1/student/01-signs-in.jpg": PICTURE,
        "attempt-1/student/trace.zip": canonical_zip(members),
        "attempt-1/student/console.json": b"[]",
    }


def unpacked(objects: dict[str, bytes], run: str) -> dict[str, bytes]:
    return unpack(f"runs/{run}", [name for name in objects if name.startswith(f"runs/{run}/")], objects.__getitem__)


@pytest.mark.parametrize("lifetime", [Lifetime.PASSES, Lifetime.FAILURES])
def test_unpacked_run_equals_the_packed_one(lifetime: Lifetime) -> None:
    assert unpacked(pack(files_of("a"), run_location("a", lifetime)), "a") == files_of("a")


def many_files() -> dict[str, bytes]:
    """Returns a run with more pictures, actors and resources than objects are allowed."""
    files = {"run.json": b"{}"}
    for attempt in (1, 2):
        for actor in ("student", "teacher"):
            folder = f"attempt-{attempt}/{actor}"
            files |= {f"{folder}/{number:02}-a.jpg": PICTURE + bytes([number]) for number in range(9)}
            files |= {f"{folder}/{number:02}-a-failed.jpg": PICTURE + actor.encode() for number in (9, 10)}
            members = [(f"resources/{number}.css", STYLE * (number + 1)) for number in range(12)]
            files[f"{folder}/trace.zip"] = canonical_zip([("trace.trace", folder.encode()), *members])
    return files


@pytest.mark.parametrize(("lifetime", "most"), [(Lifetime.PASSES, 3), (Lifetime.FAILURES, 8)])
def test_run_of_many_files_is_few_objects_and_is_unpacked_whole(lifetime: Lifetime, most: int) -> None:
    for files in (many_files(), files_of("a")):
        objects = pack(files, run_location("a", lifetime))
        assert len(objects) <= most
        assert unpacked(objects, "a") == files


def test_largest_shared_content_is_stored_once_under_its_hash() -> None:
    first, second = (pack(files_of(run), run_location(run, Lifetime.FAILURES)) for run in "ab")
    parts = {name: data for name, data in first.items() if name.startswith("parts/failures/2026-08/")}
    assert len(parts) == 1
    assert {name for name in second if name.startswith("parts/")} == set(parts)
    assert all(name.endswith(hashlib.sha256(data).hexdigest()) for name, data in parts.items())
    assert sum(map(len, parts.values())) < len(STYLE) / 10


def test_pictures_of_the_failing_step_in_the_last_attempt_are_plain_objects() -> None:
    objects = pack(many_files(), run_location("a", Lifetime.FAILURES))
    pictures = {name for name in objects if name.endswith(".jpg")}
    assert len(pictures) == 5
    assert {name for name in pictures if "/attempt-2/" in name} == {
        f"runs/a/attempt-2/{actor}/{step}-a-failed.jpg" for actor in ("student", "teacher") for step in ("09", "10")
    }


def test_runs_of_different_lifetimes_or_months_share_no_parts() -> None:
    september = RunLocation(prefix="r", lifetime=Lifetime.FAILURES, started_at=datetime(2026, 9, 1, tzinfo=UTC))
    run_locations = (run_location("a"), run_location("a", Lifetime.FAILURES), september)
    _, failed, later = (pack(files_of("a"), run_location) for run_location in run_locations)
    parts = [{name for name in objects if name.startswith("parts/")} for objects in (failed, later)]
    assert parts[0]
    assert not parts[0] & parts[1]


def test_zip_that_cannot_be_rebuilt_exactly_is_stored_whole(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "odd.zip", "w", zipfile.ZIP_DEFLATED) as odd:
        odd.writestr("resources/aa.css", STYLE)
    files = {"run.json": b"{}", "odd.zip": (tmp_path / "odd.zip").read_bytes()}
    assert unpacked(pack(files, run_location("a")), "a") == files


def test_run_without_parts_from_an_older_version_is_read() -> None:
    objects = {f"runs/a/{name}": data for name, data in files_of("a").items()}
    assert unpacked(objects, "a") == files_of("a")


@pytest.mark.parametrize(
    ("name", "becomes", "said"),
    [
        ("parts/", b"something else", "changed in the store"),
        ("contents.json", b"{", r"contents\.json cannot be read"),
        ("contents.json", b'{"schema": "firstbell.contents/9", "files": {}}', "use a newer one"),
        ("rest.zip", b"PK", r"rest\.zip cannot be read"),
    ],
)
def test_objects_changed_in_the_store_are_refused(name: str, becomes: bytes, said: str) -> None:
    objects = pack(files_of("a"), run_location("a", Lifetime.FAILURES))
    changed = {key: becomes if name in key else data for key, data in objects.items()}
    with pytest.raises(UnreadableObjects, match=said):
        unpacked(changed, "a")


@pytest.mark.parametrize("name", ["../outside", "/etc/cron.d/x", "a/../../b", ""])
def test_unsafe_names_are_not_written_to_a_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnreadableObjects, match="is not a valid file name"):
        write_files({name: b"x"}, tmp_path / "inside")
    assert not list(tmp_path.rglob("*"))
