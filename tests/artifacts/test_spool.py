"""What is put on the shelf reaches the store, run.json last; when it is full, the oldest passes go first."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

import pytest

from firstbell.artifacts.dropped_runs import DroppedRuns
from firstbell.artifacts.lifetime import Lifetime
from firstbell.artifacts.spool import MIB, Spool, Undelivered
from firstbell.artifacts.stores import StoreError, StoreOptions
from firstbell.artifacts.stores.memory import MemoryStore
from firstbell.artifacts.uploader import Uploader, UploadReport, UploadState

QUARTER = MIB // 4 - 100


class Moody(MemoryStore):
    """A store that refuses a number of times, and remembers in which order it was given things."""

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


def lying_in(folder: Path) -> list[str]:
    """What lies in a spool besides its locks."""
    return sorted(path.name for path in folder.iterdir() if path.name not in (".delivering", ".placing"))


def files(run: str, size: int = 10) -> dict[str, bytes]:
    return {f"runs/{run}/run.json": b"{}", f"runs/{run}/rest.zip": b"x" * size, "parts/passes/2026-08/ab/abc": b"part"}


def put(spool: Spool, run: str, lifetime: Lifetime = Lifetime.FAILURES, size: int = 10) -> tuple[str, ...]:
    return spool.put(f"runs/{run}", files(run, size), lifetime)


def test_a_run_reaches_the_store_with_its_run_json_last(tmp_path: Path) -> None:
    store, spool = Moody(0), Spool(tmp_path)
    put(spool, "a")
    assert spool.deliver(store).objects == 3
    assert store.order == ["parts/passes/2026-08/ab/abc", "runs/a/rest.zip", "runs/a/run.json"]
    assert spool.deliver(store).objects == 0
    assert lying_in(tmp_path) == []


def test_a_part_that_is_known_to_be_there_is_not_sent_again(tmp_path: Path) -> None:
    store, spool = Moody(0), Spool(tmp_path)
    put(spool, "a")
    put(spool, "b")
    spool.deliver(store)
    assert store.order.count("parts/passes/2026-08/ab/abc") == 1
    assert len(store.order) == 5


def test_a_store_that_is_away_loses_nothing_and_keeps_no_other_run_waiting(tmp_path: Path) -> None:
    store, spool = Moody(1), Spool(tmp_path)
    put(spool, "a")
    put(spool, "b")
    first = spool.deliver(store)
    assert first.objects == 3
    assert first.waiting == (Undelivered(name="runs/a", said="503 SlowDown"),)
    assert Spool(tmp_path).deliver(store).objects == 3
    assert store.names("runs/") == ["runs/a/rest.zip", "runs/a/run.json", "runs/b/rest.zip", "runs/b/run.json"]


def test_a_run_that_was_half_put_on_is_never_delivered_and_cleared_away(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as dead:
        dead.wait()
    for pid in (dead.pid, os.getpid()):
        (tmp_path / f".making-{pid}-runs%2Fa").mkdir()
        (tmp_path / f".making-{pid}-runs%2Fa" / "run.json").write_bytes(b"{")
    store = Moody(0)
    assert Spool(tmp_path).deliver(store).objects == 0
    assert store.names("") == []
    assert lying_in(tmp_path) == [f".making-{os.getpid()}-runs%2Fa"]


def test_a_store_that_refuses_is_not_hammered_and_in_the_end_every_run_had_its_turn(tmp_path: Path) -> None:
    class Picky(Moody):
        asked = 0

        def put(self, name: str, data: bytes, lifetime: Lifetime) -> None:
            self.asked += 1
            if lifetime is Lifetime.FAILURES:
                raise StoreError("failures are not allowed", permanent=True)
            super().put(name, data, lifetime)

    store, spool = Picky(0), Spool(tmp_path)
    for number in range(9):
        put(spool, f"1-failed-{number}")
    put(spool, "2-passed", Lifetime.PASSES)
    assert len(spool.deliver(store).waiting) == store.asked == 3
    assert spool.deliver(store).objects == 0
    assert spool.deliver(store).objects == 0
    assert spool.deliver(store).objects == 3
    assert "runs/2-passed/run.json" in store.order
    assert spool.waiting().runs == 9


def test_what_is_none_of_ours_in_the_folder_harms_nothing(tmp_path: Path) -> None:
    for name in ("a~b~c", "for-ever~1~runs%2Fx", "passes~runs%2Fold", "lost+found"):
        (tmp_path / name).mkdir()
    (tmp_path / "passes~1~file").write_bytes(b"not a folder")
    spool, store = Spool(tmp_path), Moody(0)
    put(spool, "a")
    assert spool.deliver(store).objects == 3


def test_a_drop_that_was_interrupted_is_counted_once_and_finished(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    put(spool, "a")
    (shelf,) = tmp_path.glob("failures~*")
    shelf.rename(tmp_path / f".dropping-{shelf.name}")
    assert Spool(tmp_path).waiting().dropped == 1
    assert Spool(tmp_path).waiting().dropped == 1
    assert spool.dropped("runs/a")
    assert lying_in(tmp_path) == [".dropped.jsonl"]


def test_the_list_of_drops_stays_short_and_its_count_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firstbell.artifacts.dropped_runs.LINES", 10)
    drops = DroppedRuns(tmp_path / "dropped")
    for number in range(100):
        drops.note(f"runs/2026-08-31/live-class/20260831-114610-{number:06}")
    assert drops.count == 100
    assert drops.when("runs/2026-08-31/live-class/20260831-114610-000099")
    assert (tmp_path / "dropped").stat().st_size < 10 * 200


def test_a_full_shelf_drops_the_oldest_passes_first_then_the_oldest_failures_and_remembers(tmp_path: Path) -> None:
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
    store = Moody(0)
    again.deliver(store)
    assert [name for name in store.order if name.endswith("run.json")] == [
        "runs/4-failed/run.json",
        "runs/5-failed/run.json",
    ]


def test_a_run_larger_than_the_whole_shelf_is_refused_and_drops_nobody(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit_mib=1)
    put(spool, "1")
    with pytest.raises(OSError, match="larger than the whole spool"):
        put(spool, "2", size=MIB)
    assert spool.waiting().runs == 1


def test_what_the_store_will_never_take_is_put_aside_and_told_once(tmp_path: Path) -> None:
    store, spool = Moody(0), Spool(tmp_path)
    store.put("runs/a/rest.zip", b"somebody else's", Lifetime.FAILURES)
    put(spool, "a")
    put(spool, "b")
    delivery = spool.deliver(store)
    assert [str(one) for one in delivery.aside] == ["runs/a: runs/a/rest.zip is already kept with another content"]
    assert "runs/b/run.json" in store.order
    assert spool.deliver(store).aside == ()
    assert (spool.waiting().runs, spool.waiting().aside) == (0, 1)


def test_what_lies_aside_counts_and_goes_first(tmp_path: Path) -> None:
    store, spool = Moody(0), Spool(tmp_path, limit_mib=1)
    store.put("runs/2-aside/rest.zip", b"somebody else's", Lifetime.FAILURES)
    put(spool, "2-aside", size=2 * QUARTER)
    spool.deliver(store)
    put(spool, "1-passed", Lifetime.PASSES, QUARTER)
    assert put(spool, "3-failed", size=2 * QUARTER) == ("runs/2-aside",)
    assert (spool.waiting().runs, spool.waiting().aside) == (2, 0)


def test_one_process_delivers_at_a_time(tmp_path: Path) -> None:
    spool, store = Spool(tmp_path), Moody(0)
    put(spool, "a")

    class Curious(Moody):
        def put(self, name: str, data: bytes, lifetime: Lifetime) -> None:
            assert Spool(tmp_path).deliver(store).busy
            super().put(name, data, lifetime)

    assert spool.deliver(Curious(0)).objects == 3
    assert lying_in(tmp_path) == []


@pytest.mark.browser
def test_looking_at_the_shelf_while_it_is_emptied_harms_neither(tmp_path: Path) -> None:
    spool, store = Spool(tmp_path), Moody(0)
    for number in range(150):
        put(spool, f"run-{number:03}", Lifetime.PASSES)
    emptying = threading.Thread(target=spool.deliver, args=[store])
    emptying.start()
    while emptying.is_alive():
        spool.waiting()
    assert spool.waiting().size_bytes == 0
    assert len(store.names("runs/")) == 300


@pytest.mark.parametrize("run", ["a", "a: b", "a: b: c"])
def test_why_a_run_waits_is_the_stores_sentence_whatever_the_run_is_called(run: str, tmp_path: Path) -> None:
    spool, told = Spool(tmp_path), list[UploadReport]()
    put(spool, run)
    uploader = Uploader(spool, Moody(100), told.append).start()
    try:
        assert uploader.finish(20) == "503 SlowDown"
    finally:
        uploader.close()
    assert [(one.word, one.said) for one in told] == [(UploadState.AWAY, "503 SlowDown")]
