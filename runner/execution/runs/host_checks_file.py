"""Writes the host checks behind a diagnosis to a file of the run: they describe that moment only."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog

from firstbell.artifacts.evidence import Artifact, ArtifactKind
from firstbell.runner.diagnosis.host_check import HostCheck
from firstbell.runner.diagnosis.host_check_text import host_check_text
from firstbell.runner.history.runs.host_checks import CHECK

log = structlog.get_logger()

SCHEMA = "firstbell.checks/1"


def write_host_checks(found: Mapping[str, Sequence[HostCheck]], folder: Path, attempt: int) -> tuple[Artifact, ...]:
    """Writes the file to a run's private folder; `found` is by location. A full disk costs the file alone."""
    rows = list(_rows(found))
    if not rows:
        return ()
    artifact = Artifact(kind=ArtifactKind.CHECKS, name=f"attempt-{attempt}/checks.json")
    file = folder / artifact.name
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.write_text(json.dumps({"schema": SCHEMA, "checks": rows}, indent=1))
    except OSError as error:
        log.warning("checks.not_saved", said=error.strerror or type(error).__name__)
        return ()
    return (artifact,)


def _rows(found: Mapping[str, Sequence[HostCheck]]) -> Iterator[dict[str, Any]]:
    for location, checks in found.items():
        for check in checks:
            yield {
                "location": location,
                "host": check.host,
                "service": check.service,
                "at": check.at.isoformat(),
                "verdict": check.verdict,
                "said": host_check_text(check),
                "found": CHECK.dump_python(check, mode="json", exclude_defaults=True),
            }
