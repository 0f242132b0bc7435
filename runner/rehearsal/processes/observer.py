"""The observer of one person in a rehearsal, and what its process provides to all people."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from firstbell.runner.execution.browsers.per_actor import browser_in_use
from firstbell.runner.rehearsal.processes.protocol import ActorPlaysWith, EvidenceKept, MediaChecked, StepPlayed
from firstbell.runner.rehearsal.results.failure_evidence import FailureEvidenceSettings, FailureRecorder

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from firstbell.journeys.media.proof import MediaProof
    from firstbell.journeys.stage.actor import Actor
    from firstbell.journeys.stage.step import Step, StepRecord
    from firstbell.runner.execution.supervision.protocol import PipeMessage
    from firstbell.runner.rehearsal.arrivals import Arrival


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerResources:
    """The resources of one process: its browser with name and version, the devices to emulate, and where evidence is
    kept."""

    browser: Browser
    name: str
    version: str
    devices: Mapping[str, Any]
    evidence: FailureEvidenceSettings


class ProgressObserver:
    """Observes one person: reports progress to the parent, and records evidence of a failure."""

    def __init__(
        self, arrival: Arrival, round_: int, send: Callable[[PipeMessage], None], resources: PlayerResources
    ) -> None:
        self._arrival = arrival
        self._round = round_
        self._send = send
        self._resources = resources
        self._recorder: FailureRecorder | None = None
        self._proofs: dict[str, MediaProof] = {}

    def actor_entered(self, actor: Actor) -> None:
        """Reports browser and device, and starts recording, since any person may fail."""
        text = str(browser_in_use(actor.name, actor.account, self._resources.name, self._resources.version))
        self._send(ActorPlaysWith(actor=self._arrival.actor, played_with=text))
        self._recorder = FailureRecorder(actor, self._round, self._resources.evidence)

    def step_began(self, actor: Actor, step: Step) -> None:
        """Does nothing."""

    def step_ended(self, actor: Actor, record: StepRecord) -> None:
        """Reports the end of a step, without secrets: a page may repeat typed text."""
        del actor
        ending, step = record.ending, record.step
        self._send(
            StepPlayed(
                actor=self._arrival.actor,
                title=step.title,
                service=step.service,
                at_s=time.time() - record.took_s,
                took_s=record.took_s,
                ending=ending.kind.value if ending else "",
                said=self._resources.evidence.known.scrub(ending.said) if ending else "",
                sign=ending.sign if ending else "",
                is_private=bool(ending and ending.is_private),
            )
        )
        if self._recorder:
            self._recorder.step_ended(record)

    def media_judged(self, actor: Actor, proof: MediaProof) -> None:
        """Reports a media sample of the teacher; its rate is that of the time since the sample before it."""
        before = self._proofs.setdefault(proof.observed, proof)
        self._proofs[proof.observed] = proof
        self._send(
            MediaChecked(
                actor=self._arrival.actor,
                at_s=time.time(),
                fault=proof.fault.value if proof.fault else "",
                latency_ms=proof.latency_ms,
                frames_per_s=round(proof.frames_per_s_since(before), 2),
                is_guarded=actor.is_guarded,
            )
        )

    def finished(self) -> None:
        """Reports the evidence that was kept. A full disk loses the evidence, and not the rehearsal."""
        try:
            names = self._recorder.finish() if self._recorder else ()
        except OSError as error:
            print(f"the evidence of {self._arrival.actor} was not kept: {error}", file=sys.stderr)  # noqa: T201
            return
        if names:
            self._send(EvidenceKept(actor=self._arrival.actor, names=names))
