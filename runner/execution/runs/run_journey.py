"""Runs one journey from order to record: a worker plays it, its evidence is redacted and spooled, its row written.

A first attempt that failed is played once more by a fresh worker, with every recorder on; both are kept.

In this order, and each line says what is true if this process dies after it:
1. the worker has played: the run never was, its raw recordings lie in a private folder that the next start removes;
2. recordings are clean and lie on the spool: an uploader takes them to the store, in parallel, sooner or later;
3. the row is written, and the slot closed: the run is in history. An unreachable store changes nothing about that.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import structlog

from firstbell.artifacts.evidence import run_prefix
from firstbell.artifacts.isolation.cleaning import RunSecrets, clean_isolated
from firstbell.artifacts.packing import RUN, RunLocation, pack
from firstbell.artifacts.policy import EvidencePolicy, Lifetime
from firstbell.artifacts.redaction.known_secrets import KnownSecrets
from firstbell.artifacts.redaction.quarantine import bound_quarantine
from firstbell.artifacts.redaction.text_cleaner import TextCleaner
from firstbell.artifacts.spool import Spool
from firstbell.artifacts.stores import Store
from firstbell.journeys.stage.ending import EndingKind
from firstbell.runner.diagnosis.diagnosis import Diagnosis
from firstbell.runner.diagnosis.facts import ProbeProblem
from firstbell.runner.execution.run import Attempt, Run, errored_ending, needs_confirmation, new_run_id
from firstbell.runner.execution.runs.host_checks_file import write_host_checks
from firstbell.runner.execution.runs.investigation import Investigation, InvestigationCase
from firstbell.runner.execution.runs.machine_load import MachineMeter
from firstbell.runner.execution.runs.probe_health import as_errored
from firstbell.runner.execution.runs.reporter import Reporter
from firstbell.runner.execution.runs.run_json import RenderContext, document_of
from firstbell.runner.execution.runs.run_result import RunResult, open_first_of, picture_of
from firstbell.runner.execution.runs.to_row import row_of
from firstbell.runner.execution.supervision.managed_worker import ManagedWorker
from firstbell.runner.execution.supervision.protocol import FromWorker, PlayAttempt, StepEnded
from firstbell.runner.history.record import RunRow
from firstbell.runner.history.slots.claims import Claim
from firstbell.runner.outcome import Outcome

log = structlog.get_logger()


class RunRecords(Protocol):
    """The records of runs."""

    def record(self, run: RunRow, claim: Claim | None = None) -> None:
        """Writes a run and closes its slot. Raises HistoryError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """The store, spool, history and policies of runs. `work` and `quarantine` are private folders of this machine;
    `nudge` wakes the uploader of the spool. `investigation` diagnoses failures."""

    store: Store
    spool: Spool
    history: RunRecords
    known: KnownSecrets
    policy: EvidencePolicy
    owners: Mapping[str, str]
    hosts: Mapping[str, Sequence[str]]
    version: str
    work: Path
    quarantine: Path
    nudge: Callable[[], None] = lambda: None
    investigation: Investigation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOrder:
    """The journey to run. `journey` is its name in history, `plays` the journey that is played, `browser` its browser
    if it differs from the district's. `deadline_s` bounds each attempt. `claim` is its slot; None for a run by hand.
    `note` names concurrent events, such as announced maintenance."""

    journey: str
    plays: str
    location: str
    deadline_s: float
    confirm: bool
    accounts: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    relies_on: tuple[str, ...] = ()
    browser: str = ""
    note: str = ""
    source_sha256: str = ""
    claim: Claim | None = None


