"""The parent of a rehearsal's processes: starts one for each core, gives the cues, and holds each round's deadline."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from pydantic import ValidationError

from runner.execution.identity import me
from runner.execution.ladder import MARKER, clear_up, end_worker, temporary_folder
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
QUIT_S = 10.0

Follow = Callable[[FromPlayers], None]


class Players:
    """One process with a browser, and those whom it plays."""

    def __init__(self, log: IO[bytes], heard: queue.SimpleQueue[tuple[Players, FromPlayers | None]]) -> None:
        self._heard = heard
        self._marker = f"{me()}/{uuid.uuid4().hex}"
        self._folder = temporary_folder()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "runner.rehearsal_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env={**os.environ, MARKER: self._marker, "TMPDIR": str(self._folder)},
            start_new_session=True,  # Ctrl-C is for the parent to take.
        )
        self._listening = threading.Thread(target=self._listen, name="players-pipe", daemon=True)
        self._listening.start()

    def say(self, message: Message) -> None:
        """Say something; whoever is gone hears nothing, which the pipe's other end tells."""
        assert self._process.stdin is not None  # noqa: S101  # a pipe was asked for
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(message.as_line())
            self._process.stdin.flush()

    def close(self) -> None:
        """Ask it to end, and end it where it does not."""
        self.say(Dismiss())
        try:
            self._process.wait(QUIT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return
        clear_up(self._marker, self._folder)
        self._put_away()

    def kill(self) -> None:
        """End it with its browser, at once."""
        end_worker(self._process, self._marker, self._folder)
        self._put_away()

    def _put_away(self) -> None:
        self._listening.join()  # The pipe has ended: nobody is left to write to it.
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None  # noqa: S101  # a pipe was asked for
        for line in self._process.stdout:
            try:
                self._heard.put((self, FROM_PLAYERS.validate_json(line)))
            except ValidationError:
                break
        self._heard.put((self, None))


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
