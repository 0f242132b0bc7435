"""A finished run: its record, its document, its evidence, and what to open first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from firstbell.artifacts.evidence import Artifact, ArtifactKind
from firstbell.artifacts.stores import Store
from firstbell.runner.execution.run import Run
from firstbell.runner.execution.runs.run_json import RunDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """A finished run. `evidence` is the location of its evidence, `open_first` what to open first when it failed,
    `problems` the evidence that could not be kept."""

    run: Run
    document: RunDocument
    evidence: str
    open_first: tuple[tuple[str, str], ...] = ()
    problems: tuple[str, ...] = ()


def picture_of(run: Run, artifacts: tuple[Artifact, ...], prefix: str) -> str:
    """Returns the object that shows the failing step as its actor saw it; empty without one."""
    step = run.last.failing_step
    key = (ArtifactKind.SCREENSHOT, step.step.actor, step.step.position) if step else None
    for artifact in reversed(artifacts):  # The last attempt decided.
        if (artifact.kind, artifact.actor, artifact.step) == key and not artifact.missing:
            return f"{prefix}/{artifact.name}"
    return ""


def open_first_of(run: Run, artifacts: tuple[Artifact, ...], store: Store, picture: str) -> Iterator[tuple[str, str]]:
    """Yields what to open first after a failure: the picture of that step, and the command for the traces."""
    if run.last.failing_step is None:
        return
    if picture:
        yield "screenshot", store.address(picture)
    if any(artifact.kind is ArtifactKind.TRACE and not artifact.missing for artifact in artifacts):
        yield "trace", f"firstbell evidence {run.id[-6:]} --open"
