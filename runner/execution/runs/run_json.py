"""The document run.json: one run for other programs, versioned, with a schema that is published beside this file."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import Enum
from importlib.metadata import version
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from firstbell.artifacts.evidence import Artifact
from firstbell.journeys.media.proof import MediaProof
from firstbell.journeys.stage.step import StepRecord
from firstbell.runner.execution.run import Attempt, Run

Outcome = Literal["passed", "failed", "errored", "blind", "missed", "skipped"]
Ending = Literal["failed", "errored", "blind", "skipped"]


class DocumentPart(BaseModel):
    """A part of the document. Later versions of schema 1 may add keys and take none away."""

    model_config = ConfigDict(frozen=True)


class StepPart(DocumentPart):
    """One step of one actor. Seconds are since the attempt began."""

    position: int = Field(description="Counts from 1 over all actors.")
    actor: str
    title: str
    service: str = Field(description="The service that the step relies on.")
    started_s: float
    ended_s: float
    ending: Ending | None = Field(description="The ending, if it did not pass.")
    said: str = Field(description="The observation, in one line.")


class ArtifactPart(DocumentPart):
    """One file beside this one, or the reason why it is missing."""

    kind: str
    name: str
    actor: str
    step: int | None = Field(description="The position of the step that it shows.")
    sha256: str
    size_bytes: int
    hosts: list[str] = Field(
        default=[], description="The hosts of all frames of the page that it shows; empty for files without pictures."
    )
    missing: str = Field(description="Why the file is missing; empty if it exists.")


class AttemptPart(DocumentPart):
    """One try."""

    number: int
    started_at: datetime
    took_s: float
    ending: Ending | None
    said: str
    browser: str = Field(
        description="The browsers with their versions, and the devices that they emulated, in at most 80 characters: "
        '"chromium headless shell 156.0", or "chromium 156.0" for the full browser.'
    )
    unclosed: str = Field(description="What could not be closed afterwards; the outcome stands.")
    clock_offset_s: float | None = Field(
        description="How far the clocks of the hosts that answered were ahead of ours, good to about a second."
    )
    steps: list[StepPart]
    media: list[dict[str, Any]] = Field(description="The actors' media proofs of each other, with figures.")


class BrokePart(DocumentPart):
    """The failure of a run: the first step that did not pass, and the service that it relies on."""

    actor: str
    step: str
    service: str
    owner: str
    said: str


class BecausePart(DocumentPart):
    """One reason."""

    said: str
    source: str = Field(description="The source of the fact.")


class ClearedPart(DocumentPart):
    """A service that is known to work."""

    name: str
    why: str


class DiagnosisPart(DocumentPart):
    """The blamed service, and the reasons."""

    service: str = Field(description="Empty if the probe itself failed, or no service can be blamed.")
    cause: str = Field(description="A value from the list of causes.")
    words: str = Field(description="The cause as text.")
    confidence: Literal["high", "medium", "low"]
    seen_twice: bool = Field(default=False, description="A second attempt in a fresh browser failed as well.")
    host: str = Field(
        default="", description="The host that fails where no service owns it, and the service's page calls it."
    )
    under_construction: bool = Field(
        default=False, description="The journey has never passed here: the service is a guess, and nobody is alarmed."
    )
    way_proven: bool = Field(
        default=False, description="A control host outside the district was reached at that moment."
    )
    because: list[BecausePart]
    cleared: list[ClearedPart] = Field(description="Services that were checked and work.")


class ServicePart(DocumentPart):
    """A service that journeys rely on, as it was configured then."""

    owner: str
    hosts: list[str] = Field(description="Names of its own hosts; * is allowed.")


class RunDocument(DocumentPart):
    """One run."""

    schema_: Literal["firstbell.run/1"] = Field("firstbell.run/1", alias="schema")
    id: str
    journey: str
    location: str
    started_at: datetime = Field(description="UTC.")
    took_s: float
    outcome: Outcome
    flaky: bool = Field(description="It passed, but only at its second attempt.")
    groups: list[str] = Field(description="The groups whose timetable it follows.")
    note: str = Field(description="Concurrent events, such as announced maintenance.")
    due_at: datetime | None = Field(description="When its slot was due, in UTC; null for a run by hand.")
    broke: BrokePart | None
    degraded: list[str] = Field(default_factory=list, description="How a run that passed was worse than it should be.")
    diagnosis: DiagnosisPart | None = Field(None, description="The diagnosis of a failed attempt.")
    services: dict[str, ServicePart] = Field(description="All services, with their owners and hosts.")
    firstbell: str = Field(description="The version that ran it.")
    playwright: str = Field(description="Playwright's version.")
    system: str = Field(description="Python and the operating system.")
    source_sha256: str = Field(description="The hash of the journey's file.")
    removed: dict[str, int] = Field(description="Counts of values that redaction removed from its files, by reason.")
    attempts: list[AttemptPart]
    artifacts: list[ArtifactPart]

    model_config = ConfigDict(frozen=True, serialize_by_alias=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderContext:
    """The context of a run's document: the owner of what failed, our version, `scrub`, which takes known secrets out of
    texts of pages and errors, the counts of `removed` values in its files, and all services' `owners` and `hosts`."""

    owner: str
    version: str
    scrub: Callable[[str], str]
    removed: Mapping[str, int] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    hosts: Mapping[str, Sequence[str]] = field(default_factory=dict)


