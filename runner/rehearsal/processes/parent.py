"""The parent of a rehearsal's player processes: starts them, issues cues, and enforces each round's deadline."""

from __future__ import annotations

import contextlib
import queue
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from firstbell.private_files import private_log
from firstbell.runner.execution.supervision.child_process import ChildGone, ChildProcess
from firstbell.runner.execution.supervision.entrance import Entrance
from firstbell.runner.execution.supervision.protocol import PipeMessage, WorkerSetup
from firstbell.runner.execution.supervision.supervisor import WorkerFailure
from firstbell.runner.rehearsal.arrivals import Arrival
from firstbell.runner.rehearsal.processes.cues import RoundOrder
from firstbell.runner.rehearsal.processes.protocol import (
    EXCHANGED,
    FROM_PLAYERS,
    ActorLeft,
    BeginRound,
    CapacityMeasured,
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
    """One player process with its browser."""

    def __init__(
        self,
        log: IO[bytes],
        messages: queue.SimpleQueue[tuple[PlayerProcess, FromPlayers | None]],
        secrets: Sequence[str],
    ) -> None:
        self._child = ChildProcess(
            "firstbell.runner.app.rehearsal_main",
            reads=FROM_PLAYERS,
            on_message=lambda message: messages.put((self, message)),
            log=log,
            entrance=Entrance(secrets, kept=EXCHANGED).receive,
        )

    def send(self, message: PipeMessage) -> None:
        """Sends a message. It is dropped if the process has ended: the end of its pipe is reported."""
        with contextlib.suppress(ChildGone):
            self._child.send(message)

    def close(self) -> None:
        """Asks the process to end, and kills it if it does not."""
        self._child.close(EndPlayers())

    def kill(self) -> None:
        """Kills the process and its browser."""
        self._child.kill()


def measure_in_child(setup: WorkerSetup, log: Path) -> CapacityMeasured:
    """Measures the cost of one student in a process of its own. Raises WorkerFailure."""
    messages: queue.SimpleQueue[tuple[PlayerProcess, FromPlayers | None]] = queue.SimpleQueue()
    with private_log(log) as file:
        players = PlayerProcess(file, messages, setup.secrets)
        try:
            players.send(PreparePlayers(hello=setup))
            _, message = messages.get(timeout=MEASURED_S)
        except queue.Empty:
            message = PlayersFailed(said=f"this machine could not be measured within {MEASURED_S:.0f} s")
        finally:
            players.kill()
    if not isinstance(message, CapacityMeasured):
        raise WorkerFailure(
            message.said if isinstance(message, PlayersFailed) else f"the player process crashed; log: {log}"
        )
    return message


class PlayerProcesses:
    """All player processes, as many as the arrivals name. Raises WorkerFailure if one cannot start."""

    def __init__(self, arrivals: Sequence[Arrival], prepare: PreparePlayers, *, log: Path) -> None:
        """Starts the processes. `prepare` is the message to each process, to which its arrivals are added."""
        self._arrivals = arrivals
        self._log_path = log
        self._messages: queue.SimpleQueue[tuple[PlayerProcess, FromPlayers | None]] = queue.SimpleQueue()
        self._players: dict[PlayerProcess, tuple[Arrival, ...]] = {}
        self.browser = ""
        self.is_intact = True
        self._log = private_log(log)
        try:
            for worker in sorted({arrival.worker for arrival in arrivals}):
                players = PlayerProcess(self._log, self._messages, prepare.hello.secrets)
                self._players[players] = tuple(arrival for arrival in arrivals if arrival.worker == worker)
                players.send(prepare.model_copy(update={"arrivals": tuple(arrivals), "worker": worker}))
            self._await_ready()
        except BaseException:
            self.kill()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self.is_intact = self.is_intact and kind is None
        self.close()

    def play(self, token: str, *, deadline_s: float, follow: ProgressCallback) -> None:
        """Plays one round and passes each message to `follow`. All people have left at the end, if necessary by force.

        If a process crashes, or the deadline passes, the people who have not left count as errored, and `is_intact` is
        false: no more rounds can be played.
        """
        order, deadline = RoundOrder(self._arrivals), time.monotonic() + deadline_s
        self._send_all(BeginRound(token=token), *order.begin())
        while not order.is_over:
            try:
                players, message = self._messages.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                absent = [arrival for arrival in self._arrivals if arrival.actor in order.absent]
                text = f"the round did not end within {deadline_s:.0f} s and was stopped"
                self._report_absent(absent, text, order, follow)
                self.close()
                return
            if message is None:
                absent = [arrival for arrival in self._players.pop(players, ()) if arrival.actor in order.absent]
                players.kill()
                text = f"the player process crashed; log: {self._log_path}"
                self._report_absent(absent, text, order, follow)
                continue
            follow(message)
            self._send_all(*order.receive(message))

    def close(self) -> None:
        """Asks all processes to end: their people leave the class first. Kills those that do not."""
        self._send_all(EndPlayers())
        for players in self._players:
            players.close()
        self._players = {}
        self._log.close()

    def kill(self) -> None:
        """Kills all processes."""
        for players in self._players:
            players.kill()
        self._players = {}
        self.is_intact = False
        self._log.close()

    def _report_absent(self, absent: Sequence[Arrival], text: str, order: RoundOrder, follow: ProgressCallback) -> None:
        self.is_intact = False
        for arrival in absent:
            left = ActorLeft(actor=arrival.actor, at_s=time.time(), ending="errored", said=text)
            follow(left)
            self._send_all(*order.receive(left))

    def _send_all(self, *messages: PipeMessage) -> None:
        for message in messages:
            for players in self._players:
                players.send(message)

    def _await_ready(self) -> None:
        deadline, waited_for = time.monotonic() + READY_S, set(self._players)
        while waited_for:
            try:
                players, message = self._messages.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise WorkerFailure(f"the player processes were not ready within {READY_S:.0f} s") from None
            if not isinstance(message, PlayersReady):
                raise WorkerFailure(
                    message.said
                    if isinstance(message, PlayersFailed)
                    else f"the player process crashed; log: {self._log_path}"
                )
            self.browser = message.browser
            waited_for.discard(players)
