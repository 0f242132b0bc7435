"""The spool: runs reach the store, run.json last; a full spool drops the oldest passes first."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

import pytest

from firstbell.artifacts.dropped_runs import DroppedRuns
from firstbell.artifacts.policy import Lifetime
from firstbell.artifacts.spool import MIB, Spool, Undelivered
from firstbell.artifacts.stores import StoreError, StoreOptions
from firstbell.artifacts.stores.memory import MemoryStore
from firstbell.artifacts.uploader import Uploader, UploadReport, UploadState

QUARTER = MIB // 4 - 100


class RecordingStore(MemoryStore):
    """A store that refuses a number of times, and records the order of its objects."""

    def __init__(self, refusals: int) -> None:
        super().__init__("memory:", StoreOptions())
        self.refusals = refusals
        self.order: list[str] = []

    def put(self, name: str, data: bytes, lifetime: Lifetime) -> None:
        if self.refusals:
            self.refusals -= 1
            raise StoreError("503 SlowDown", permanent=False)
        self.order.append(name)
        super().put(name, data, lifetime)


def files_in(folder: Path) -> list[str]:
    """Return the files in a spool besides its locks."""
    return sorted(path.name for path in folder.iterdir() if path.name not in (".delivering", ".placing"))


def files(run: str, size: int = 10) -> dict[str, bytes]:
    return {f"runs/{run}/run.json": b"{}", f"runs/{run}/rest.zip": b"x" * size, "parts/passes/2026-08/ab/abc": b"part"}


def put(spool: Spool, run: str, lifetime: Lifetime = Lifetime.FAILURES, size: int = 10) -> tuple[str, ...]:
    return spool.put(f"runs/{run}", files(run, size), lifetime)


def test_run_json_is_delivered_last(tmp_path: Path) -> None:
    store, spool = RecordingStore(0), Spool(tmp_path)
    put(spool, "a")
    assert spool.deliver(store).objects == 3
    assert store.order == ["parts/passes/2026-08/ab/abc", "runs/a/rest.zip", "runs/a/run.json"]
    assert spool.deliver(store).objects == 0
    assert files_in(tmp_path) == []


def test_part_that_was_sent_is_not_sent_again(tmp_path: Path) -> None:
    store, spool = RecordingStore(0), Spool(tmp_path)
    put(spool, "a")
    put(spool, "b")
    spool.deliver(store)
    assert store.order.count("parts/passes/2026-08/ab/abc") == 1
    assert len(store.order) == 5


def test_refused_run_is_kept_and_delays_no_other_run(tmp_path: Path) -> None:
    store, spool = RecordingStore(1), Spool(tmp_path)
    put(spool, "a")
    put(spool, "b")
    first = spool.deliver(store)
    assert first.objects == 3
    assert first.waiting == (Undelivered(name="runs/a", reason="503 SlowDown"),)
    assert Spool(tmp_path).deliver(store).objects == 3
    assert store.names("runs/") == ["runs/a/rest.zip", "runs/a/run.json", "runs/b/rest.zip", "runs/b/run.json"]


def test_waiting_run_is_read_from_the_spool_whole_in_part_or_not_at_all(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    put(spool, "a")
    put(spool, "a2")
    assert spool.read("runs/a") == (files("a"), True)

    class HalfStore(RecordingStore):
        def put(self, name: str, data: bytes, lifetime: Lifetime) -> None:
            if name.endswith("run.json"):
                raise StoreError("no", permanent=False)
            super().put(name, data, lifetime)

    spool.deliver(HalfStore(0))
    assert spool.read("runs/a") == ({"runs/a/run.json": b"{}"}, False)
    spool.deliver(RecordingStore(0))
    assert spool.read("runs/a") == ({}, False)
    store = RecordingStore(0)
    store.put("runs/b/rest.zip", b"another client's", Lifetime.FAILURES)
    put(spool, "b")
    assert spool.deliver(store).aside
    assert set(spool.read("runs/b")[0]) == {"runs/b/rest.zip", "runs/b/run.json"}


def test_unfinished_run_of_a_dead_process_is_removed(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as dead:
        dead.wait()
    for pid in (dead.pid, os.getpid()):
        (tmp_path / f".making-{pid}-runs%2Fa").mkdir()
        (tmp_path / f".making-{pid}-runs%2Fa" / "run.json").write_bytes(b"{")
    store = RecordingStore(0)
    assert Spool(tmp_path).deliver(store).objects == 0
    assert store.names("") == []
    assert files_in(tmp_path) == [f".making-{os.getpid()}-runs%2Fa"]


def test_delivery_stops_after_refusals_in_a_row_and_tries_every_run_in_time(tmp_path: Path) -> None:
    class RefusingStore(RecordingStore):
        asked = 0

        def put(self, name: str, data: bytes, lifetime: Lifetime) -> None:
            self.asked += 1
            if lifetime is Lifetime.FAILURES:
                raise StoreError("failures are not allowed", permanent=True)
            super().put(name, data, lifetime)

    store, spool = RefusingStore(0), Spool(tmp_path)
    for number in range(9):
        put(spool, f"1-failed-{number}")
    put(spool, "2-passed", Lifetime.PASSES)
    assert len(spool.deliver(store).waiting) == store.asked == 3
    assert spool.deliver(store).objects == 0
    assert spool.deliver(store).objects == 0
    assert spool.deliver(store).objects == 3
    assert "runs/2-passed/run.json" in store.order
    assert spool.waiting().runs == 9


def test_foreign_files_in_the_spool_folder_are_ignored(tmp_path: Path) -> None:
    for name in ("a~b~c", "for-ever~1~runs%2Fx", "passes~runs%2Fold", "lost+found"):
        (tmp_path / name).mkdir()
    (tmp_path / "passes~1~file").write_bytes(b"not a folder")
    spool, store = Spool(tmp_path), RecordingStore(0)
    put(spool, "a")
    assert spool.deliver(store).objects == 3


def test_interrupted_drop_is_finished_and_counted_once(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    put(spool, "a")
    (folder,) = tmp_path.glob("failures~*")
    folder.rename(tmp_path / f".dropping-{folder.name}")
    assert Spool(tmp_path).waiting().dropped == 1
    assert Spool(tmp_path).waiting().dropped == 1
    assert spool.dropped("runs/a")
    assert files_in(tmp_path) == [".dropped.jsonl"]


def test_list_of_dropped_runs_is_shortened_and_keeps_its_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firstbell.artifacts.dropped_runs.LINES", 10)
    drops = DroppedRuns(tmp_path / "dropped")
    for number in range(100):
        drops.note(f"runs/2026-08-31/live-class/20260831-114610-{number:06}")
    assert drops.count == 100
    assert drops.when("runs/2026-08-31/live-class/20260831-114610-000099")
    assert (tmp_path / "dropped").stat().st_size < 10 * 200


def test_full_spool_drops_the_oldest_passes_then_the_oldest_failures(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit_mib=1)
    assert put(spool, "1-failed", size=QUARTER) == ()
    for run in ("2-passed", "3-passed"):
        put(spool, run, Lifetime.PASSES, QUARTER)
    assert put(spool, "4-failed", size=2 * QUARTER) == ("runs/2-passed",)
    assert put(spool, "5-failed", size=2 * QUARTER) == ("runs/3-passed", "runs/1-failed")
    again = Spool(tmp_path)
    assert again.waiting().dropped == 3
    assert again.dropped("runs/3-passed")
    assert not again.dropped("runs/4-failed")
    store = RecordingStore(0)
    again.deliver(store)
    assert [name for name in store.order if name.endswith("run.json")] == [
        "runs/4-failed/run.json",
        "runs/5-failed/run.json",
    ]


def test_run_larger_than_the_spool_is_refused_and_drops_no_other(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit_mib=1)
    put(spool, "1")
    with pytest.raises(OSError, match="larger than the whole spool"):
        put(spool, "2", size=MIB)
    assert spool.waiting().runs == 1


def test_run_that_the_store_will_never_take_is_put_aside_once(tmp_path: Path) -> None:
    store, spool = RecordingStore(0), Spool(tmp_path)
    store.put("runs/a/rest.zip", b"another client's", Lifetime.FAILURES)
    put(spool, "a")
    put(spool, "b")
    delivery = spool.deliver(store)
    assert [str(run) for run in delivery.aside] == ["runs/a: runs/a/rest.zip already exists with different content"]
    assert "runs/b/run.json" in store.order
    assert spool.deliver(store).aside == ()
    assert (spool.waiting().runs, spool.waiting().aside) == (0, 1)


def test_run_put_aside_counts_and_is_dropped_first(tmp_path: Path) -> None:
    store, spool = RecordingStore(0), Spool(tmp_path, limit_mib=1)
    store.put("runs/2-aside/rest.zip", b"another client's", Lifetime.FAILURES)
    put(spool, "2-aside", size=2 * QUARTER)
    spool.deliver(store)
    put(spool, "1-passed", Lifetime.PASSES, QUARTER)
    assert put(spool, "3-failed", size=2 * QUARTER) == ("runs/2-aside",)
    assert (spool.waiting().runs, spool.waiting().aside) == (2, 0)


def test_one_process_delivers_at_a_time(tmp_path: Path) -> None:
    spool, store = Spool(tmp_path), RecordingStore(0)
    put(spool, "a")

    class CheckingStore(RecordingStore):
        def put(self, name: str, data: bytes, lifetime: Lifetime) -> None:
            assert Spool(tmp_path).deliver(store).busy
            super().put(name, data, lifetime)

    assert spool.deliver(CheckingStore(0)).objects == 3
    assert files_in(tmp_path) == []


@pytest.mark.browser
def test_spool_can_be_read_while_it_is_delivered(tmp_path: Path) -> None:
    spool, store = Spool(tmp_path), RecordingStore(0)
    for number in range(150):
        put(spool, f"run-{number:03}", Lifetime.PASSES)
    emptying = threading.Thread(target=spool.deliver, args=[store])
    emptying.start()
    while emptying.is_alive():
        spool.waiting()
    assert spool.waiting().size_bytes == 0
    assert len(store.names("runs/")) == 300


@pytest.mark.parametrize("run", ["a", "a: b", "a: b: c"])
def test_reason_of_a_waiting_run_is_the_message_of_the_store(run: str, tmp_path: Path) -> None:
    spool, reports = Spool(tmp_path), list[UploadReport]()
    put(spool, run)
    uploader = Uploader(spool, RecordingStore(100), reports.append).start()
    try:
        assert uploader.finish(20) == "503 SlowDown"
    finally:
        uploader.close()
    assert [(report.state, report.message) for report in reports] == [(UploadState.AWAY, "503 SlowDown")]
