"""Tests that the log of workers is bounded."""

from __future__ import annotations

from pathlib import Path

from firstbell.runner.execution.supervision.supervisor import LOG_MIB, MIB, _log_file


def test_large_worker_log_is_rotated_and_the_last_one_kept(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "worker.log"
    with _log_file(log) as file:
        file.write(b"x" * (LOG_MIB * MIB + 1))
    with _log_file(log) as file:
        file.write(b"new")
    assert log.read_bytes() == b"new"
    assert log.with_name("worker.log.1").stat().st_size > LOG_MIB * MIB
