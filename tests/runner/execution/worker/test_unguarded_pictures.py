"""Of a room whose list of participants nobody follows, no picture and no trace is kept, unless the district says so."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from firstbell.artifacts.policy import LIST_LOST, UNGUARDED, RecordingOptions
from firstbell.journeys.stage.actor import Actor
from firstbell.journeys.stage.roster import Watch
from firstbell.journeys.stage.secret import Secret
from firstbell.journeys.stage.service import Account
from firstbell.journeys.stage.stage import Stage
from firstbell.runner.execution.supervision.pipe import WorkerEnd
from firstbell.runner.execution.supervision.protocol import PlayAttempt
from firstbell.runner.execution.worker.observer import AttemptRecorder

pytestmark = pytest.mark.browser

LIST = "<ul><li>Zz Student</ul>"
AT_HOME, IN_ROOM = "01-reads", "02-joins"


@pytest.mark.parametrize(
    ("is_watched", "unguarded_pictures", "kept"),
    [
        pytest.param(False, False, {AT_HOME}, id="not watched"),
        pytest.param(False, True, {AT_HOME, IN_ROOM, "trace"}, id="not watched, and allowed"),
        pytest.param(True, False, {AT_HOME, IN_ROOM, "trace"}, id="watched"),
    ],
)
def test_pictures_of_a_room(
    tmp_path: Path,
    new_context: Callable[[], BrowserContext],
    *,
    is_watched: bool,
    unguarded_pictures: bool,
    kept: set[str],
) -> None:
    recording = RecordingOptions(unguarded_pictures=unguarded_pictures)
    order = PlayAttempt(run_id="r", journey="j", attempt=1, folder=tmp_path, recording=recording)
    observer = AttemptRecorder(order, WorkerEnd(io.BytesIO(), io.BytesIO()))
    account = Account(username="zz", display_name="Zz Student", password=Secret(str))
    with Stage(run_token="t", observer=observer, limit_s=5) as stage:
        student = stage.enter("student", account, new_context())
        with student.step("reads", relies_on="library"):
            student.page.set_content("<h1>Library</h1>")
        with student.step("joins", relies_on="live-class"):
            student.page.set_content(LIST)
            student.roster.entered()
            if is_watched:
                student.watch_participants(student.page.get_by_role("list"))
    found = {file.stem for file in tmp_path.rglob("*") if file.suffix in (".jpg", ".zip")}
    assert found == kept


@pytest.mark.parametrize(
    ("html", "said"),
    [
        pytest.param("<p>A call without a list", UNGUARDED, id="no list"),
        pytest.param("<ul><li>Zz Student</ul>", LIST_LOST, id="a list that is gone"),
    ],
)
def test_the_reason_says_whether_a_list_is_missing_or_cannot_be_read(
    tmp_path: Path, new_context: Callable[[], BrowserContext], monkeypatch: pytest.MonkeyPatch, html: str, said: str
) -> None:
    monkeypatch.setattr(Actor, "is_receiving", True)
    sent = io.BytesIO()
    order = PlayAttempt(run_id="r", journey="j", attempt=1, folder=tmp_path, recording=RecordingOptions())
    with Stage(run_token="t", observer=AttemptRecorder(order, WorkerEnd(io.BytesIO(), sent)), limit_s=5) as stage:
        student = stage.enter(
            "student", Account(username="zz", display_name="Zz Student", password=Secret(str)), new_context()
        )
        with student.step("joins", relies_on="live-class"):
            student.page.set_content(html)
            if said == LIST_LOST:
                student.watch_participants(student.page.get_by_role("list"))
                student.page.evaluate("() => document.querySelector('ul').remove()")
                while student.roster.watch is not Watch.LOST:  # The page reports it; the test's time limit ends this.
                    student.page.evaluate("() => 0")
    found = [text for text in (LIST_LOST, UNGUARDED) if text.encode() in sent.getvalue()]
    assert found == [said]
