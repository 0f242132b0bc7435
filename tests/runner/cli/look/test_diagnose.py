"""What `firstbell diagnose` says first: true for a failure, for a second attempt that passed, and for our own fault."""

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


def told(outcome: str, service: str, cause: Cause, confidence: str) -> str:
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
            ["platform, LMS vendor", "seen twice; our own way out is proven", "call     +1 555 0100"],
            "nobody",
            id="a failure",
        ),
        pytest.param(
            ("failed", "platform", Cause.SERVER_ERROR, "medium"),
            ["medium: seen twice; our own way out is not proven: name controls in [diagnosis]"],
            "seen once",
            id="nothing proves our own way",
        ),
        pytest.param(
            ("passed", "platform", Cause.SERVER_ERROR, "medium"),
            ["platform", "nobody: it passed when it was tried again"],
            "555",
            id="it passed the second time",
        ),
        pytest.param(
            ("errored", "", Cause.OWN_NETWORK, "high"),
            ["First Bell itself, no service is blamed", "it lies with us"],
            "our own way out is proven",
            id="no way out of here",
        ),
        pytest.param(
            ("errored", "platform", Cause.SERVER_ERROR, "low"), ["platform"], "555", id="nothing could be judged"
        ),
        pytest.param(
            ("failed", "", Cause.UNKNOWN, "low"),
            ["nobody can be named", "evidence k3f9tq --open"],
            "call",
            id="nobody is known",
        ),
    ],
)
def test_every_line_is_true(given: tuple[str, str, Cause, str], says: list[str], never: str) -> None:
    lines = told(*given)
    assert [words for words in says if words not in lines] == [], lines
    assert never not in lines
