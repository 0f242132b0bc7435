"""Messages of a player process about failures hold no secret, whatever a page or an exception contains."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, cast

from firstbell.artifacts.redaction.known_secrets import KnownSecrets
from firstbell.journeys.stage.ending import Ending, EndingKind
from firstbell.journeys.stage.step import Step, StepRecord
from firstbell.runner.app.build import district_of
from firstbell.runner.config.load import parse
from firstbell.runner.execution.supervision.pipe import WorkerEnd
from firstbell.runner.execution.supervision.protocol import PipeMessage, WorkerSetup
from firstbell.runner.rehearsal.arrivals import Cast, arrivals
from firstbell.runner.rehearsal.processes import parent
from firstbell.runner.rehearsal.processes.group import PlayerGroup
from firstbell.runner.rehearsal.processes.observer import PlayerResources, ProgressObserver
from firstbell.runner.rehearsal.processes.part import Rehearsed
from firstbell.runner.rehearsal.processes.protocol import (
    FROM_PLAYERS,
    ActorLeft,
    PlayedStatement,
    PreparePlayers,
    StatementsPlayed,
    StepPlayed,
)
from firstbell.runner.rehearsal.results.failure_evidence import FailureEvidenceSettings

if TYPE_CHECKING:
    import pytest
    from playwright.sync_api import Browser

    from firstbell.journeys.stage.actor import Actor
    from firstbell.runner.rehearsal.plays.fixtures import JourneyFixtures

SECRET = "correct-horse-battery"
RESOURCES = PlayerResources(
    browser=cast("Browser", None),
    name="chromium",
    version="156",
    devices={},
    evidence=FailureEvidenceSettings(folder=Path("nowhere"), mask=(), known=KnownSecrets([SECRET])),
)
ARRIVALS = arrivals({"teacher": "teacher"}, ["student"], ramp_s=1.0, workers=1)


def test_failed_step_is_reported_without_a_secret_from_the_page() -> None:
    sent: list[PipeMessage] = []
    step = Step(position=1, actor="student 1", title="signs in", service="sign-in", started_s=0.0)
    ending = Ending(kind=EndingKind.FAILED, said=f'Expected "Welcome"; Received "no such password: {SECRET}"')
    observer = ProgressObserver(ARRIVALS[1], 1, sent.append, RESOURCES)
    observer.step_ended(cast("Actor", None), StepRecord(step=step, ended_s=1.0, ending=ending))
    (message,) = sent
    assert isinstance(message, StepPlayed)
    assert message.said.startswith('Expected "Welcome"; Received "no such password: ')
    assert SECRET not in message.as_line().decode()


def test_failure_between_steps_is_reported_without_secrets() -> None:
    config = parse('[school]\nname = "P"\ntimezone = "UTC"\n', Path("firstbell.toml"))
    # The message about a missing account holds its name, which here is the secret.
    planned = arrivals({"teacher": SECRET}, ["student"], ramp_s=1.0, workers=1)
    written = io.BytesIO()
    group = PlayerGroup(
        WorkerEnd(io.BytesIO(), written),
        Rehearsed(
            item=cast("pytest.Function", None),
            fixtures=cast("JourneyFixtures", None),
            cast=Cast(guest="student", hosts=("teacher",)),
            district=district_of(config, None),
        ),
        PreparePlayers(hello=WorkerSetup(config=None), arrivals=planned),
        RESOURCES,
    )
    group._play_person(0)
    left = FROM_PLAYERS.validate_json(written.getvalue())
    assert isinstance(left, ActorLeft)
    assert left.said.startswith("no account for '")
    assert SECRET not in written.getvalue().decode()


def test_messages_of_players_are_cleaned_where_they_enter_the_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    entrances: list[Callable[[PipeMessage], PipeMessage | None]] = []
    monkeypatch.setattr(parent, "ChildProcess", lambda *_, entrance, **__: entrances.append(entrance))
    parent.PlayerProcess(io.BytesIO(), SimpleQueue(), [SECRET])
    said = f"the page said {SECRET}"
    left = entrances[0](ActorLeft(actor="student 1", at_s=1.0, ending="failed", said=said))
    assert left == ActorLeft(actor="student 1", at_s=1.0, ending="failed", said="the page said ***")
    given = StatementsPlayed(actor="teacher", statements=(PlayedStatement(path="0.1", value=f'"/room?code={SECRET}"'),))
    assert entrances[0](given) == given
