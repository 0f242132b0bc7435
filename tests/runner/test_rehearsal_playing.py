"""What the process that plays tells of those who fail: without any secret, whatever a page or an exception said."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, cast

from artifacts.redaction.forms import KnownSecrets
from journeys.stage.ending import Ending, EndingKind
from journeys.stage.step import Step, StepRecord
from runner.config.load import parse
from runner.execution.messages import Hello, Message
from runner.execution.pipe import WorkerEnd
from runner.rehearsal.keepsakes import Cupboard
from runner.rehearsal.messages import FROM_PLAYERS, Engage, Left, Played
from runner.rehearsal.plan import seats
from runner.rehearsal.playing import Means, Teller, Troupe
from runner.wiring import district_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from journeys.stage.actor import Actor

SECRET = "correct-horse-battery"
MEANS = Means(
    browser=cast("Browser", None),
    name="chromium",
    version="156",
    devices={},
    cupboard=Cupboard(folder=Path("nowhere"), mask=(), known=KnownSecrets([SECRET])),
)
PLACES = seats("teacher", ["student"], ramp_s=1.0, workers=1)


def test_a_step_that_broke_is_told_without_the_secret_that_the_page_repeated() -> None:
    sent: list[Message] = []
    step = Step(position=1, actor="student 1", title="signs in", service="sign-in", started_s=0.0)
    ending = Ending(kind=EndingKind.FAILED, said=f'Expected "Welcome"; Received "no such password: {SECRET}"')
    teller = Teller(PLACES[1], 1, sent.append, MEANS)
    teller.step_ended(cast("Actor", None), StepRecord(step=step, ended_s=1.0, ending=ending))
    (told,) = sent
    assert isinstance(told, Played)
    assert told.said.startswith('Expected "Welcome"; Received "no such password: ')
    assert SECRET not in told.as_line().decode()


def test_what_goes_wrong_between_steps_is_told_without_secrets_too() -> None:
    config = parse('[school]\nname = "P"\ntimezone = "UTC"\n', Path("firstbell.toml"))
    # An account that is not there is said with its name, which here is the secret.
    places = seats(SECRET, ["student"], ramp_s=1.0, workers=1)
    written = io.BytesIO()
    troupe = Troupe(
        WorkerEnd(io.BytesIO(), written),
        district_of(config, None),
        Engage(hello=Hello(config=None), seats=places),
        MEANS,
    )
    troupe._enter(0)
    left = FROM_PLAYERS.validate_json(written.getvalue())
    assert isinstance(left, Left)
    assert left.said.startswith("no account for '")
    assert SECRET not in written.getvalue().decode()
