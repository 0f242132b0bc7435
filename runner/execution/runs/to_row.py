"""Converts a run to its rows in history."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from firstbell.runner.diagnosis.harmless import harmless_of
from firstbell.runner.execution.run import Attempt, Run
from firstbell.runner.execution.runs.run_json import RenderContext, diagnosis_of, figures_of
from firstbell.runner.history.record import AttemptRow, ProofRow, RunRow, StepRow
from firstbell.runner.outcome import Outcome

Scrub = Callable[[str], str]


def row_of(run: Run, evidence: str, context: RenderContext, *, picture: str = "", run_json: bytes) -> RunRow:
    """Returns the row of a run with its parts; `evidence` is the location of its evidence, `picture` the object that
    shows the failing step, `run_json` the document whose hash is kept."""
    scrub = context.scrub
    step = run.last.failing_step
    ending = step.ending if step else run.last.ending
    return RunRow(
        id=run.id,
        journey=run.journey,
        location=run.location,
        started_at=run.started_at,
        took_s=sum(attempt.took_s for attempt in run.attempts),
        outcome=run.outcome.value,
        evidence=evidence,
        version=context.version,
        actor=step.step.actor if step else "",
        step=scrub(step.step.title) if step else "",
        service=run.service,
        owner=context.owner,
        said=scrub(ending.said) if ending else "",
        flaky=run.flaky,
        groups=",".join(run.groups),
        note=run.note,
        due_at=run.due_at,
        picture=picture,
        cause=run.diagnosis.cause.value if run.diagnosis and run.outcome is not Outcome.PASSED else "",
        diagnosis=diagnosis_of(run, context.scrub),
        degraded="; ".join(run.degraded),
        is_private=run.is_private,
        accounts=dict(run.accounts),
        under_construction=run.under_construction,
        run_json_sha256=hashlib.sha256(run_json).hexdigest(),
        harmless=harmless_of(run.last.harmless) if run.outcome is Outcome.PASSED else (),
        attempts=tuple(_attempt_row(attempt, scrub) for attempt in run.attempts),
    )


def _attempt_row(attempt: Attempt, scrub: Scrub) -> AttemptRow:
    return AttemptRow(
        number=attempt.number,
        started_at=attempt.started_at,
        took_s=attempt.took_s,
        outcome=attempt.ending.kind.value if attempt.ending else "passed",
        said=scrub(attempt.ending.said) if attempt.ending else "",
        browser=attempt.browser,
        steps=tuple(
            StepRow(
                position=record.step.position,
                actor=record.step.actor,
                title=scrub(record.step.title),
                service=record.step.service,
                started_s=record.step.started_s,
                ended_s=record.ended_s,
                ending=record.ending.kind.value if record.ending else "",
                said=scrub(record.ending.said) if record.ending else "",
            )
            for record in attempt.steps
        ),
        proofs=tuple(
            ProofRow(
                observer=proof.observer,
                observed=proof.observed,
                fault=proof.fault.value if proof.fault else "",
                latency_ms=proof.latency_ms,
                frames_per_s=proof.frames_per_s,
                figures=figures_of(proof),
            )
            for proof in attempt.proofs
        ),
    )
