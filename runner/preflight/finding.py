"""One thing that was looked at before anything is played: well, worth a look, or wrong, and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from firstbell.runner.config.errors import Problem


class CheckArea(Enum):
    """What is looked at, in the order in which it is told."""

    CONFIGURATION = "configuration"
    JOURNEYS = "journeys"
    SECRETS = "secrets"
    STORE = "store"
    HISTORY = "history"
    CHANNELS = "channels"
    BROWSER = "browser"
    HOSTS = "host names"


class FindingLevel(Enum):
    """What came of it. What is worth a look keeps nothing from being played."""

    WELL = "well"
    LOOK = "look"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFinding:
    """What was looked at, what came of it, and the line where it is to be mended. `line` is 0 where there is none."""

    area: CheckArea
    what: str
    verdict: FindingLevel = FindingLevel.WELL
    said: str = ""
    file: Path | None = None
    line: int = 0

    @classmethod
    def wrong_at(cls, area: CheckArea, problem: Problem) -> CheckFinding:
        """What is wrong with a place in the configuration."""
        return cls(
            area=area,
            what=problem.key or problem.file.name,
            verdict=FindingLevel.WRONG,
            said=problem.said,
            file=problem.file,
            line=problem.line,
        )


def all_usable(findings: Iterable[CheckFinding]) -> bool:
    """Whether nothing is wrong."""
    return all(finding.verdict is not FindingLevel.WRONG for finding in findings)
