"""A rehearsal's players as a process: `python -m runner.rehearsal_process`. Its parent is `rehearsal.ensemble`."""

from __future__ import annotations

import traceback

from artifacts.redaction.forms import KnownSecrets
from firstbell.errors import FirstBellError
from journeys.stage.failures import one_line
from runner.execution.pipe import WorkerEnd
from runner.rehearsal.messages import TO_PLAYERS, Engage, Unable
from runner.rehearsal.playing import stay
from runner.wiring import district_of_worker, secrets_of


def main() -> int:
    """Set up as the parent says, and play until it says to end or is gone."""
    end = WorkerEnd.take_over_stdio()
    end.leave_with_parent()
    engaged = TO_PLAYERS.validate_json(end.read_line())
    if not isinstance(engaged, Engage):
        return 2
    try:
        district = district_of_worker(engaged.hello)
        stay(end, district, engaged, KnownSecrets([secret.reveal() for secret in secrets_of(district)]))
    except FirstBellError as error:
        end.send(Unable(said=str(error)))
        return 2
    except Exception as error:
        traceback.print_exc()
        end.send(Unable(said=f"a process of players broke: {one_line(error)}"))
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
