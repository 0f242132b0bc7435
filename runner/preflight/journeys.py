"""Checks the journeys of a configuration: those that pytest collects, and the source of the district's own files."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from firstbell.journeys.practice.client import SchoolInfo
from firstbell.runner.app.build import district_of
from firstbell.runner.app.local_runner import collect_journeys
from firstbell.runner.authoring.journey_ast import JourneyFile, StepCall, read_journeys
from firstbell.runner.authoring.step_titles import step_titles
from firstbell.runner.config.load import Config
from firstbell.runner.execution.accounts.allocation import EVERY_ROLE
from firstbell.runner.execution.journey_catalog import SUPERSEDED, journey_catalog
from firstbell.runner.execution.supervision.protocol import JourneyInfo, Ready
from firstbell.runner.execution.supervision.supervisor import WorkerFailure
from firstbell.runner.execution.worker.session import journey_files
from firstbell.runner.preflight.finding import CheckArea, CheckFinding, FindingLevel


def check_journeys(config: Config, practice: SchoolInfo | None) -> Iterator[CheckFinding]:
    """Yields the findings about all journeys, without playing them."""
    try:
        ready = collect_journeys(config)
    except WorkerFailure as failure:
        yield CheckFinding(area=CheckArea.JOURNEYS, subject="pytest", level=FindingLevel.ERROR, message=str(failure))
        return
    district = district_of(config, practice)
    services = district.school.services
    roles = {candidate.role for candidate in district.account_pool.candidates} | set(district.accounts)
    checker = _JourneyChecker(config, services=services, roles=roles)
    yield from checker.collected(ready)
    yield from _undefined(config, ready)
    yield from _unknown_criteria(config, ready, district.folders)
    own_files = journey_files(district.folders)[len(journey_files(())) :]
    broken_files = {Path(broken.file) for broken in ready.broken}
    for file in own_files:
        if "::" not in str(file) and file not in broken_files:
            yield from checker.source(file, is_named=file in district.folders)
    for folder in district.folders:
        for file in sorted(folder.rglob("*.py")) if folder.is_dir() else ():
            if file not in own_files:
                yield from _secrets_of_helper(file)


def _undefined(config: Config, ready: Ready) -> Iterator[CheckFinding]:
    """Yields journeys that the configuration schedules and no file defines."""
    known = sorted(journey.id for journey in ready.journeys)
    for entry in journey_catalog(ready.journeys, config.settings).values():
        if entry.journey_info is None:
            name = entry.section.plays or entry.name
            path = ("journeys", entry.name, *(["plays"] if entry.section.plays else []))
            message = f"no file defines the journey '{name}'; {_hint(name, known)}"
            yield CheckFinding.of_problem(CheckArea.JOURNEYS, config.problem(path, message))


def _unknown_criteria(config: Config, ready: Ready, folders: Sequence[Path]) -> Iterator[CheckFinding]:
    """Yields the steps of [rehearsal] that no journey has."""
    section = config.settings.rehearsal
    if "steps" not in section.model_fields_set:
        return
    files = {Path(journey.file) for journey in ready.journeys} | set(journey_files(tuple(folders)))
    known = step_titles(sorted(file for file in files if file.is_file()))
    for title in section.steps:
        if fault := known.fault_of(title):
            problem = config.problem(("rehearsal", "steps", title), fault)
            yield CheckFinding.of_problem(CheckArea.JOURNEYS, problem)


class _JourneyChecker:
    """Checks the services, roles, steps and secrets that journeys name against one configuration."""

    def __init__(self, config: Config, *, services: Collection[str], roles: Collection[str]) -> None:
        self._settings = config.settings
        self._services = services
        self._roles = roles

    def collected(self, ready: Ready) -> Iterator[CheckFinding]:
        """Yields the findings about journeys that pytest collected, and files that it could not read."""
        for broken in ready.broken:
            yield _finding(FindingLevel.ERROR, Path(broken.file), broken.line, broken.cause)
        entries = journey_catalog(ready.journeys, self._settings)
        for journey in ready.journeys:
            if lacks := entries[journey.id].lacks:
                message = f"comes with First Bell, and is not played here without {lacks}"
                # Another shipped journey does the same here: there is nothing to add.
                level = FindingLevel.OK if journey.id in SUPERSEDED else FindingLevel.WARNING
                yield CheckFinding(area=CheckArea.JOURNEYS, subject=journey.id, level=level, message=message)
                continue
            errors = list(self._names_of(journey))
            yield from errors
            if not errors:
                services = ", ".join(journey.relies_on)
                yield CheckFinding(
                    area=CheckArea.JOURNEYS,
                    subject=journey.id,
                    message=services,
                    file=Path(journey.file),
                    line=journey.line,
                )

    def _names_of(self, journey: JourneyInfo) -> Iterator[CheckFinding]:
        """Yields services and roles of a journey's marker that are not configured."""
        file = Path(journey.file)
        for name in journey.relies_on:
            if fault := self._unknown_service(name):
                yield _finding(FindingLevel.ERROR, file, journey.line, f"journey '{journey.id}' relies on {fault}")
        for role in journey.roles:
            if role != EVERY_ROLE and (fault := self._unknown_role(role)):
                yield _finding(FindingLevel.ERROR, file, journey.line, f"journey '{journey.id}': {fault}")

    def source(self, file: Path, *, is_named: bool) -> Iterator[CheckFinding]:
        """Yields the findings about the source of one of the district's files. A file that the configuration names
        itself needs no markers."""
        try:
            source = read_journeys(file.read_bytes())
        except (SyntaxError, ValueError, OSError) as error:
            reason = error.msg if isinstance(error, SyntaxError) else getattr(error, "strerror", None) or str(error)
            line = getattr(error, "lineno", None) or 1
            yield _finding(FindingLevel.ERROR, file, line, f"this file cannot be read: {reason}")
            return
        yield from self._steps(file, source)
        for line, role in source.roles:
            if fault := self._unknown_role(role):
                yield _finding(FindingLevel.ERROR, file, line, fault)
        yield from _secrets(file, source)
        for line, name in () if is_named else source.unmarked:
            message = f'{name} is never scheduled; put @pytest.mark.journey("a-name", relies_on=[...]) above it'
            yield _finding(FindingLevel.WARNING, file, line, message)

    def _steps(self, file: Path, source: JourneyFile) -> Iterator[CheckFinding]:
        for step in source.steps:
            if fault := self._step_fault(step):
                yield _finding(FindingLevel.ERROR, file, step.line, fault)
        if source.journeys and not source.steps:
            message = "a journey without steps cannot say where it failed; use: with student.step(...)"
            yield _finding(FindingLevel.WARNING, file, source.journeys[0][0], message)
        for line in () if self._settings.evidence.unguarded_pictures else source.unwatched:
            message = (
                "a stranger in this room would not be noticed, so no picture or trace of it is kept; after joining add "
                'student.watch_participants(student.page.get_by_role("list", name="Participants"))'
            )
            yield _finding(FindingLevel.WARNING, file, line, message)
        for line, name in source.trusting:
            message = f"{name} passes on an empty page; end it with what must be seen: expect(...).to_be_visible()"
            yield _finding(FindingLevel.WARNING, file, line, message)

    def _step_fault(self, step: StepCall) -> str:
        if not step.has_title or (step.title is not None and not step.title.strip()):
            return 'a step needs a name; write what the person does, such as "signs in"'
        if step.service is not None and (fault := self._unknown_service(step.service)):
            return f"the step relies on {fault}"
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


