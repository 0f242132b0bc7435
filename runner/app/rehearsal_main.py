"""Entry point of a rehearsal's child process (`python -m firstbell.runner.app.rehearsal_main`), started by its
parent."""

from __future__ import annotations

from firstbell.artifacts.redaction.known_secrets import KnownSecrets
from firstbell.artifacts.redaction.text_cleaner import TextCleaner
from firstbell.hostile_text import cleaned_by
from firstbell.runner.app.build import district_of_worker, secrets_of
from firstbell.runner.app.child_main import run_task
from firstbell.runner.execution.supervision.pipe import WorkerEnd
from firstbell.runner.rehearsal.processes.child import run_players
from firstbell.runner.rehearsal.processes.protocol import TO_PLAYERS, PlayersFailed, PreparePlayers


def main() -> int:
    """Sets up as the parent says, and plays until it says to end or is gone."""
    end = WorkerEnd.take_over_stdio()
    end.leave_with_parent()
    prepare = TO_PLAYERS.validate_json(end.read_line())
    if not isinstance(prepare, PreparePlayers):
        return 2

    def task() -> None:
        district = district_of_worker(prepare.hello)
        run_players(end, district, prepare, KnownSecrets([secret.reveal() for secret in secrets_of(district)]))

    with cleaned_by(TextCleaner(prepare.hello.secrets)):
        return run_task(end, task, name="a process of players", failure_message=lambda said: PlayersFailed(said=said))


if __name__ == "__main__":
    raise SystemExit(main())
