"""The entry point of the worker (`python -m firstbell.runner.app.worker_main`), started by its supervisor."""

from __future__ import annotations

from pathlib import Path

from firstbell.runner.app.build import district_of_worker
from firstbell.runner.app.child_main import run_task
from firstbell.runner.execution.supervision.pipe import WorkerEnd
from firstbell.runner.execution.supervision.protocol import WorkerBroken, WorkerSetup
from firstbell.runner.execution.worker.session import run_session


def main() -> int:
    """Sets up as the parent says, and stays until it says to quit or is gone."""
    end = WorkerEnd.take_over_stdio()
    end.leave_with_parent()
    hello = end.receive()
    if not isinstance(hello, WorkerSetup):
        return 2
    folder = hello.config.parent if hello.config else Path.cwd()

    def task() -> None:
        run_session(end, district_of_worker(hello), folder=folder, headed=hello.headed)

    return run_task(end, task, broke="the worker", tell=lambda said: WorkerBroken(said=said))


if __name__ == "__main__":
    raise SystemExit(main())
