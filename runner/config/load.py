"""Reads a file into settings, or reports all its mistakes."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from firstbell.runner.config import browser_checks, cross_checks
from firstbell.runner.config.errors import ConfigError, NoConfig, Problem, message_of
from firstbell.runner.config.model import Settings
from firstbell.runner.config.sections import Section
from firstbell.runner.config.toml_positions import KeyPath, TomlPosition, position_of, positions_of

# Services whose pages list or show the synthetic class.
SERVICES_WITH_CLASSES = ("platform", "live-class", "plan-b")


# A table that is left out is read as an empty one: as a default it would build a second validator of its own.
_EMPTY_TABLES: dict[str, Any] = {
    name: {} for name, field in Settings.model_fields.items() if isinstance(field.default_factory, type(Section))
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Settings and the file they come from."""

    settings: Settings
    file: Path
    positions: Mapping[KeyPath, TomlPosition]
    text: str = ""

    @property
    def folder(self) -> Path:
        """The folder that relative paths in the file start from."""
        return self.file.parent

    def problem(self, path: KeyPath, message: str) -> Problem:
        """Returns a mistake that shows only after loading, with the position of its key."""
        line, column = position_of(self.positions, path)
        return Problem(file=self.file, line=line, column=column, key=".".join(map(str, path)), message=message)


def load(file: Path) -> Config:
    """Reads and checks a file. Raises ConfigError with every mistake, NoConfig if it cannot be read."""
    return parse(read(file), file)


def read(file: Path) -> str:
    """Returns the text of a file. Raises NoConfig if it cannot be read."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason, fix = getattr(error, "strerror", None), "correct the path or its permissions"
        if reason is None:
            reason, fix = "it is not UTF-8", "save it as UTF-8"
        raise NoConfig(f"{file} cannot be read ({reason}); {fix}") from None


def parse(text: str, file: Path) -> Config:
    """Checks the text of a file. Raises ConfigError with every mistake."""
    positions = positions_of(text)
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([_syntax_problem(file, str(error), text)]) from None
    except RecursionError:
        raise ConfigError([_syntax_problem(file, "brackets are nested too deeply", text)]) from None
    try:
        settings = Settings.model_validate(_EMPTY_TABLES | content)
    except ValidationError as error:
        raise ConfigError([_problem(file, details, positions) for details in error.errors()]) from None
    config = Config(settings=settings, file=file, positions=positions, text=text)
    if problems := [*_missing_parts(config), *_contradictions(config)]:
        raise ConfigError(problems)
    return config


def _syntax_problem(file: Path, message: str, text: str) -> Problem:
    found = re.search(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)", message)
    line, column = (int(found[1]), int(found[2])) if found and found[1] else (len(text.splitlines()) or 1, 1)
    reason = message[: found.start()] if found else message
    return Problem(file=file, line=line, column=column, key="", message=f"this is not TOML: {reason}")


def _problem(file: Path, details: ErrorDetails, positions: Mapping[KeyPath, TomlPosition]) -> Problem:
    path = details["loc"]
    if path and path[-1] == "[key]":
        path = path[:-1]
    line, column = position_of(positions, path)
    known = _keys_at(Settings, path[:-1])
    message = message_of(details, known, difflib.get_close_matches(str(path[-1]), known, n=1) if path else ())
    return Problem(file=file, line=line, column=column, key=".".join(map(str, path)), message=message)


def _keys_at(model: type[BaseModel], path: KeyPath) -> list[str]:
    """Returns the keys that a table of the file may have."""
    for part in path:
        field = model.model_fields.get(str(part))
        annotation: Any = field.annotation if field else None
        found = [kind for kind in (annotation, *get_args(annotation)) if _is_section(kind)]
        if field and not found:
            return []
        model = found[0] if found else model
    return list(model.model_fields)


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Section)


def _missing_parts(config: Config) -> Iterator[Problem]:
    """Yields what is missing: folders of journeys, and what a real district must say and the practice school knows."""
    settings = config.settings
    for number, source in enumerate(settings.school.journeys):
        path, colons, _ = str(source).partition("::")
        is_test = bool(colons) or path.endswith(".py")
        if not ((config.folder / path).is_file() if is_test else (config.folder / path).is_dir()):
            kind = "file" if is_test else "folder"
            yield config.problem(("school", "journeys", number), f"there is no {kind} {path}; correct or create it")
    if settings.school.practice:
        return
    if settings.classroom is None and (users := [name for name in SERVICES_WITH_CLASSES if name in settings.services]):
        message = f"this table is missing; [services.{users[0]}] needs a class: add [classroom] with its title"
        yield config.problem(("classroom",), message)
    for name, service in settings.services.items():
        for key in ("url", "owner"):
            if not getattr(service, key):
                yield config.problem(("services", name, key), "this key is missing; add it")


def _contradictions(config: Config) -> Iterator[Problem]:
    """Yields settings that are right by themselves and wrong together."""
    for path, message in _mistakes(config.settings):
        yield config.problem(path, message)


def _mistakes(settings: Settings) -> Iterator[cross_checks.Mistake]:
    calendar, groups = settings.calendar, _groups(settings)
    for name, journey in settings.journeys.items():
        yield from cross_checks.check_intervals(name, journey)
        if groups:
            yield from cross_checks.check_names(
                ("journeys", name, "groups"), "group", journey.groups, groups, "[[bells]]"
            )
    by_rule = [(("calendar", "bells", key), name) for key, name in calendar.bells.items()]
    by_date = [(("calendar", "days", number, "bells"), day.bells) for number, day in enumerate(calendar.days)]
    yield from cross_checks.check_passwords(settings.accounts, settings.services)
    yield from cross_checks.check_bells(
        (schedule.name for schedule in settings.bells), [*by_rule, *((path, name) for path, name in by_date if name)]
    )
    yield from cross_checks.check_calendar_bells(calendar.bells, calendar.cycle)
    yield from cross_checks.check_routes(settings.alarms.routes)
    yield from cross_checks.check_host_checks(
        settings.diagnosis, {name: service.url for name, service in settings.services.items()}
    )
    yield from cross_checks.check_alarms(settings.alarms, settings.location_count)
    yield from browser_checks.browser_mistakes(settings)
    if not settings.school.practice:
        for number, route in enumerate(settings.alarms.routes):
            path: KeyPath = ("alarms", "routes", number, "services")
            yield from cross_checks.check_names(path, "service", route.services, settings.services, "[services]")
        for number, window in enumerate(settings.maintenance):
            path = ("maintenance", number, "services")
            yield from cross_checks.check_names(path, "service", window.services, settings.services, "[services]")


def _groups(settings: Settings) -> set[str]:
    """Returns the groups that have a bell of their own."""
    return {group for bells in settings.bells for group in (*bells.first_bell, *bells.last_bell) if group}
