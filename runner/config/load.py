"""From a file to settings, or to all that is wrong with it."""

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
from firstbell.runner.config.errors import ConfigError, NoConfig, Problem
from firstbell.runner.config.model import Settings
from firstbell.runner.config.sections.section import Section
from firstbell.runner.config.toml_positions import KeyPath, TomlPosition, position_of, positions_of

# A table that is left out is read as an empty one: as a default it would build a second validator of its own.
_EMPTY_TABLES: dict[str, Any] = {
    name: {} for name, field in Settings.model_fields.items() if isinstance(field.default_factory, type(Section))
}
# Services whose pages are looked through for the synthetic class.
WITH_A_CLASS = ("platform", "live-class", "plan-b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Settings, and the file they come from: relative paths in it are relative to its folder."""

    settings: Settings
    file: Path
    places: Mapping[KeyPath, TomlPosition]
    text: str = ""

    @property
    def folder(self) -> Path:
        """What relative paths start from."""
        return self.file.parent

    def problem(self, path: KeyPath, said: str) -> Problem:
        """A mistake that only showed later, at the place it comes from."""
        line, column = position_of(self.places, path)
        return Problem(file=self.file, line=line, column=column, key=".".join(map(str, path)), said=said)


def load(file: Path) -> Config:
    """Read and check a file. Raises ConfigError with every mistake, NoConfig where it cannot be read."""
    return parse(read(file), file)


def read(file: Path) -> str:
    """The text of a file. Raises NoConfig where it cannot be read."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise NoConfig(f"{file} cannot be read ({getattr(error, 'strerror', None) or 'it is not UTF-8'})") from None


def parse(text: str, file: Path) -> Config:
    """Check the text of a file. Raises ConfigError with every mistake."""
    where = positions_of(text)
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([_syntax(file, str(error), text)]) from None
    except RecursionError:
        raise ConfigError([_syntax(file, "brackets are nested too deeply", text)]) from None
    try:
        settings = Settings.model_validate(_EMPTY_TABLES | content)
    except ValidationError as error:
        raise ConfigError([_problem(file, details, where) for details in error.errors()]) from None
    config = Config(settings=settings, file=file, places=where, text=text)
    if problems := [*_gaps(config), *_contradictions(config)]:
        raise ConfigError(problems)
    return config


def _syntax(file: Path, said: str, text: str) -> Problem:
    found = re.search(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)", said)
    line, column = (int(found[1]), int(found[2])) if found and found[1] else (len(text.splitlines()) or 1, 1)
    plain = said[: found.start()] if found else said
    return Problem(file=file, line=line, column=column, key="", said=f"this is not TOML: {plain}")


def _problem(file: Path, details: ErrorDetails, where: Mapping[KeyPath, TomlPosition]) -> Problem:
    path = details["loc"]
    if path and path[-1] == "[key]":
        path = path[:-1]
    line, column = position_of(where, path)
    return Problem(file=file, line=line, column=column, key=".".join(map(str, path)), said=_said(details, path))


def _said(details: ErrorDetails, path: KeyPath) -> str:
    """The mistake in our words. Never the value itself: it might be a secret in the wrong place."""
    match details["type"]:
        case "extra_forbidden":
            known = _keys_at(Settings, path[:-1])
            near = difflib.get_close_matches(str(path[-1]), known, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(sorted(known))}"
            return f"unknown key; {hint}"
        case "missing":
            return "this key is missing; add it"
        case "string_pattern_mismatch" if "[key]" in details["loc"]:
            return "a name has small letters, digits and single hyphens"
        case "string_pattern_mismatch":
            return "an address begins with http:// or https:// and holds no user name or password"
        case "value_error":
            return details["msg"].removeprefix("Value error, ")
        case _:
            return details["msg"][:1].lower() + details["msg"][1:]


def _keys_at(model: type[BaseModel], path: KeyPath) -> list[str]:
    """The keys that may stand at a path of the file."""
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


def _gaps(config: Config) -> Iterator[Problem]:
    """What a real district must say and the practice school knows by itself."""
    settings = config.settings
    for number, given in enumerate(settings.school.journeys):
        path, colons, _ = str(given).partition("::")
        is_test = bool(colons) or path.endswith(".py")
        if not ((config.folder / path).is_file() if is_test else (config.folder / path).is_dir()):
            what = "file" if is_test else "folder"
            yield config.problem(("school", "journeys", number), f"there is no {what} {path}; correct it or make it")
    if settings.school.practice:
        return
    if settings.classroom is None and (needing := [name for name in WITH_A_CLASS if name in settings.services]):
        said = f"this table is missing; [services.{needing[0]}] needs a class: add [classroom] with its title"
        yield config.problem(("classroom",), said)
    for name, service in settings.services.items():
        for key in ("url", "owner"):
            if not getattr(service, key):
                yield config.problem(("services", name, key), "this key is missing; add it")


def _contradictions(config: Config) -> Iterator[Problem]:
    """What is right by itself and wrong together."""
    for path, said in _mistakes(config.settings):
        yield config.problem(path, said)


def _mistakes(settings: Settings) -> Iterator[cross_checks.Mistake]:
    calendar, groups = settings.calendar, _groups(settings)
    for name, journey in settings.journeys.items():
        yield from cross_checks.check_rhythm(name, journey)
        if groups:
            yield from cross_checks.check_names(
                ("journeys", name, "groups"), "group", journey.groups, groups, "[[bells]]"
            )
    named = [(("calendar", "bells", key), name) for key, name in calendar.bells.items()]
    special = [(("calendar", "days", number, "bells"), day.bells) for number, day in enumerate(calendar.days)]
    yield from cross_checks.check_bells(
        (schedule.name for schedule in settings.bells), [*named, *((path, name) for path, name in special if name)]
    )
    yield from cross_checks.check_calendar_bells(calendar.bells, calendar.cycle)
    yield from cross_checks.check_routes(settings.alarms.routes)
    yield from cross_checks.check_host_checks(
        settings.diagnosis, {name: given.url for name, given in settings.services.items()}
    )
    yield from cross_checks.check_reach(settings.alarms, settings.location_count)
    yield from browser_checks.browser_mistakes(settings)
    if not settings.school.practice:
        for number, route in enumerate(settings.alarms.routes):
            path: KeyPath = ("alarms", "routes", number, "services")
            yield from cross_checks.check_names(path, "service", route.services, settings.services, "[services]")
        for number, window in enumerate(settings.maintenance):
            path = ("maintenance", number, "services")
            yield from cross_checks.check_names(path, "service", window.services, settings.services, "[services]")


def _groups(settings: Settings) -> set[str]:
    """The groups that have a bell of their own."""
    return {group for bells in settings.bells for group in (*bells.first_bell, *bells.last_bell) if group}
