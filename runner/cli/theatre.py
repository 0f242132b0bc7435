"""Everything that playing takes, opened in order and closed whatever happens: school, store, history, worker."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from artifacts.policy import EvidencePolicy, Keep
from artifacts.redaction.forms import KnownSecrets
from journeys.practice.school import PracticeSchool
from runner import log
from runner.cli.telling import Reporter
from runner.config.load import Config
from runner.config.problem import ConfigError
from runner.execution.browser import find_browser
from runner.execution.messages import BrokenFile, Hello, JourneyCard
from runner.execution.performance import House, Order, Performed, perform
from runner.execution.supervisor import Worker
from runner.history.runs import RunHistory
from runner.wiring import (
    district_of,
    history_url,
    practice_for,
    practice_place,
    secrets_of,
    spool_of,
    state_folder,
    store_of,
)

LOCATION = "here"
"""Until there are other places to play from."""


class UnknownJourney(Exception):
    """No journey of that name, or a journey relies on something that is not configured."""


@dataclass(slots=True, kw_only=True)
class Theatre:
    """Ready to play. `practice` is the practice school where one was started."""

    config: Config
    house: House
    practice: PracticeSchool | None
    hello: Hello
    worker: Worker

    @property
    def journeys(self) -> tuple[JourneyCard, ...]:
        """What can be played."""
        return self.worker.ready.journeys

    @property
    def broken(self) -> tuple[BrokenFile, ...]:
        """Journey files that could not be read."""
        return self.worker.ready.broken

    def chosen(self, names: Sequence[str]) -> list[JourneyCard]:
        """The journeys to play: those named, or all that are enabled. Raises UnknownJourney or ConfigError."""
        cards = {card.id: card for card in self.journeys}
        if unknown := [name for name in names if name not in cards]:
            known = ", ".join(sorted(cards)) or "none"
            raise UnknownJourney(f"no journey is called '{unknown[0]}'; there are: {known}")
        wanted = [cards[name] for name in names] or [
            card for card in cards.values() if self.config.settings.journey(card.id).enabled
        ]
        self._check_services(wanted)
        return wanted

    def _check_services(self, cards: Sequence[JourneyCard]) -> None:
        """A service that a journey relies on and nobody configured has no owner to call."""
        problems = [
            self.config.problem(
                ("services",),
                f"journey '{card.id}' ({card.file}:{card.line}) relies on the service '{name}', "
                f"which is not configured; add [services.{name}] or correct the journey",
            )
            for card in cards
            for name in card.relies_on
            if name not in self.house.owners
        ]
        if problems:
            raise ConfigError(problems)

    def revive(self) -> None:
        """A new worker, where the last one had to be ended."""
        if not self.worker.alive:
            self.worker = Worker(self.hello, log=state_folder(self.config) / "worker.log")

    def play(self, card: JourneyCard, reporter: Reporter) -> Performed:
        """Play one journey."""
        self.revive()
        reporter.began(card.id, LOCATION, 1, f"{datetime.now().astimezone():%H:%M:%S}")
        order = Order(
            journey=card.id,
            location=LOCATION,
            deadline_s=self.config.settings.journey(card.id).deadline,
        )
        performed = perform(order, self.worker, self.house, reporter.heard)
        reporter.ended(performed)
        return performed


def _clear_away(work: Path) -> None:
    """Remove the raw recordings that processes left which did not live to do so themselves."""
    for folder in work.glob("*"):
        if not (folder.name.isdecimal() and psutil.pid_exists(int(folder.name))):
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def theatre(config: Config, *, headed: bool, quiet: bool = False) -> Iterator[Theatre]:
    """Open what playing takes; `quiet` sends the log to a file. Raises what a person should be told before anything
    is played."""
    with ExitStack() as stack:
        store = store_of(config)
        store.check()
        find_browser(config.settings.browser.executable)
        state, evidence = state_folder(config), config.settings.evidence
        state.mkdir(exist_ok=True, mode=0o700)
        history = RunHistory(history_url(config))
        stack.callback(history.close)
        practice = stack.enter_context(practice_for(config.settings))
        district = district_of(config, practice.introduction if practice else None)
        known = KnownSecrets([secret.reveal() for secret in secrets_of(district)])
        stream = stack.enter_context((state / "log.jsonl").open("a")) if quiet else None
        log.set_up(stream, scrub=known.scrub)
        _clear_away(state / "work")
        hello = Hello(
            config=config.file if config.file.exists() else None, practice=practice_place(practice), headed=headed
        )
        opened = Theatre(
            config=config,
            house=House(
                store=store,
                spool=spool_of(config),
                history=history,
                known=known,
                policy=EvidencePolicy(on_pass=Keep(evidence.on_pass), on_fail=Keep(evidence.on_fail)),
                owners={name: service.owner for name, service in district.school.services.items()},
                version=version("firstbell"),
                work=state / "work" / str(os.getpid()),
                quarantine=state / "quarantine",
            ),
            practice=practice,
            hello=hello,
            worker=Worker(hello, log=state / "worker.log"),
        )
        stack.push(lambda kind, *_: (opened.worker.kill if kind else opened.worker.close)())
        yield opened
