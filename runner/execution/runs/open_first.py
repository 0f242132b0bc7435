"""What of a run's evidence a person opens first."""

from __future__ import annotations

from collections.abc import Iterator

from firstbell.artifacts.evidence import Artifact, ArtifactKind
from firstbell.artifacts.stores import Store
from firstbell.runner.execution.run import Run


def picture_of(run: Run, artifacts: tuple[Artifact, ...], prefix: str) -> str:
    """The object that shows the failing step as its actor saw it; empty where there is none."""
    step = run.last.failing_step
    wanted = (ArtifactKind.SCREENSHOT, step.step.actor, step.step.position) if step else None
    for artifact in reversed(artifacts):  # The last attempt decided.
        if (artifact.kind, artifact.actor, artifact.step) == wanted and not artifact.missing:
            return f"{prefix}/{artifact.name}"
    return ""


def open_first(run: Run, artifacts: tuple[Artifact, ...], store: Store, picture: str) -> Iterator[tuple[str, str]]:
    """What to open first when something broke: the picture of that step, and the traces."""
    if run.last.failing_step is None:
        return
    if picture:
        yield "screenshot", store.address(picture)
    if any(artifact.kind is ArtifactKind.TRACE and not artifact.missing for artifact in artifacts):
        yield "trace", f"firstbell evidence {run.id[-6:]} --open"
