"""A finding of `firstbell check`: what was checked, its level, and the line to correct."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from firstbell.runner.config.errors import Problem


class CheckArea(Enum):
    """The areas that are checked, in the order of the report."""

    CONFIGURATION = "configuration"
    JOURNEYS = "journeys"
    SECRETS = "secrets"
    STORE = "store"
    HISTORY = "history"
    CHANNELS = "channels"
    BROWSER = "browser"
    HOSTS = "host names"
    ADAPTER = "adapter"


class FindingLevel(Enum):
    """The result of a check. A warning prevents no run."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFinding:
    """One finding. `file` and `line` say where to correct it; `line` is 0 if there is none."""

    area: CheckArea
    subject: str
    level: FindingLevel = FindingLevel.OK
    message: str = ""
    file: Path | None = None
    line: int = 0

    @classmethod
    def of_problem(cls, area: CheckArea, problem: Problem) -> CheckFinding:
        """Returns the error of a mistake in the configuration."""
        return cls(
            area=area,
            subject=problem.key or problem.file.name,
            level=FindingLevel.ERROR,
            message=problem.message,
            file=problem.file,
            line=problem.line,
        )


def has_no_errors(findings: Iterable[CheckFinding]) -> bool:
    """True if no finding is an error."""
    return all(finding.level is not FindingLevel.ERROR for finding in findings)
