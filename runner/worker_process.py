"""The worker as a process: `python -m runner.worker_process`. Its parent is `execution.supervisor`."""

from __future__ import annotations

import traceback
from pathlib import Path

from firstbell.errors import FirstBellError
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
    try:
        folder = hello.config.parent if hello.config else Path.cwd()
        stay(end, district_of_worker(hello), folder=folder, headed=hello.headed)
    except FirstBellError as error:
        end.send(Unwell(said=str(error)))
        return 2
    except Exception as error:
        traceback.print_exc()
        end.send(Unwell(said=f"the worker broke: {type(error).__name__}: {error}"))
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
