"""Figures of the runs of this process: counts by outcome, times of steps, latency of media.

They begin at 0 with the process, as Prometheus expects of counters: rate() takes a smaller value for a restart. Sums of
history would fall by a few when retention or a corrected clock takes days away, and rate() would count all of the rest
again.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

from firstbell.runner.execution.runs.run_result import RunResult

STEP_BUCKETS_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0)
# 0.4 s is the default of what is accepted; 0.15 s is what people do not notice (ITU-T G.114).
MEDIA_BUCKETS_S = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 1.0, 2.0, 5.0)
OTHER = "other"
"""The label of a step whose service is not configured: labels never hold text of a page or of a step."""


class RunFigures:
    """The figures, in `registry`. Labels are names of the configuration and outcomes; nothing else."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        by = ["journey", "location"]
        self._runs = Counter("firstbell_runs", "Runs of this process.", [*by, "outcome"], registry=registry)
        self._flaky = Counter(
            "firstbell_flaky_runs", "Runs that passed, but not at the first attempt.", by, registry=registry
        )
        self._steps = Histogram(
            "firstbell_step_duration_seconds",
            "How long steps took that passed.",
            [*by, "service"],
            buckets=STEP_BUCKETS_S,
            registry=registry,
        )
        self._latency = Histogram(
            "firstbell_media_latency_seconds",
            "Median time from camera to screen of each media proof.",
            by,
            buckets=MEDIA_BUCKETS_S,
            registry=registry,
        )

    def add(self, result: RunResult) -> None:
        """Adds a run that has ended, with the steps and media proofs of all of its attempts."""
        run = result.run
        self._runs.labels(run.journey, run.location, run.outcome.value).inc()
        if run.flaky:
            self._flaky.labels(run.journey, run.location).inc()
        for attempt in run.attempts:
            for record in attempt.steps:
                if record.ending is None:
                    service = record.step.service if record.step.service in result.document.services else OTHER
                    self._steps.labels(run.journey, run.location, service).observe(record.took_s)
            for proof in attempt.proofs:
                if proof.latency_ms is not None:
                    self._latency.labels(run.journey, run.location).observe(proof.latency_ms / 1000)
