"""Looks at the journeys of a configuration: what pytest collected of them, and what their text says."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from pathlib import Path

from firstbell.journeys.practice.client import SchoolInfo
from firstbell.runner.app.build import district_of
from firstbell.runner.app.local_runner import collect_journeys
from firstbell.runner.authoring.journey_ast import JourneyFile, StepCall, read_journeys
from firstbell.runner.config.load import Config
from firstbell.runner.execution.accounts.allocation import EVERY_ROLE
from firstbell.runner.execution.journey_catalog import journey_catalog
from firstbell.runner.execution.supervision.protocol import JourneyInfo, Ready
from firstbell.runner.execution.supervision.supervisor import WorkerFailure
from firstbell.runner.execution.worker.session import journey_files
from firstbell.runner.preflight.finding import CheckArea, CheckFinding, FindingLevel

HIDDEN_PACKAGE_TEXT = (
    "a folder of journeys is no package: with this file, a folder called 'journeys' hides First Bell's own; remove it"
)


def check_journeys(config: Config, practice: SchoolInfo | None) -> Iterator[CheckFinding]:
    """Everything that can be said of journeys without playing them."""
    yield from _packages(config)
    try:
        ready = collect_journeys(config)
    except WorkerFailure as unwell:
        yield CheckFinding(area=CheckArea.JOURNEYS, what="pytest", verdict=FindingLevel.WRONG, said=str(unwell))
        return
    district = district_of(config, practice)
    services = district.school.services
    roles = {candidate.role for candidate in district.account_pool.candidates} | set(district.accounts)
    judge = _JourneyChecker(config, services=services, roles=roles)
    yield from judge.cards(ready)
    yield from _unwritten(config, ready)
    own = journey_files(district.folders)[len(journey_files(())) :]
    broken = {Path(one.file) for one in ready.broken}
    for file in own:
        if "::" not in str(file) and file not in broken:
            yield from judge.text(file, is_asked_for=file in district.folders)


def _packages(config: Config) -> Iterator[CheckFinding]:
    """Folders of journeys that Python would take for packages."""
    for given in config.settings.school.journeys:
        for file in sorted((config.folder / given).rglob("__init__.py")):
            yield CheckFinding(
                area=CheckArea.JOURNEYS,
                what=file.name,
                verdict=FindingLevel.LOOK,
                said=HIDDEN_PACKAGE_TEXT,
                file=file,
                line=1,
            )


def _unwritten(config: Config, ready: Ready) -> Iterator[CheckFinding]:
    """Journeys that the configuration schedules and no file defines."""
    known = sorted(card.id for card in ready.journeys)
    for piece in journey_catalog(ready.journeys, config.settings).values():
        if piece.journey_info is None:
            wanted = piece.section.plays or piece.name
            key = "plays" if piece.section.plays else ""
            said = f"no file defines the journey '{wanted}'; {_hint(wanted, known)}"
            path = ("journeys", piece.name, *([key] if key else []))
            yield CheckFinding.wrong_at(CheckArea.JOURNEYS, config.problem(path, said))


class _JourneyChecker:
    """What a journey may name: the services and the roles of one configuration."""

    def __init__(self, config: Config, *, services: Collection[str], roles: Collection[str]) -> None:
        self._folder, self._settings = config.folder, config.settings
        self._services = services
        self._roles = roles

    def cards(self, ready: Ready) -> Iterator[CheckFinding]:
        """What pytest collected, and what it could not read."""
        for broken in ready.broken:
            yield self._wrong(Path(broken.file), broken.line, broken.cause)
        pieces = journey_catalog(ready.journeys, self._settings)
        for card in ready.journeys:
            if lacks := pieces[card.id].lacks:
                yield CheckFinding(
                    area=CheckArea.JOURNEYS,
                    what=card.id,
                    verdict=FindingLevel.LOOK,
                    said=f"comes with First Bell, and is not played here without {lacks}",
                )
                continue
            wrong = list(self._card(card))
            yield from wrong
            if not wrong:
                yield CheckFinding(
                    area=CheckArea.JOURNEYS,
                    what=card.id,
                    said=", ".join(card.relies_on),
                    file=Path(card.file),
                    line=card.line,
                )

    def _card(self, card: JourneyInfo) -> Iterator[CheckFinding]:
        for name in card.relies_on:
            if said := self._unknown_service(name):
                yield self._wrong(Path(card.file), card.line, f"journey '{card.id}' relies on {said}")
        for role in card.roles:
            if role != EVERY_ROLE and (said := self._unknown_role(role)):
                yield self._wrong(Path(card.file), card.line, f"journey '{card.id}': {said}")

    def text(self, file: Path, *, is_asked_for: bool) -> Iterator[CheckFinding]:
        """What a file of the district's own says of steps, people and secrets."""
        try:
            read = read_journeys(file.read_bytes())
        except (SyntaxError, ValueError, OSError) as error:
            said = error.msg if isinstance(error, SyntaxError) else getattr(error, "strerror", None) or str(error)
            yield self._wrong(file, getattr(error, "lineno", None) or 1, f"this file cannot be read: {said}")
            return
        yield from self._steps(file, read)
        for line, role in read.roles:
            if said := self._unknown_role(role):
                yield self._wrong(file, line, said)
        yield from self._secrets(file, read)
        for line, name in () if is_asked_for else read.unmarked:
            said = f'{name} is never scheduled; put @pytest.mark.journey("a-name", relies_on=[...]) above it'
            yield self._look(file, line, said)

    def _secrets(self, file: Path, read: JourneyFile) -> Iterator[CheckFinding]:
        """What lets somebody in who reads the file, or names people who are none of ours."""
        for line, field in read.secrets:
            said = f"what is typed into '{field}' stands here in clear; type student.account.password.reveal() instead"
            yield self._wrong(file, line, said)
        for line, name in read.keys:
            said = (
                f"an address holds its '{name}' here in clear; leave it out, and go there by the page that leads to it"
            )
            yield self._wrong(file, line, said)
        for line in read.snapshots:
            said = "a snapshot quotes all that was shown, other people's names too; expect single lines of it instead"
            yield self._look(file, line, said)

    def _steps(self, file: Path, read: JourneyFile) -> Iterator[CheckFinding]:
        for step in read.steps:
            if said := self._step(step):
                yield self._wrong(file, step.line, said)
        if read.journeys and not read.steps:
            said = "a journey without steps says that it failed, and not where; use: with student.step(...)"
            yield self._look(file, read.journeys[0][0], said)
        for line, name in read.trusting:
            said = f"{name} passes on an empty page; end it with what must be seen: expect(...).to_be_visible()"
            yield self._look(file, line, said)

    def _step(self, step: StepCall) -> str:
        if not step.has_title or (step.title is not None and not step.title.strip()):
            return 'a step without a name cannot be told; write what the person does, such as "signs in"'
        if step.service is not None and (said := self._unknown_service(step.service)):
            return f"the step relies on {said}"
        return ""

    def _unknown_service(self, name: str) -> str:
        if name in self._services:
            return ""
        return f"the service '{name}', which is not configured; {_hint(name, self._services)}"

    def _unknown_role(self, role: str) -> str:
        if role in self._roles:
            return ""
        near = difflib.get_close_matches(role, sorted(self._roles), n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"add [accounts.{role}]"
        return f"there is no account for '{role}'; {hint}"

    def _wrong(self, file: Path, line: int, said: str) -> CheckFinding:
        return CheckFinding(
            area=CheckArea.JOURNEYS, what=file.name, verdict=FindingLevel.WRONG, said=said, file=file, line=line
        )

    def _look(self, file: Path, line: int, said: str) -> CheckFinding:
        return CheckFinding(
            area=CheckArea.JOURNEYS, what=file.name, verdict=FindingLevel.LOOK, said=said, file=file, line=line
        )


def _hint(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(sorted(known)) or 'none'}"
