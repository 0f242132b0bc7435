"""The runtime of one configuration: store, history, district, locations, and the investigation of failures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from zoneinfo import ZoneInfo

from firstbell.artifacts.policy import EvidencePolicy
from firstbell.artifacts.redaction.known_secrets import KnownSecrets
from firstbell.journeys.media.degraded import QualityThresholds
from firstbell.journeys.practice.client import PracticeSchool
from firstbell.runner.app.build import district_of, practice_address, secrets_of
from firstbell.runner.app.build_locations import controls_of, locations_of
from firstbell.runner.app.build_storage import spool_of, store_of
from firstbell.runner.app.open_config import state_folder
from firstbell.runner.config.browser_checks import browser_kinds_of
from firstbell.runner.config.errors import ConfigError
from firstbell.runner.config.load import Config
from firstbell.runner.config.sections import NAME_LIMIT
from firstbell.runner.diagnosis.location import Location
from firstbell.runner.diagnosis.probes.prober import probe
from firstbell.runner.diagnosis.targets import targets_of
from firstbell.runner.execution.browsers.discovery import find_all
from firstbell.runner.execution.district import District
from firstbell.runner.execution.journey_catalog import JourneyEntry
from firstbell.runner.execution.runs.investigation import Investigation
from firstbell.runner.execution.runs.run_journey import RunContext, RunOrder
from firstbell.runner.execution.supervision.managed_worker import ManagedWorker
from firstbell.runner.execution.supervision.process_identity import folder_name
from firstbell.runner.execution.supervision.protocol import WorkerSetup
from firstbell.runner.execution.supervision.recycling import WorkerLimits
from firstbell.runner.history.database import Database
from firstbell.runner.history.runs.context import StoredPastRuns
from firstbell.runner.history.runs.runs import ObserveRun, RunHistory

NO_ACTOR_NOTE = "this journey has no actors, so the browser of [browser] opens its page; remove this key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """The runtime of one configuration: where runs are kept, the district, and the setup of workers."""

    config: Config
    database: Database
    run_context: RunContext
    district: District
    setup: WorkerSetup
    investigation: Investigation

    def start_worker(self, location: str) -> ManagedWorker:
        """Starts a worker at a location. Raises WorkerFailure."""
        setup = self.setup.model_copy(update={"location": location})
        limits = self.limits
        if self.locations[location].egress.resolver:
            # A browser gets its host mapping at its start, so it is restarted for each attempt.
            limits = replace(limits, attempts=1)
        return ManagedWorker(lambda: setup, state_folder(self.config) / "worker.log", limits)

    @property
    def locations(self) -> Mapping[str, Location]:
        """The locations that journeys run from."""
        return self.investigation.locations

    @property
    def limits(self) -> WorkerLimits:
        """The limits of one worker's life."""
        given = self.config.settings.watch
        return WorkerLimits(attempts=given.recycle_after, memory_mib=given.recycle_mib)

    @property
    def zone(self) -> ZoneInfo:
        """The school's time zone."""
        return ZoneInfo(self.config.settings.school.timezone)

    def order(self, entry: JourneyEntry, location: str, **more: object) -> RunOrder:
        """Returns the order for a journey at a location. A file must define the journey."""
        assert entry.journey_info is not None  # noqa: S101  # the caller has checked
        fields: dict[str, object] = {
            "journey": entry.name,
            "plays": entry.journey_info.id,
            "location": location,
            "deadline_s": entry.section.deadline,
            "confirm": entry.section.confirm,
            "groups": entry.section.groups,
            "relies_on": entry.relies_on,
            "browser": entry.section.browser,
            "source_sha256": entry.journey_info.source_sha256,
        }
        return RunOrder(**(fields | more))  # type: ignore[arg-type]  # the dataclass names the fields


def _is_storable(name: str) -> bool:
    """Tells whether a name from a journey file, which may be any text, can be stored."""
    return len(name) <= NAME_LIMIT and name.isprintable()


def check_services(entries: Sequence[JourneyEntry], runtime: Runtime) -> None:
    """Checks that every service of a journey is configured, or there is no owner to call; that a journey with a browser
    has actors to use it; and that its name can be stored. Raises ConfigError."""
    problems = [
        runtime.config.problem(
            ("services",),
            f"journey '{entry.name}' ({info.file}:{info.line}) relies on the service '{name}', "
            f"which is not configured; add [services.{name}] or correct the journey",
        )
        for entry in entries
        if (info := entry.journey_info) is not None
        for name in entry.relies_on
        if name not in runtime.run_context.owners
    ]
    problems += [
        runtime.config.problem(("journeys", entry.name, "browser"), NO_ACTOR_NOTE)
        for entry in entries
        if entry.section.browser and entry.journey_info is not None and not entry.journey_info.roles
    ]
    problems += [
        runtime.config.problem(
            ("journeys",),
            f"journey '{entry.name[:NAME_LIMIT]}' ({info.file}:{info.line}) has a name that history cannot store; "
            f"write at most {NAME_LIMIT} printable characters",
        )
        for entry in entries
        if (info := entry.journey_info) is not None and not _is_storable(entry.name)
    ]
    if problems:
        raise ConfigError(problems)


def runtime_for(
    config: Config,
    database: Database,
    practice: PracticeSchool | None,
    *,
    headed: bool = False,
    observe: ObserveRun | None = None,
) -> Runtime:
    """Returns the runtime of a configuration. Raises StoreError, NoBrowser, MissingSecret.

    `observe` gets each run, which may raise an alarm; a run by hand raises none.
    """
    store = store_of(config)
    find_all(config.settings.browser.executable, browser_kinds_of(config.settings).values(), headed=headed)
    state, evidence = state_folder(config), config.settings.evidence
    district = district_of(config, practice.introduction if practice else None)
    secrets = tuple(secret.reveal() for secret in secrets_of(district))
    investigation = _investigation(config, district, StoredPastRuns(database), practice)
    return Runtime(
        config=config,
        database=database,
        district=district,
        investigation=investigation,
        run_context=RunContext(
            investigation=investigation,
            store=store,
            spool=spool_of(config),
            history=RunHistory(database, ZoneInfo(config.settings.school.timezone), observe),
            known=KnownSecrets(secrets),
            policy=EvidencePolicy(
                on_pass=evidence.on_pass,
                on_fail=evidence.on_fail,
                mask=config.settings.privacy.mask,
                unguarded_pictures=evidence.unguarded_pictures,
            ),
            owners={name: service.owner for name, service in district.school.services.items()},
            hosts=investigation.hosts,
            version=version("firstbell"),
            work=state / "work" / folder_name(),
            quarantine=state / "quarantine",
        ),
        setup=WorkerSetup(
            config=config.file if config.text else None,
            text=config.text,
            practice=practice_address(practice),
            headed=headed,
            secrets=secrets,
        ),
    )


def _investigation(
    config: Config, district: District, past: StoredPastRuns, practice: PracticeSchool | None
) -> Investigation:
    """Returns the investigation of failures."""
    introduction = practice.introduction if practice else None
    services, given = district.school.services, config.settings.diagnosis
    return Investigation(
        locations=locations_of(config, introduction),
        targets=targets_of(services.values(), controls_of(config, introduction)),
        hosts={name: service.own_hosts for name, service in services.items()},
        probe=probe,
        past=past,
        within_s=given.within,
        thresholds=QualityThresholds(latency_ms=given.latency_ms, frames_per_s=given.frames_per_s),
    )
