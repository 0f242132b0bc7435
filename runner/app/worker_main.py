"""The entry point of the worker (`python -m firstbell.runner.app.worker_main`), started by its supervisor."""

from __future__ import annotations

from pathlib import Path

from firstbell.artifacts.redaction.text_cleaner import TextCleaner
from firstbell.hostile_text import cleaned_by
from firstbell.runner.app.build import district_of_worker
from firstbell.runner.app.child_main import run_task
from firstbell.runner.execution.supervision.pipe import WorkerEnd
from firstbell.runner.execution.supervision.protocol import WorkerBroken, WorkerSetup
from firstbell.runner.execution.worker.session import WorkerSession, run_session


def main() -> int:
    """Sets up as the parent says, and stays until it says to quit or is gone."""
    end = WorkerEnd.take_over_stdio()
    end.leave_with_parent()
    setup = end.receive()
    if not isinstance(setup, WorkerSetup):
        return 2
    folder = setup.config.parent if setup.config else Path.cwd()

    def task() -> None:
        district = district_of_worker(setup)
        run_session(district, plays=WorkerSession(end, district, setup.secrets), folder=folder, headed=setup.headed)

    with cleaned_by(TextCleaner(setup.secrets)):
        return run_task(end, task, name="the worker", failure_message=lambda said: WorkerBroken(said=said))


if __name__ == "__main__":
    raise SystemExit(main())