def document_of(run: Run, artifacts: Sequence[Artifact], context: RenderContext) -> RunDocument:
    """Returns the document of a run."""
    step, scrub = run.last.failing_step, context.scrub
    broke = None
    if step is not None and step.ending is not None:
        broke = BrokePart(
            actor=step.step.actor,
            step=scrub(step.step.title),
            service=run.service,
            owner=context.owner,
            said=scrub(step.ending.said),
        )
    return RunDocument(
        id=run.id,
        journey=run.journey,
        location=run.location,
        started_at=run.started_at,
        took_s=round(sum(attempt.took_s for attempt in run.attempts), 3),
        outcome=run.outcome.value,
        flaky=run.flaky,
        groups=list(run.groups),
        note=run.note,
        due_at=run.due_at,
        broke=broke,
        degraded=list(run.degraded),
        diagnosis=DiagnosisPart(**diagnosis) if (diagnosis := diagnosis_of(run, scrub)) else None,
        services={
            name: ServicePart(owner=owner, hosts=list(context.hosts.get(name, ())))
            for name, owner in context.owners.items()
        },
        firstbell=context.version,
        playwright=version("playwright"),
        system=f"Python {platform.python_version()} on {platform.platform()}",
        source_sha256=run.source_sha256,
        removed=dict(context.removed),
        attempts=[_attempt(attempt, scrub) for attempt in run.attempts],
        artifacts=[ArtifactPart(**{**asdict(artifact), "kind": artifact.kind.value}) for artifact in artifacts],
    )


def diagnosis_of(run: Run, scrub: Callable[[str], str]) -> dict[str, Any] | None:
    """Returns the diagnosis of a run as plain JSON; None if there is none."""
    if (found := run.diagnosis) is None:
        return None
    return {
        "service": found.service,
        "cause": found.cause.value,
        "words": found.words,
        "host": found.host,
        "under_construction": found.under_construction,
        "confidence": found.confidence.value,
        "seen_twice": found.seen_twice,
        "way_proven": found.way_proven,
        "because": [{"said": scrub(reason.said), "source": reason.source.value} for reason in found.because],
        "cleared": [{"name": service.name, "why": scrub(service.why)} for service in found.cleared],
    }


def figures_of(proof: MediaProof) -> dict[str, Any]:
    """Returns a media proof as plain JSON."""
    return asdict(proof, dict_factory=lambda pairs: {key: _plain(value) for key, value in pairs})


def _attempt(attempt: Attempt, scrub: Callable[[str], str]) -> AttemptPart:
    return AttemptPart(
        number=attempt.number,
        started_at=attempt.started_at,
        took_s=round(attempt.took_s, 3),
        ending=attempt.ending.kind.value if attempt.ending else None,
        said=scrub(attempt.ending.said) if attempt.ending else "",
        browser=attempt.browser,
        unclosed=scrub(attempt.unclosed),
        clock_offset_s=attempt.clock_offset_s,
        steps=[_step(record, scrub) for record in attempt.steps],
        media=[figures_of(proof) for proof in attempt.proofs],
    )


def _step(record: StepRecord, scrub: Callable[[str], str]) -> StepPart:
    return StepPart(
        position=record.step.position,
        actor=record.step.actor,
        title=scrub(record.step.title),
        service=record.step.service,
        started_s=round(record.step.started_s, 3),
        ended_s=round(record.ended_s, 3),
        ending=record.ending.kind.value if record.ending else None,
        said=scrub(record.ending.said) if record.ending else "",
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return round(value, 3) if isinstance(value, float) else value
