"""One thing that was looked at before anything is played: well, worth a look, or wrong, and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from runner.config.problem import Problem


class Area(Enum):
    """What is looked at, in the order in which it is told."""

    CONFIGURATION = "configuration"
    JOURNEYS = "journeys"
    SECRETS = "secrets"
    STORE = "store"
    HISTORY = "history"
    CHANNELS = "channels"
    BROWSER = "browser"
    HOSTS = "host names"


class Verdict(Enum):
    """What came of it. What is worth a look keeps nothing from being played."""

    WELL = "well"
    LOOK = "look"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was looked at, what came of it, and the line where it is to be mended. `line` is 0 where there is none."""

    area: Area
    what: str
    verdict: Verdict = Verdict.WELL
    said: str = ""
    file: Path | None = None
    line: int = 0

    @classmethod
    def wrong_at(cls, area: Area, problem: Problem) -> Finding:
        """What is wrong with a place in the configuration."""
        return cls(
            area=area,
            what=problem.key or problem.file.name,
            verdict=Verdict.WRONG,
            said=problem.said,
            file=problem.file,
            line=problem.line,
        )


def holds(findings: Iterable[Finding]) -> bool:
    """Whether nothing is wrong."""
    return all(finding.verdict is not Verdict.WRONG for finding in findings)
