"""What is put on the shelf reaches the store, run.json last, whatever the store does in between."""

from __future__ import annotations

from pathlib import Path

from artifacts.spool import Spool
from artifacts.stores import StoreError, StoreOptions
from artifacts.stores.memory import MemoryStore

FILES = {"run.json": b"{}", "attempt-1/student/trace.zip": b"trace"}


class Moody(MemoryStore):
    """A store that refuses a number of times, and remembers in which order it was given things."""

    def __init__(self, refusals: int) -> None:
        super().__init__("memory:", StoreOptions())
        self.refusals = refusals
        self.order: list[str] = []

    def put(self, name: str, data: bytes) -> None:
        if self.refusals:
            self.refusals -= 1
            raise StoreError("503 SlowDown", permanent=False)
        self.order.append(name)
        super().put(name, data)


def test_a_run_reaches_the_store_with_its_run_json_last(tmp_path: Path) -> None:
    store, spool = Moody(0), Spool(tmp_path)
    spool.put("runs/a", FILES)
    assert spool.deliver(store).files == 2
    assert store.order == ["runs/a/attempt-1/student/trace.zip", "runs/a/run.json"]
    assert spool.deliver(store).files == 0
    assert not [path for path in tmp_path.iterdir() if path.name != ".delivering"]


def test_a_store_that_is_away_loses_nothing_and_keeps_no_other_run_waiting(tmp_path: Path) -> None:
    store, spool = Moody(1), Spool(tmp_path)
    spool.put("runs/a", FILES)
    spool.put("runs/b", FILES)
    first = spool.deliver(store)
    assert first.files == 2
    assert first.waiting == ("runs/a: 503 SlowDown",)
    assert Spool(tmp_path).deliver(store).files == 2
    assert store.names("runs/a") == ["runs/a/attempt-1/student/trace.zip", "runs/a/run.json"]


def test_a_run_that_was_half_put_on_is_never_delivered(tmp_path: Path) -> None:
    (tmp_path / ".making-1-runs%2Fa").mkdir()
    (tmp_path / ".making-1-runs%2Fa" / "run.json").write_bytes(b"{")
    store = Moody(0)
    assert Spool(tmp_path).deliver(store).files == 0
    assert store.names("") == []
