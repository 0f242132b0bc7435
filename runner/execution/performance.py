"""One run from order to record: played by a worker, its evidence cleaned and kept, its row written.

In this order, and each line says what is true if we die after it:
1. the worker has played: the run never was, its raw recordings lie in a private folder that the next start removes;
2. recordings are clean and lie on the spool: they reach the store sooner or later;
3. the row is written: the run is in history;
4. the spool is delivered. A store that is away changes nothing about the verdict: delivery goes on with the next run.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from artifacts.policy import Recording
from artifacts.evidence import Artifact, ArtifactKind, run_prefix
from artifacts.redaction.cleaning import clean
from artifacts.redaction.forms import KnownSecrets
from artifacts.spool import Spool
from artifacts.stores import Store
from runner.execution.document import RunDocument, document_of
from runner.execution.messages import Play
from runner.execution.recall import row_of
from runner.execution.run import Attempt, Outcome, Run, new_run_id
from runner.execution.supervisor import Listener, Worker
from runner.history.runs import RunHistory


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Where runs are kept. `work` and `quarantine` are private folders of this machine."""

    store: Store
    spool: Spool
    history: RunHistory
    known: KnownSecrets
    work: Path
    quarantine: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be run: a journey, from where, for at most how long, with which recorders."""

    journey: str
    location: str
    deadline_s: float
    recording: Recording
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Performed:
    """A run with what is told about it: whose service broke, where its evidence lies, what could not be kept."""

    run: Run
    artifacts: tuple[Artifact, ...]
    document: RunDocument
    where: str
    owner: str = ""
    pointers: tuple[tuple[str, str], ...] = ()
    trouble: tuple[str, ...] = ()


def perform(order: Order, worker: Worker, house: House, owners: dict[str, str], listener: Listener) -> Performed:
    """Play a journey once and keep what came of it. Raises HistoryError when the row cannot be written."""
    started_at = datetime.now(UTC)
    run_id = new_run_id(started_at)
    folder = house.work / run_id
    folder.mkdir(parents=True, mode=0o700)
    try:
        play = Play(run_id=run_id, journey=order.journey, attempt=1, folder=folder, recording=order.recording)
        attempt = worker.play(play, deadline_s=order.deadline_s, listener=listener)
        run = Run(id=run_id, journey=order.journey, location=order.location, started_at=started_at, attempts=(attempt,))
        return _keep(run, order, house, owners, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _keep(run: Run, order: Order, house: House, owners: dict[str, str], folder: Path) -> Performed:
    prefix = run_prefix(run.started_at, run.journey, run.id)
    cleaned = clean(run.last.artifacts, folder, house.known, quarantine=house.quarantine / run.id)
    owner = _owner(run.last, owners)
    document = document_of(run, cleaned.artifacts, owner=owner, version=order.version, scrub=house.known.scrub)
    house.spool.put(prefix, {**cleaned.files, "run.json": document.model_dump_json(indent=1).encode()})
    where = house.store.place(prefix)
    house.history.record(row_of(run, owner=owner, evidence=where, version=order.version, scrub=house.known.scrub))
    delivery = house.spool.deliver(house.store)
    missing = [f"{artifact.name} is missing: {artifact.missing}" for artifact in cleaned.artifacts if artifact.missing]
    return Performed(
        run=run,
        artifacts=cleaned.artifacts,
        document=document,
        where=where,
        owner=owner,
        pointers=tuple(_pointers(run, cleaned.artifacts, house.store, prefix)),
        trouble=(*missing, *(f"not in the store yet: {waiting}" for waiting in delivery.waiting)),
    )


def _owner(attempt: Attempt, owners: dict[str, str]) -> str:
    step = attempt.failing_step
    return owners.get(step.step.service, "") if step else ""


def _pointers(run: Run, artifacts: tuple[Artifact, ...], store: Store, prefix: str) -> list[tuple[str, str]]:
    """The picture and the trace to open first, when something broke: those of the actor whose step it was."""
    step = run.last.failing_step
    if run.outcome is Outcome.PASSED or step is None:
        return []
    wanted = [
        ("screenshot", ArtifactKind.SCREENSHOT, step.step.position),
        ("trace", ArtifactKind.TRACE, None),
    ]
    return [
        (word, store.place(f"{prefix}/{artifact.name}"))
        for word, kind, position in wanted
        for artifact in artifacts
        if artifact.kind is kind
        and artifact.actor == step.step.actor
        and artifact.step == position
        and not artifact.missing
    ]
