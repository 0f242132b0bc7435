"""Tests of the first lines of `firstbell diagnose`: for a failure, a second attempt that passed, and our own fault."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from firstbell.runner.cli.look.diagnose import lead
from firstbell.runner.config.load import parse
from firstbell.runner.diagnosis.cause import WORDS, Cause
from firstbell.runner.history.record import RunRow

CONFIG = parse(
    '[school]\nname = "Bayfront"\ntimezone = "America/New_York"\npractice = true\n'
    '[services.platform]\nowner = "LMS vendor"\n'
    'url = "https://learn.example/"\ncontact = "+1 555 0100"\n',
    Path("firstbell.toml"),
)


def lead_of(outcome: str, service: str, cause: Cause, confidence: str) -> str:
    run = RunRow(
        id="20260831-114610-k3f9tq",
        journey="class-list",
        location="home",
        started_at=datetime(2026, 8, 31, 11, 46, tzinfo=UTC),
        took_s=9.0,
        outcome=outcome,
        evidence="",
        version="1",
        service=service,
        owner="LMS vendor" if outcome == "failed" and service else "",
    )
    found = {
        "service": service,
        "cause": cause.value,
        "words": WORDS[cause],
        "confidence": confidence,
        "seen_twice": confidence != "low",
        "way_proven": confidence == "high",
    }
    return "\n".join(line.plain for line in lead(run, found, CONFIG))


@pytest.mark.parametrize(
    ("given", "says", "never"),
    [
        pytest.param(
            ("failed", "platform", Cause.SERVER_ERROR, "high"),
            ["platform, LMS vendor", "seen in both attempts; our own connection works", "Call        +1 555 0100"],
            "unknown",
            id="a failure",
        ),
        pytest.param(
            ("failed", "platform", Cause.SERVER_ERROR, "medium"),
            ["medium (seen in both attempts; our own connection is not proven: set controls in [diagnosis])"],
            "one attempt",
            id="our own connection is not proven",
        ),
        pytest.param(
            ("passed", "platform", Cause.SERVER_ERROR, "medium"),
            ["platform", "no call needed: the second attempt passed"],
            "555",
            id="the second attempt passed",
        ),
        pytest.param(
            ("errored", "", Cause.OWN_NETWORK, "high"),
            ["no service: the problem is on First Bell's own side", "on our side"],
            "our own connection works",
            id="our own network is down",
        ),
        pytest.param(
            ("errored", "platform", Cause.SERVER_ERROR, "low"),
            ["platform"],
            "555",
            id="not judged",
        ),
        pytest.param(
            ("failed", "", Cause.UNKNOWN, "low"),
            ["Service     unknown", "evidence k3f9tq --open"],
            "Call ",
            id="the service is unknown",
        ),
    ],
)
def test_lead_names_service_contact_and_confidence(
    given: tuple[str, str, Cause, str], says: list[str], never: str
) -> None:
    lines = lead_of(*given)
    assert [text for text in says if text not in lines] == [], lines
    assert never not in lines
