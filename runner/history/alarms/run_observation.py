"""The observation of a run: what incidents learn from a row of history."""

from __future__ import annotations

from dataclasses import replace

from firstbell.runner.alarms.incident import UNKNOWN_SERVICE
from firstbell.runner.alarms.observation import Observation
from firstbell.runner.history.record import RunRow
from firstbell.runner.outcome import Outcome


def observation_of(run: RunRow, *, degraded_counts: bool = False) -> Observation:
    """Returns what a run says. A failure is confirmed if a second attempt failed too. With `degraded_counts` a degraded
    run counts as a confirmed failure: it was measured, and needs no second attempt."""
    is_failure = run.outcome == Outcome.FAILED
    observation = Observation(
        journey=run.journey,
        location=run.location,
        at=run.ended_at,
        outcome=Outcome(run.outcome),
        confirmed=is_failure and len(run.attempts) > 1,
        service=(run.service or UNKNOWN_SERVICE) if is_failure else "",
        owner=run.owner,
        actor=run.actor,
        step=run.step,
        problem=run.said,
        run_id=run.id,
        is_private=run.is_private,
        under_construction=run.under_construction,
        passed_steps=run.passed_steps,
    )
    if not (degraded_counts and run.degraded):
        return observation
    problem, service = f"degraded: {run.degraded}", run.service or UNKNOWN_SERVICE
    return replace(
        observation, outcome=Outcome.FAILED, confirmed=True, service=service, step="works as it should", problem=problem
    )
