"""Runs the task of a child process, and reports its failure to the parent."""

from __future__ import annotations

import traceback
from collections.abc import Callable

from firstbell.errors import FirstBellError
from firstbell.journeys.stage.failures import one_line
from firstbell.runner.execution.supervision.pipe import WorkerEnd
from firstbell.runner.execution.supervision.protocol import PipeMessage


def run_task(
    end: WorkerEnd, task: Callable[[], None], *, name: str, failure_message: Callable[[str], PipeMessage]
) -> int:
    """Returns the exit code of a task: 0, or 2 after the parent got a failure message. `name` names the child in it."""
    try:
        task()
    except FirstBellError as error:
        end.send(failure_message(str(error)))
        return 2
    except Exception as error:
        traceback.print_exc()
        end.send(failure_message(f"{name} failed: {one_line(error)}"))
        return 2
    return 0
