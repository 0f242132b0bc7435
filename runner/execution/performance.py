"""One run from order to record: played by a worker, its evidence cleaned and kept, its row written.

In this order, and each line says what is true if we die after it:
1. the worker has played: the run never was, its raw recordings lie in a private folder that the next start removes;
2. recordings are clean and lie on the spool: they reach the store sooner or later;
3. the row is written: the run is in history;
4. the spool is delivered. A store that is away changes nothing about the verdict: delivery goes on with the next run.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from artifacts.evidence import Artifact, ArtifactKind, run_prefix
from artifacts.policy import EvidencePolicy
from artifacts.redaction.cleaning import clean
from artifacts.redaction.forms import KnownSecrets
from artifacts.spool import Spool
from artifacts.stores import Store
from runner.execution.document import RunDocument, Telling, document_of
from runner.execution.messages import FromWorker, Play, StepEnded
from runner.execution.recall import row_of
from runner.execution.run import Attempt, Outcome, Run, new_run_id
from runner.execution.supervisor import Listener, Worker
from runner.history.runs import RunHistory

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Where runs are kept, and who owns what. `work` and `quarantine` are private folders of this machine."""

    store: Store
    spool: Spool
    history: RunHistory
    known: KnownSecrets
    policy: EvidencePolicy
    owners: Mapping[str, str]
    version: str
    work: Path
    quarantine: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be run: a journey, from where, and after how long it is ended by force."""

    journey: str
    location: str
    deadline_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Performed:
    """A run with what is told about it. `where` is its evidence, `pointers` what to open first when it broke,
    `trouble` what could not be kept."""

    run: Run
    document: RunDocument
    where: str
    pointers: tuple[tuple[str, str], ...] = ()
    trouble: tuple[str, ...] = ()


def perform(order: Order, worker: Worker, house: House, listener: Listener) -> Performed:
    """Play a journey once and keep what came of it. Raises HistoryError when the row cannot be written."""
    started_at = datetime.now(UTC)
    run_id = new_run_id(started_at)
    folder = house.work / run_id
    folder.mkdir(parents=True, mode=0o700)

    def heard(message: FromWorker) -> None:
        _log_step(message)
        listener(message)

    with structlog.contextvars.bound_contextvars(run_id=run_id, journey=order.journey, location=order.location):
        log.info("run.began")
        try:
            play = Play(
                run_id=run_id, journey=order.journey, attempt=1, folder=folder, recording=house.policy.recording
            )
            attempt = worker.play(play, deadline_s=order.deadline_s, listener=heard)
            run = Run(
                id=run_id, journey=order.journey, location=order.location, started_at=started_at, attempts=(attempt,)
            )
            return _keep(run, house, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _keep(run: Run, house: House, folder: Path) -> Performed:
    prefix = run_prefix(run.started_at, run.journey, run.id)
    wanted = house.policy.kept(run.last.artifacts, passed=run.outcome is Outcome.PASSED)
    cleaned = clean(wanted, folder, house.known, quarantine=house.quarantine / run.id)
    owner = _owner(run.last, house.owners)
    told = Telling(owner=owner, version=house.version, scrub=house.known.scrub)
    document = document_of(run, cleaned.artifacts, told)
    house.spool.put(prefix, {**cleaned.files, "run.json": document.model_dump_json(indent=1).encode()})
    where = house.store.place(prefix)
    house.history.record(row_of(run, where, told))
    delivery = house.spool.deliver(house.store)
    missing = [f"{artifact.name} is missing: {artifact.missing}" for artifact in cleaned.artifacts if artifact.missing]
    performed = Performed(
        run=run,
        document=document,
        where=where,
        pointers=tuple(_pointers(run, cleaned.artifacts, house.store, prefix)),
        trouble=(*missing, *(f"not in the store yet: {waiting}" for waiting in delivery.waiting)),
    )
    _log_run(performed)
    return performed


def _owner(attempt: Attempt, owners: Mapping[str, str]) -> str:
    step = attempt.failing_step
    return owners.get(step.step.service, "") if step else ""


def _pointers(run: Run, artifacts: tuple[Artifact, ...], store: Store, prefix: str) -> Iterator[tuple[str, str]]:
    """The picture and the trace to open first, when something broke: those of the actor whose step it was."""
    step = run.last.failing_step
    if step is None:
        return
    for word, kind, position in (
        ("screenshot", ArtifactKind.SCREENSHOT, step.step.position),
        ("trace", ArtifactKind.TRACE, None),
    ):
        for artifact in artifacts:
            is_wanted = artifact.kind is kind and artifact.actor == step.step.actor and artifact.step == position
            if is_wanted and not artifact.missing:
                yield word, store.place(f"{prefix}/{artifact.name}")


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


def _log_run(performed: Performed) -> None:
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
