"""What one configuration makes of the house: where runs are kept, whose people play, from where, and who inquires."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from zoneinfo import ZoneInfo

from artifacts.policy import EvidencePolicy
from artifacts.redaction.forms import KnownSecrets
from journeys.media.degraded import Line
from journeys.practice.school import PracticeSchool
from runner.config.engines import kinds_of
from runner.config.load import Config
from runner.config.problem import ConfigError
from runner.diagnosis.location import Location
from runner.diagnosis.probes import probe
from runner.diagnosis.targets import targets_of
from runner.execution.browser import find_all
from runner.execution.district import District
from runner.execution.inquiry import Inquiry
from runner.execution.messages import Hello
from runner.execution.performance import House, Order
from runner.execution.player import Player
from runner.execution.repertoire import Piece
from runner.execution.wear import Limits
from runner.history.database import Database
from runner.history.past import PastOf
from runner.history.runs import RunHistory, Weigh
from runner.wiring import (
    controls_of,
    district_of,
    locations_of,
    practice_place,
    secrets_of,
    spool_of,
    state_folder,
    store_of,
)

NOBODY = "this journey brings nobody on, and its page is opened by the browser of [browser]; leave this out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Staging:
    """What one configuration makes of the house: where runs are kept, whose people play, what a worker is told."""

    config: Config
    database: Database
    house: House
    district: District
    hello: Hello
    inquiry: Inquiry

    def player(self, location: str) -> Player:
        """Somebody to play at a location. Raises WorkerUnwell."""
        hello = self.hello.model_copy(update={"location": location})
        limits = self.limits
        if self.locations[location].way.resolver:
            # A browser is told at its start what names mean; so it starts anew for each attempt.
            limits = replace(limits, attempts=1)
        return Player(lambda: hello, state_folder(self.config) / "worker.log", limits)

    @property
    def locations(self) -> Mapping[str, Location]:
        """From where it is played."""
        return self.inquiry.locations

    @property
    def limits(self) -> Limits:
        """How long a worker may serve."""
        given = self.config.settings.watch
        return Limits(attempts=given.recycle_after, memory_mib=given.recycle_mib)

    @property
    def zone(self) -> ZoneInfo:
        """The school's time zone."""
        return ZoneInfo(self.config.settings.school.timezone)

    def order(self, piece: Piece, location: str, **more: object) -> Order:
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
        return Order(**(given | more))  # type: ignore[arg-type]  # the fields are checked where they are named


def check_services(pieces: Sequence[Piece], staging: Staging) -> None:
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
        staging.config.problem(("journeys", piece.name, "browser"), NOBODY)
        for piece in pieces
        if piece.section.browser and piece.card is not None and not piece.card.roles
    ]
    if problems:
        raise ConfigError(problems)


def stage_for(
    config: Config,
    database: Database,
    practice: PracticeSchool | None,
    *,
    headed: bool = False,
    weigh: Weigh | None = None,
) -> Staging:
    """What a configuration makes of the house. Raises StoreError, NoBrowser, SecretMissing.

    Runs are weighed by `weigh`, where they may raise an alarm; a run by hand raises none.
    """
    store = store_of(config)
    find_all(config.settings.browser.executable, kinds_of(config.settings).values(), headed=headed)
    state, evidence = state_folder(config), config.settings.evidence
    district = district_of(config, practice.introduction if practice else None)
    known = KnownSecrets([secret.reveal() for secret in secrets_of(district)])
    inquiry = _inquiry(config, district, PastOf(database), practice)
    return Staging(
        config=config,
        database=database,
        district=district,
        inquiry=inquiry,
        house=House(
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
        hello=Hello(
            config=config.file if config.text else None,
            text=config.text,
            practice=practice_place(practice),
            headed=headed,
        ),
    )


def _inquiry(config: Config, district: District, past: PastOf, practice: PracticeSchool | None) -> Inquiry:
    """Who finds out whose a failure is."""
    introduction = practice.introduction if practice else None
    services, given = district.school.services, config.settings.diagnosis
    return Inquiry(
        locations=locations_of(config, introduction),
        targets=targets_of(services.values(), controls_of(config, introduction)),
        hosts={name: service.own_hosts for name, service in services.items()},
        probe=probe,
        past=past,
        within_s=given.within,
        line=Line(latency_ms=given.latency_ms, frames_per_s=given.frames_per_s),
    )
