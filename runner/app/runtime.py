"""What one configuration makes of the house: where runs are kept, whose people play, from where, and who inquires."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from zoneinfo import ZoneInfo

from firstbell.artifacts.policy import EvidencePolicy
from firstbell.artifacts.redaction.known_secrets import KnownSecrets
from firstbell.journeys.media.degraded import QualityThresholds
from firstbell.journeys.practice.client import PracticeSchool
from firstbell.runner.app.build import (
    controls_of,
    district_of,
    locations_of,
    practice_address,
    secrets_of,
    spool_of,
    store_of,
)
from firstbell.runner.app.open_config import state_folder
from firstbell.runner.config.browser_checks import browser_kinds_of
from firstbell.runner.config.errors import ConfigError
from firstbell.runner.config.load import Config
from firstbell.runner.diagnosis.location import Location
from firstbell.runner.diagnosis.probes import probe
from firstbell.runner.diagnosis.targets import targets_of
from firstbell.runner.execution.browsers.discovery import find_all
from firstbell.runner.execution.district import District
from firstbell.runner.execution.journey_catalog import JourneyEntry
from firstbell.runner.execution.runs.investigation import Investigation
from firstbell.runner.execution.runs.run_journey import RunContext, RunOrder
from firstbell.runner.execution.supervision.managed_worker import ManagedWorker
from firstbell.runner.execution.supervision.protocol import WorkerSetup
from firstbell.runner.execution.supervision.recycling import WorkerLimits
from firstbell.runner.history.database import Database
from firstbell.runner.history.runs.context import StoredPastRuns
from firstbell.runner.history.runs.runs import ObserveRun, RunHistory

NO_ACTOR_NOTE = "this journey brings nobody on, and its page is opened by the browser of [browser]; leave this out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """What one configuration makes of the house: where runs are kept, whose people play, what a worker is told."""

    config: Config
    database: Database
    house: RunContext
    district: District
    hello: WorkerSetup
    inquiry: Investigation

    def player(self, location: str) -> ManagedWorker:
        """Somebody to play at a location. Raises WorkerUnwell."""
        hello = self.hello.model_copy(update={"location": location})
        limits = self.limits
        if self.locations[location].egress.resolver:
            # A browser is told at its start what names mean; so it starts anew for each attempt.
            limits = replace(limits, attempts=1)
        return ManagedWorker(lambda: hello, state_folder(self.config) / "worker.log", limits)

    @property
    def locations(self) -> Mapping[str, Location]:
        """From where it is played."""
        return self.inquiry.locations

    @property
    def limits(self) -> WorkerLimits:
        """How long a worker may serve."""
        given = self.config.settings.watch
        return WorkerLimits(attempts=given.recycle_after, memory_mib=given.recycle_mib)

    @property
    def zone(self) -> ZoneInfo:
        """The school's time zone."""
        return ZoneInfo(self.config.settings.school.timezone)

    def order(self, piece: JourneyEntry, location: str, **more: object) -> RunOrder:
        """What is to be run at a location for a piece that a file defines."""
        assert piece.card is not None  # noqa: S101  # the caller has looked
        given: dict[str, object] = {
            "journey": piece.name,
            "plays": piece.card.id,
            "location": location,
            "deadline_s": piece.section.deadline,
            "confirm": piece.section.confirm,
            "groups": piece.section.groups,
            "relies_on": piece.relies_on,
            "browser": piece.section.browser,
            "source_sha256": piece.card.source_sha256,
        }
        return RunOrder(**(given | more))  # type: ignore[arg-type]  # the fields are checked where they are named


def check_services(pieces: Sequence[JourneyEntry], staging: Runtime) -> None:
    """A service that a journey relies on and nobody configured has no owner to call; and a browser that a journey is
    given reaches only those whom it brings on. Raises ConfigError."""
    problems = [
        staging.config.problem(
            ("services",),
            f"journey '{piece.name}' ({piece.card.file}:{piece.card.line}) relies on the service '{name}', "
            f"which is not configured; add [services.{name}] or correct the journey",
        )
        for piece in pieces
        if piece.card is not None
        for name in piece.relies_on
        if name not in staging.house.owners
    ]
    problems += [
        staging.config.problem(("journeys", piece.name, "browser"), NO_ACTOR_NOTE)
        for piece in pieces
        if piece.section.browser and piece.card is not None and not piece.card.roles
    ]
    if problems:
        raise ConfigError(problems)


def runtime_for(
    config: Config,
    database: Database,
    practice: PracticeSchool | None,
    *,
    headed: bool = False,
    weigh: ObserveRun | None = None,
) -> Runtime:
    """What a configuration makes of the house. Raises StoreError, NoBrowser, SecretMissing.

    Runs are weighed by `weigh`, where they may raise an alarm; a run by hand raises none.
    """
    store = store_of(config)
    find_all(config.settings.browser.executable, browser_kinds_of(config.settings).values(), headed=headed)
    state, evidence = state_folder(config), config.settings.evidence
    district = district_of(config, practice.introduction if practice else None)
    known = KnownSecrets([secret.reveal() for secret in secrets_of(district)])
    inquiry = _investigation(config, district, StoredPastRuns(database), practice)
    return Runtime(
        config=config,
        database=database,
        district=district,
        inquiry=inquiry,
        house=RunContext(
            inquiry=inquiry,
            store=store,
            spool=spool_of(config),
            history=RunHistory(database, ZoneInfo(config.settings.school.timezone), weigh),
            known=known,
            policy=EvidencePolicy(
                on_pass=evidence.on_pass,
                on_fail=evidence.on_fail,
                mask=config.settings.privacy.mask,
            ),
            owners={name: service.owner for name, service in district.school.services.items()},
            hosts=inquiry.hosts,
            version=version("firstbell"),
            work=state / "work" / str(os.getpid()),
            quarantine=state / "quarantine",
        ),
        hello=WorkerSetup(
            config=config.file if config.text else None,
            text=config.text,
            practice=practice_address(practice),
            headed=headed,
        ),
    )


def _investigation(
    config: Config, district: District, past: StoredPastRuns, practice: PracticeSchool | None
) -> Investigation:
    """Who finds out whose a failure is."""
    introduction = practice.introduction if practice else None
    services, given = district.school.services, config.settings.diagnosis
    return Investigation(
        locations=locations_of(config, introduction),
        targets=targets_of(services.values(), controls_of(config, introduction)),
        hosts={name: service.own_hosts for name, service in services.items()},
        probe=probe,
        past=past,
        within_s=given.within,
        line=QualityThresholds(latency_ms=given.latency_ms, frames_per_s=given.frames_per_s),
    )
