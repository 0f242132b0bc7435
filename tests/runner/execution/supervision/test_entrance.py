"""Tests that each text of each message from a worker is cleaned where it enters the parent."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from firstbell.artifacts.evidence import Artifact, ArtifactKind
from firstbell.artifacts.request_failures import FailedRequest
from firstbell.journeys.stage.ending import Ending, EndingKind
from firstbell.journeys.stage.pages.page_signs import PageSigns
from firstbell.journeys.stage.step import Step, StepRecord
from firstbell.runner.diagnosis.browser_facts import BrowserFacts
from firstbell.runner.execution.supervision.entrance import Entrance
from firstbell.runner.execution.supervision.protocol import (
    AttemptEnded,
    AttemptJudged,
    BrokenFile,
    BrowserFactsCollected,
    EvidenceRecorded,
    FromWorker,
    JourneyInfo,
    Ready,
    SecretsFound,
    StepBegan,
    StepEnded,
    WorkerBroken,
)

SECRET, COOKIE = "Blau'er&Wal/2031", "s9x7Kq-44b1c0d2"
SAID = f"{SECRET!r} and {COOKIE} at https://x.test/?code=4b1c9d77"
STEP = Step(position=1, actor="student", title=SAID, service="portal", started_s=0.0)
FAILED = Ending(kind=EndingKind.FAILED, said=SAID)
REQUEST = FailedRequest(host="x.test:443", path=f"/{COOKIE}", method="GET", kind="fetch", error=SAID, said=SAID)
PAGE = PageSigns(actor="student", host="x.test", title=SAID, text=SAID)
FILE = Artifact(kind=ArtifactKind.TRACE, name="attempt-1/student/trace.zip", actor="student", missing=SAID)
MESSAGES: list[FromWorker] = [
    Ready(
        journeys=(JourneyInfo(id="j", title=SAID, relies_on=("portal",), roles=("student",), file="j.py", line=1),),
        broken=(BrokenFile(file="k.py", line=1, cause=SAID),),
    ),
    StepBegan(step=STEP),
    StepEnded(record=StepRecord(step=STEP, ended_s=1.0, ending=FAILED)),
    BrowserFactsCollected(seen=BrowserFacts(failed_requests=(REQUEST,), pages=(PAGE,), dialogs=(SAID,))),
    AttemptJudged(started_at=datetime(2026, 9, 1, tzinfo=UTC), took_s=1.0, ending=FAILED, browser="", lost_share=0.0),
    EvidenceRecorded(artifacts=(FILE,), harmless=(REQUEST,)),
    AttemptEnded(unclosed=SAID),
    WorkerBroken(said=SAID),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.kind)
def test_each_text_of_a_message_is_clean_and_its_names_stay(message: FromWorker) -> None:
    entrance = Entrance([SECRET])
    assert entrance.receive(SecretsFound(values=(COOKIE,))) is None
    received = entrance.receive(message)
    assert received is not None
    text = received.as_line().decode()
    assert not [secret for secret in (SECRET, COOKIE, "4b1c9d77") if secret in text.replace("\\\\", "")]
    for name in ("student", "portal", "x.test", "attempt-1/student/trace.zip", "j.py"):
        assert text.count(name) == message.as_line().decode().replace("https://x.test", "").count(name) + text.count(
            "https://x.test"
        ) * (name == "x.test")


def test_reported_secrets_are_known_until_the_next_attempt_and_shown_nowhere() -> None:
    entrance, found = Entrance([SECRET]), SecretsFound(values=(COOKIE,))
    entrance.receive(found)
    assert entrance.found_secrets == {COOKIE}
    assert COOKIE not in repr(found)
    entrance.begin_attempt()
    assert entrance.found_secrets == frozenset()
