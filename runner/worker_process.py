"""The worker as a process: `python -m runner.worker_process`. Its parent is `execution.supervisor`."""

from __future__ import annotations

from pathlib import Path

from runner.execution.child_main import run_task
from runner.execution.messages import Hello, Unwell
from runner.execution.pipe import WorkerEnd
from runner.execution.worker import stay
from runner.wiring import district_of_worker


def main() -> int:
    """Set up as the parent says, and stay until it says to quit or is gone."""
    end = WorkerEnd.take_over_stdio()
    end.leave_with_parent()
    hello = end.receive()
    if not isinstance(hello, Hello):
        return 2
    folder = hello.config.parent if hello.config else Path.cwd()

    def task() -> None:
        stay(end, district_of_worker(hello), folder=folder, headed=hello.headed)

    return run_task(end, task, broke="the worker", tell=lambda said: Unwell(said=said))


if __name__ == "__main__":
    raise SystemExit(main())