def _secrets_of_helper(file: Path) -> Iterator[CheckFinding]:
    """Yields secrets in a file that has no journeys: conftest.py and private modules. pytest reports one that it cannot
    read."""
    with contextlib.suppress(SyntaxError, ValueError, OSError):
        yield from _secrets(file, read_journeys(file.read_bytes()))


def _secrets(file: Path, source: JourneyFile) -> Iterator[CheckFinding]:
    """Yields secrets in the source of a file, and snapshots, which can contain names of other people."""
    for line, field in source.secrets:
        message = f"the text for '{field}' is written here in clear; use student.account.password.reveal() instead"
        yield _finding(FindingLevel.ERROR, file, line, message)
    for line, name in source.keys:
        message = f"an address has its '{name}' here in clear; leave it out, and open the page that links to it"
        yield _finding(FindingLevel.ERROR, file, line, message)
    for line in source.snapshots:
        message = "a snapshot contains all text of the page, and names of other people; expect single lines instead"
        yield _finding(FindingLevel.WARNING, file, line, message)


def _finding(level: FindingLevel, file: Path, line: int, message: str) -> CheckFinding:
    return CheckFinding(area=CheckArea.JOURNEYS, subject=file.name, level=level, message=message, file=file, line=line)


def _hint(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(sorted(known)) or 'none'}"
