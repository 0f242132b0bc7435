"""One run from order to record: played by a worker, its evidence cleaned and kept, its row written.

A first attempt that failed is played once more by a fresh worker, with every recorder on; both are kept.

In this order, and each line says what is true if we die after it:
1. the worker has played: the run never was, its raw recordings lie in a private folder that the next start removes;
2. recordings are clean and lie on the spool: an uploader takes them to the store, beside us, sooner or later;
3. the row is written, and the slot settled: the run is in history. A store that is away changes nothing about that.
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
from firstbell.artifacts.packing import RunLocation, pack
from firstbell.artifacts.policy import EvidencePolicy, Lifetime
from firstbell.artifacts.redaction.known_secrets import KnownSecrets
from firstbell.artifacts.redaction.pipeline import clean
from firstbell.artifacts.spool import Spool
from firstbell.artifacts.stores import Store
from firstbell.journeys.stage.ending import EndingKind
from firstbell.runner.diagnosis.diagnosis import Diagnosis
from firstbell.runner.diagnosis.facts import ProbeProblem
from firstbell.runner.execution.run import Attempt, Run, errored_ending, needs_confirmation, new_run_id
from firstbell.runner.execution.runs.host_checks_file import write_host_checks
from firstbell.runner.execution.runs.investigation import Investigation, InvestigationCase, PendingChecks
from firstbell.runner.execution.runs.machine_load import MachineMeter
from firstbell.runner.execution.runs.open_first import open_first, picture_of
from firstbell.runner.execution.runs.probe_health import as_errored
from firstbell.runner.execution.runs.reporter import Reporter
from firstbell.runner.execution.runs.run_json import RenderContext, document_of
from firstbell.runner.execution.runs.run_result import RunResult
from firstbell.runner.execution.runs.to_row import row_of
from firstbell.runner.execution.supervision.managed_worker import ManagedWorker
from firstbell.runner.execution.supervision.protocol import FromWorker, PlayAttempt, StepEnded
from firstbell.runner.history.record import RunRow
from firstbell.runner.history.slots.claims import Claim
from firstbell.runner.outcome import Outcome

log = structlog.get_logger()


class RunRecords(Protocol):
    """Where runs are written down."""

    def record(self, run: RunRow, claim: Claim | None = None) -> None:
        """Write a run and settle its slot. Raises HistoryError, or Overtaken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """Where runs are kept, and who owns what. `work` and `quarantine` are private folders of this machine; `nudge`
    says to whoever empties the spool that something was put on it. `inquiry` finds out whose a failure is."""

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
    inquiry: Investigation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOrder:
    """What is to be run. `journey` is its name in history, `plays` what is played, `browser` in what where that is not
    the district's. `deadline_s` bounds each attempt. `claim` is the slot it is for; None for a run by hand. `note` is
    what else goes on, such as announced maintenance.
    """

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


