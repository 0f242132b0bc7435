"""The parent of a rehearsal's processes: starts one for each core, gives the cues, and holds each round's deadline."""

from __future__ import annotations

import contextlib
import queue
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from firstbell.runner.execution.supervision.child_process import ChildGone, ChildProcess
from firstbell.runner.execution.supervision.protocol import PipeMessage, WorkerSetup
from firstbell.runner.execution.supervision.supervisor import WorkerFailure
from firstbell.runner.rehearsal.arrivals import Arrival
from firstbell.runner.rehearsal.processes.cues import CueBarrier
from firstbell.runner.rehearsal.processes.protocol import (
    FROM_PLAYERS,
    ActorLeft,
    BeginRound,
    CapacityMeasured,
    Cue,
    EndPlayers,
    FromPlayers,
    PlayersFailed,
    PlayersReady,
    PreparePlayers,
)

READY_S = 60.0
MEASURED_S = 120.0

ProgressCallback = Callable[[FromPlayers], None]


class PlayerProcess:
    """One process with a browser, and those whom it plays."""

    def __init__(self, log: IO[bytes], heard: queue.SimpleQueue[tuple[PlayerProcess, FromPlayers | None]]) -> None:
        self._child = ChildProcess(
            "firstbell.runner.app.rehearsal_main",
            reads=FROM_PLAYERS,
            on_message=lambda message: heard.put((self, message)),
            log=log,
        )

    def say(self, message: PipeMessage) -> None:
        """Send a message. One to a process that has ended is dropped: the end of its pipe is heard."""
        with contextlib.suppress(ChildGone):
            self._child.send(message)

    def close(self) -> None:
        """Ask it to end, and end it where it does not."""
        self._child.close(EndPlayers())

    def kill(self) -> None:
        """End it with its browser, at once."""
        self._child.kill()


def measure_in_child(hello: WorkerSetup, log: Path) -> CapacityMeasured:
    """What one student costs this machine, measured by a process of its own. Raises WorkerFailure."""
    heard: queue.SimpleQueue[tuple[PlayerProcess, FromPlayers | None]] = queue.SimpleQueue()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        players = PlayerProcess(file, heard)
        try:
            players.say(PreparePlayers(hello=hello))
            _, message = heard.get(timeout=MEASURED_S)
        except queue.Empty:
            message = PlayersFailed(said=f"this machine could not be measured within {MEASURED_S:.0f} s")
        finally:
            players.kill()
    if not isinstance(message, CapacityMeasured):
        raise WorkerFailure(message.said if isinstance(message, PlayersFailed) else f"the players died; see {log}")
    return message


class PlayerProcesses:
    """Everybody, in as many processes as the seats name. Raises WorkerFailure where one cannot play."""

    def __init__(self, seats: Sequence[Arrival], engage: PreparePlayers, *, log: Path) -> None:
        """`engage` is what each process is told, but for whom it plays."""
        self._seats = seats
        self._said = log
        self._heard: queue.SimpleQueue[tuple[PlayerProcess, FromPlayers | None]] = queue.SimpleQueue()
        self._players: dict[PlayerProcess, tuple[Arrival, ...]] = {}
        self.browser = ""
        self.is_whole = True
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log = log.open("ab")
        try:
            for worker in sorted({seat.worker for seat in seats}):
                players = PlayerProcess(self._log, self._heard)
                self._players[players] = tuple(seat for seat in seats if seat.worker == worker)
                players.say(engage.model_copy(update={"seats": self._players[players]}))
            self._greet()
        except BaseException:
            self.kill()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self.close() if kind is None else self.kill()

    def play(self, token: str, *, deadline_s: float, follow: ProgressCallback) -> None:
        """Play one round, telling `follow` what happens as it happens; everybody leaves, if only by force.

        Where a process dies, or the deadline passes, those who had not left did so with an error of ours, and
        `is_whole` is false: nothing more can be played.
        """
        prompter, deadline = CueBarrier(self._seats), time.monotonic() + deadline_s
        self._say_all(BeginRound(token=token))
        while not prompter.is_over:
            try:
                players, message = self._heard.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                lost = [seat for seat in self._seats if seat.actor in prompter.absent]
                said = f"the round did not end before its deadline of {deadline_s:.0f} s; ended by force"
                self._lose(lost, said, prompter, follow)
                self.kill()
                return
            if message is None:
                lost = [seat for seat in self._players.pop(players, ()) if seat.actor in prompter.absent]
                players.kill()
                said = f"the process that played them died; its last words are in {self._said}"
                self._lose(lost, said, prompter, follow)
                continue
            follow(message)
            for cue in prompter.hear(message):
                self._say_all(Cue(cue=cue))

    def close(self) -> None:
        """Send everybody home."""
        for players in self._players:
            players.close()
        self._players = {}
        self._log.close()

    def kill(self) -> None:
        """End everything at once."""
        for players in self._players:
            players.kill()
        self._players = {}
        self.is_whole = False
        self._log.close()

    def _lose(self, lost: Sequence[Arrival], said: str, prompter: CueBarrier, follow: ProgressCallback) -> None:
        self.is_whole = False
        for seat in lost:
            left = ActorLeft(actor=seat.actor, at_s=time.time(), ending="errored", said=said)
            follow(left)
            for cue in prompter.hear(left):
                self._say_all(Cue(cue=cue))

    def _say_all(self, message: PipeMessage) -> None:
        for players in self._players:
            players.say(message)

    def _greet(self) -> None:
        deadline, waited_for = time.monotonic() + READY_S, set(self._players)
        while waited_for:
            try:
                players, message = self._heard.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise WorkerFailure(f"the players were not ready within {READY_S:.0f} s") from None
            if not isinstance(message, PlayersReady):
                raise WorkerFailure(
                    message.said if isinstance(message, PlayersFailed) else f"the players died; see {self._said}"
                )
            self.browser = message.browser
            waited_for.discard(players)