def run_journey(order: RunOrder, worker: ManagedWorker, context: RunContext, reporter: Reporter) -> RunResult:
    """Runs a journey once and keeps its evidence and record.

    Raises HistoryError when the row cannot be written.
    """
    started_at = datetime.now(UTC)
    run_id = new_run_id(started_at)
    folder = context.work / run_id
    in_progress = _RunInProgress(
        id=run_id, order=order, folder=folder, worker=worker, context=context, reporter=reporter
    )
    with structlog.contextvars.bound_contextvars(run_id=run_id, journey=order.journey, location=order.location):
        log.info("run.began")
        try:
            attempts, diagnosis = in_progress.play()
            run = Run(
                id=run_id,
                journey=order.journey,
                location=order.location,
                started_at=started_at,
                attempts=attempts,
                diagnosis=diagnosis,
                degraded=_degradations(order, attempts[-1], context),
                relies_on=order.relies_on,
                groups=order.groups,
                note=order.note,
                due_at=order.claim.due_at if order.claim else None,
                source_sha256=order.source_sha256,
                accounts=order.accounts,
            )
            return _keep(run, order.claim, context, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _degradations(order: RunOrder, last: Attempt, context: RunContext) -> tuple[str, ...]:
    """Returns in which respects a run that passed is degraded."""
    if last.ending is not None or context.investigation is None:
        return ()
    return context.investigation.degraded(order.location, last)


@dataclass(frozen=True, slots=True, kw_only=True)
class _RunInProgress:
    """A run while its attempts are played and investigated."""

    id: str
    order: RunOrder
    folder: Path
    worker: ManagedWorker
    context: RunContext
    reporter: Reporter

    def play(self) -> tuple[tuple[Attempt, ...], Diagnosis | None]:
        """Plays as many attempts as needed; returns them, and their diagnosis if the first did not pass.

        Hosts are checked as soon as one has not passed. If nothing can be written, returns one errored attempt.
        """
        if unwritable := self._make_folder():
            return (unwritable,), None
        attempts: list[Attempt] = []
        problem, host_checks, investigation = None, None, self.context.investigation
        while not attempts or (self.order.confirm and needs_confirmation(attempts)):
            attempt, problem = self._play_attempt(len(attempts) + 1)
            attempts.append(as_errored(attempt, problem))
            is_judged = attempt.ending is not None and attempt.ending.kind is not EndingKind.SKIPPED
            if host_checks is None and is_judged and investigation is not None:
                host_checks = investigation.begin()
        if host_checks is None or investigation is None:
            return tuple(attempts), None
        diagnosis = investigation.conclude(self._case(attempts, problem), host_checks)
        checks = write_host_checks(host_checks.found(0.0), self.folder, attempts[-1].number)
        attempts[-1] = replace(attempts[-1], artifacts=(*attempts[-1].artifacts, *checks))
        if diagnosis.is_own:
            own = ProbeProblem(cause=diagnosis.cause, said=diagnosis.because[0].said)
            attempts[-1] = as_errored(attempts[-1], own)
        return tuple(attempts), diagnosis

    def _make_folder(self) -> Attempt | None:
        """Makes the private folder of the run; returns an errored attempt if this machine does not allow it."""
        began = datetime.now(UTC)
        try:
            self.folder.mkdir(parents=True, mode=0o700)
        except OSError as error:
            said = f"nothing can be written on this machine ({error.strerror or type(error).__name__})"
            return Attempt(number=1, started_at=began, took_s=0.0, ending=errored_ending(said))
        return None

    def _play_attempt(self, number: int) -> tuple[Attempt, ProbeProblem | None]:
        order = self.order
        self.reporter.began(order.journey, order.location, number, datetime.now(UTC))
        play = PlayAttempt(
            run_id=self.id,
            journey=order.plays,
            attempt=number,
            folder=self.folder,
            recording=self.context.policy.recording_of(number, is_last=number > 1 or not order.confirm),
            accounts=dict(order.accounts),
            relies_on=tuple(order.relies_on),
            browser=order.browser,
        )
        meter = MachineMeter(self.folder)
        attempt = self.worker.play(play, deadline_s=order.deadline_s, listener=self._on_message, fresh=number > 1)
        return attempt, meter.probe_problem(attempt)

    def _case(self, attempts: Sequence[Attempt], problem: ProbeProblem | None) -> InvestigationCase:
        order = self.order
        return InvestigationCase(
            journey=order.journey,
            location=order.location,
            relies_on=order.relies_on,
            attempts=attempts,
            probe_problem=problem,
            accounts=order.accounts,
        )

    def _on_message(self, message: FromWorker) -> None:
        _log_step(message)
        self.reporter.heard(message)


def _keep(run: Run, claim: Claim | None, context: RunContext, folder: Path) -> RunResult:
    prefix = run_prefix(run.started_at, run.journey, run.id)
    passed = run.outcome is Outcome.PASSED and not run.flaky
    recorded = [artifact for attempt in run.attempts for artifact in attempt.artifacts]
    selected = context.policy.kept(recorded, passed=passed, private=run.is_private)
    met = frozenset(value for attempt in run.attempts for value in attempt.found_secrets)
    secrets = RunSecrets(context.known, met)
    cleaned = clean_isolated(selected, folder, secrets, quarantine=context.quarantine / run.id)
    bound_quarantine(context.quarantine)
    render_context = RenderContext(
        owner=_owner(run, context.owners),
        version=context.version,
        # A text that was cut before a later attempt met a secret may have the beginning of it.
        scrub=TextCleaner(context.known.values | met | cleaned.found).clean,
        removed=cleaned.removed,
        owners=context.owners,
        hosts=context.hosts,
    )
    document = document_of(run, cleaned.artifacts, render_context)
    problems = [f"{artifact.name} is missing: {artifact.missing}" for artifact in cleaned.artifacts if artifact.missing]
    files = {**cleaned.files, RUN: document.model_dump_json(indent=1).encode()}
    lifetime = Lifetime.PASSES if passed else Lifetime.FAILURES
    problems += _spooled(context.spool, RunLocation(prefix=prefix, lifetime=lifetime, started_at=run.started_at), files)
    context.nudge()
    evidence, picture = context.store.address(prefix), picture_of(run, cleaned.artifacts, prefix)
    context.history.record(row_of(run, evidence, render_context, picture=picture, run_json=files[RUN]), claim)
    result = RunResult(
        run=run,
        document=document,
        evidence=evidence,
        open_first=tuple(open_first_of(run, cleaned.artifacts, context.store, picture)),
        problems=tuple(problems),
    )
    _log_run(result)
    return result


def _spooled(spool: Spool, run_location: RunLocation, files: Mapping[str, bytes]) -> list[str]:
    """Puts a run's evidence on the spool and returns problems. A full disk costs the evidence, never the outcome."""
    try:
        dropped = spool.put(run_location.prefix, pack(files, run_location), run_location.lifetime)
    except OSError as error:
        return [f"the evidence was not saved: {error.strerror or type(error).__name__}"]
    return [f"the spool is full; the evidence of {run} was dropped from it" for run in dropped]


def _owner(run: Run, owners: Mapping[str, str]) -> str:
    """Returns the owner to call; empty unless a service failed or is degraded."""
    return owners.get(run.service, "") if run.outcome is Outcome.FAILED or run.degraded else ""


def _log_step(message: FromWorker) -> None:
    if isinstance(message, StepEnded):
        step, ending = message.record.step, message.record.ending
        log.info(
            "step.ended",
            actor=step.actor,
            step=step.title,
            service=step.service,
            took_s=round(message.record.took_s, 3),
            ending=ending.kind.value if ending else None,
            said=ending.said if ending else None,
        )


def _log_run(result: RunResult) -> None:
    """Logs the summary of a run in one event."""
    document = result.document
    log.info(
        "run.done",
        outcome=document.outcome,
        under_construction=result.run.under_construction,
        took_s=document.took_s,
        broke=document.broke.model_dump() if document.broke else None,
        evidence=result.evidence,
        problems=list(result.problems),
    )