def run_journey(order: RunOrder, player: ManagedWorker, house: RunContext, reporter: Reporter) -> RunResult:
    """Run a journey once and keep what came of it.

    Raises HistoryError when the row cannot be written, and Overtaken when the slot was settled without this run.
    """
    started_at = datetime.now(UTC)
    run_id = new_run_id(started_at)
    folder = house.work / run_id
    with structlog.contextvars.bound_contextvars(run_id=run_id, journey=order.journey, location=order.location):
        log.info("run.began")
        try:
            played = _attempts(order, run_id, folder, _RunParts(player=player, house=house, reporter=reporter))
            run = Run(
                id=run_id,
                journey=order.journey,
                location=order.location,
                started_at=started_at,
                attempts=played.attempts,
                diagnosis=played.diagnosis,
                degraded=_with_degradation(order, played.attempts[-1], house),
                relies_on=order.relies_on,
                groups=order.groups,
                note=order.note,
                due_at=order.claim.due_at if order.claim else None,
                source_sha256=order.source_sha256,
            )
            return _keep(run, order.claim, house, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _with_degradation(order: RunOrder, last: Attempt, house: RunContext) -> tuple[str, ...]:
    """In what way a run that passed was worse than it should be."""
    if last.ending is not None or house.inquiry is None:
        return ()
    return house.inquiry.degraded(order.location, last)


@dataclass(frozen=True, slots=True, kw_only=True)
class _RunParts:
    player: ManagedWorker
    house: RunContext
    reporter: Reporter

    def heard(self, message: FromWorker) -> None:
        """Log what happens, and pass it on."""
        _log_step(message)
        self.reporter.heard(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class _AttemptsPlayed:
    """What was played, and what it points to where it did not pass at once."""

    attempts: tuple[Attempt, ...]
    diagnosis: Diagnosis | None = None


def _attempts(order: RunOrder, run_id: str, folder: Path, means: _RunParts) -> _AttemptsPlayed:
    """What is played, or one attempt that this machine did not let begin."""
    began = datetime.now(UTC)
    try:
        folder.mkdir(parents=True, mode=0o700)
    except OSError as error:
        said = f"nothing can be written on this machine ({error.strerror or type(error).__name__})"
        return _AttemptsPlayed(attempts=(Attempt(number=1, started_at=began, took_s=0.0, ending=errored_ending(said)),))
    return _play(order, run_id, folder, means)


def _play(order: RunOrder, run_id: str, folder: Path, means: _RunParts) -> _AttemptsPlayed:
    """As many attempts as it takes. The hosts are looked at as soon as one has not passed."""
    attempts: list[Attempt] = []
    looking: PendingChecks | None = None
    why: ProbeProblem | None = None
    while not attempts or (order.confirm and needs_confirmation(attempts)):
        number = len(attempts) + 1
        means.reporter.began(order.journey, order.location, number, datetime.now(UTC))
        play = PlayAttempt(
            run_id=run_id,
            journey=order.plays,
            attempt=number,
            folder=folder,
            recording=means.house.policy.recording_of(number, is_last=number > 1 or not order.confirm),
            accounts=dict(order.accounts),
            relies_on=tuple(order.relies_on),
            browser=order.browser,
        )
        meter = MachineMeter(folder)
        played = means.player.play(play, deadline_s=order.deadline_s, listener=means.heard, fresh=number > 1)
        why = meter.doubt(played)
        attempts.append(as_errored(played, why))
        if looking is None and played.ending is not None and played.ending.kind is not EndingKind.SKIPPED:
            looking = means.house.inquiry.begin() if means.house.inquiry else None
    if looking is None or means.house.inquiry is None:
        return _AttemptsPlayed(attempts=tuple(attempts))
    case = InvestigationCase(
        journey=order.journey, location=order.location, relies_on=order.relies_on, attempts=attempts, doubt=why
    )
    diagnosis = means.house.inquiry.conclude(case, looking)
    checks = write_host_checks(looking.found(0.0), folder, attempts[-1].number)
    attempts[-1] = replace(attempts[-1], artifacts=(*attempts[-1].artifacts, *checks))
    if diagnosis.is_own:
        attempts[-1] = as_errored(attempts[-1], ProbeProblem(cause=diagnosis.cause, said=diagnosis.because[0].said))
    return _AttemptsPlayed(attempts=tuple(attempts), diagnosis=diagnosis)


def _keep(run: Run, claim: Claim | None, house: RunContext, folder: Path) -> RunResult:
    prefix = run_prefix(run.started_at, run.journey, run.id)
    passed = run.outcome is Outcome.PASSED and not run.flaky
    recorded = [artifact for attempt in run.attempts for artifact in attempt.artifacts]
    wanted = house.policy.kept(recorded, passed=passed, private=run.is_private)
    cleaned = clean(wanted, folder, house.known, quarantine=house.quarantine / run.id)
    told = RenderContext(
        owner=_owner(run, house.owners),
        version=house.version,
        scrub=house.known.scrub,
        removed=cleaned.removed,
        owners=house.owners,
        hosts=house.hosts,
    )
    document = document_of(run, cleaned.artifacts, told)
    trouble = [f"{artifact.name} is missing: {artifact.missing}" for artifact in cleaned.artifacts if artifact.missing]
    files = {**cleaned.files, "run.json": document.model_dump_json(indent=1).encode()}
    lifetime = Lifetime.PASSES if passed else Lifetime.FAILURES
    trouble += _spooled(house.spool, RunLocation(prefix=prefix, lifetime=lifetime, started_at=run.started_at), files)
    house.nudge()
    where, picture = house.store.address(prefix), picture_of(run, cleaned.artifacts, prefix)
    house.history.record(row_of(run, where, told, picture), claim)
    performed = RunResult(
        run=run,
        document=document,
        where=where,
        pointers=tuple(open_first(run, cleaned.artifacts, house.store, picture)),
        trouble=tuple(trouble),
    )
    _log_run(performed)
    return performed


def _spooled(spool: Spool, shelf: RunLocation, files: Mapping[str, bytes]) -> list[str]:
    """Put a run's evidence on the spool. A full disk costs the evidence, never the verdict."""
    try:
        dropped = spool.put(shelf.prefix, pack(files, shelf), shelf.lifetime)
    except OSError as error:
        return [f"evidence was not kept: {error.strerror or type(error).__name__}"]
    return [f"the spool is full; the evidence of {run} was dropped from it" for run in dropped]


def _owner(run: Run, owners: Mapping[str, str]) -> str:
    """Who is to be called: nobody, unless a service failed, or is worse than it should be."""
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


def _log_run(performed: RunResult) -> None:
    """The one line that sums a run up."""
    document = performed.document
    log.info(
        "run.done",
        outcome=document.outcome,
        took_s=document.took_s,
        broke=document.broke.model_dump() if document.broke else None,
        evidence=performed.where,
        trouble=list(performed.trouble),
    )
