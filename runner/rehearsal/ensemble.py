"""The parent of a rehearsal's processes: starts one for each core, gives the cues, and holds each round's deadline."""

from __future__ import annotations

import contextlib
import queue
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from runner.execution.child_process import ChildGone, ChildProcess
from runner.execution.messages import Hello, Message
from runner.execution.supervisor import WorkerUnwell
from runner.rehearsal.messages import (
    FROM_PLAYERS,
    Begin,
    Cue,
    Dismiss,
    Engage,
    Engaged,
    FromPlayers,
    Left,
    Measured,
    Unable,
)
from runner.rehearsal.plan import Seat
from runner.rehearsal.prompter import Prompter

READY_S = 60.0
MEASURED_S = 120.0

Follow = Callable[[FromPlayers], None]


class Players:
    """One process with a browser, and those whom it plays."""

    def __init__(self, log: IO[bytes], heard: queue.SimpleQueue[tuple[Players, FromPlayers | None]]) -> None:
        self._child = ChildProcess(
            "runner.rehearsal_process",
            speaks=FROM_PLAYERS,
            hear=lambda message: heard.put((self, message)),
            log=log,
        )

    def say(self, message: Message) -> None:
        """Send a message. One to a process that has ended is dropped: the end of its pipe is heard."""
        with contextlib.suppress(ChildGone):
            self._child.say(message)

    def close(self) -> None:
        """Ask it to end, and end it where it does not."""
        self._child.close(Dismiss())

    def kill(self) -> None:
        """End it with its browser, at once."""
        self._child.kill()


def measured(hello: Hello, log: Path) -> Measured:
    """What one student costs this machine, measured by a process of its own. Raises WorkerUnwell."""
    heard: queue.SimpleQueue[tuple[Players, FromPlayers | None]] = queue.SimpleQueue()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        players = Players(file, heard)
        try:
            players.say(Engage(hello=hello))
            _, message = heard.get(timeout=MEASURED_S)
        except queue.Empty:
            message = Unable(said=f"this machine could not be measured within {MEASURED_S:.0f} s")
        finally:
            players.kill()
    if not isinstance(message, Measured):
        raise WorkerUnwell(message.said if isinstance(message, Unable) else f"the players died; see {log}")
    return message


class Ensemble:
    """Everybody, in as many processes as the seats name. Raises WorkerUnwell where one cannot play."""

    def __init__(self, seats: Sequence[Seat], engage: Engage, *, log: Path) -> None:
        """`engage` is what each process is told, but for whom it plays."""
        self._seats = seats
        self._said = log
        self._heard: queue.SimpleQueue[tuple[Players, FromPlayers | None]] = queue.SimpleQueue()
        self._players: dict[Players, tuple[Seat, ...]] = {}
        self.browser = ""
        self.is_whole = True
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log = log.open("ab")
        try:
            for worker in sorted({seat.worker for seat in seats}):
                players = Players(self._log, self._heard)
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

    def play(self, token: str, *, deadline_s: float, follow: Follow) -> None:
        """Play one round, telling `follow` what happens as it happens; everybody leaves, if only by force.

        Where a process dies, or the deadline passes, those who had not left did so with an error of ours, and
        `is_whole` is false: nothing more can be played.
        """
        prompter, deadline = Prompter(self._seats), time.monotonic() + deadline_s
        self._say_all(Begin(token=token))
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

    def _lose(self, lost: Sequence[Seat], said: str, prompter: Prompter, follow: Follow) -> None:
        self.is_whole = False
        for seat in lost:
            left = Left(actor=seat.actor, at_s=time.time(), ending="errored", said=said)
            follow(left)
            for cue in prompter.hear(left):
                self._say_all(Cue(cue=cue))

    def _say_all(self, message: Message) -> None:
        for players in self._players:
            players.say(message)

    def _greet(self) -> None:
        deadline, waited_for = time.monotonic() + READY_S, set(self._players)
        while waited_for:
            try:
                players, message = self._heard.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise WorkerUnwell(f"the players were not ready within {READY_S:.0f} s") from None
            if not isinstance(message, Engaged):
                raise WorkerUnwell(
                    message.said if isinstance(message, Unable) else f"the players died; see {self._said}"
                )
            self.browser = message.browser
            waited_for.discard(players)
