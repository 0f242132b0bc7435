"""Loads the adapter of a service by its kind: one of our own, a preset, an entry point, or a class by import path."""

from __future__ import annotations

import difflib
import importlib
import inspect
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firstbell.errors import CONFIG, FirstBellError
from firstbell.hostile_text import cut
from firstbell.journeys.adapters.contract import missing_parts
from firstbell.journeys.adapters.presets import Preset, presets
from firstbell.journeys.adapters.words import option_faults
from firstbell.journeys.auth import SIGN_IN_WAYS
from firstbell.journeys.platforms import PLATFORMS
from firstbell.journeys.rooms import MEETING_ROOMS, ROOMS
from firstbell.journeys.stage.ending import JourneyError

if TYPE_CHECKING:
    from firstbell.journeys.stage.service import Service

ENTRY_POINTS = "firstbell.adapters"
"""The group of entry points by which an installed package offers kinds."""

KINDS: Mapping[str, Mapping[str, str]] = {
    "sign-in": SIGN_IN_WAYS,
    "platform": PLATFORMS,
    "live-class": ROOMS,
    "plan-b": MEETING_ROOMS,
}
"""Service -> table of its adapters: kind -> "module:Class"."""


class UnknownKind(JourneyError, FirstBellError):
    """A service names an adapter that does not exist or cannot be used, or none where one is needed."""

    exit_code = CONFIG


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedAdapter:
    """The class of a service's adapter, and the service with the words of its preset filled in."""

    adapter: type[Any]
    service: Service
    preset: Preset | None = None

    def build(self) -> Any:
        """The adapter itself. Raises BadOption."""
        return self.adapter(self.service)


def load_adapter(service: Service, folder: Path) -> LoadedAdapter:
    """The adapter that a service's `kind` names; modules are found beside the configuration, in `folder`, too.

    Raises UnknownKind with one sentence: the kind is unknown or missing, its module or class is not there, or the class
    lacks a part of the contract.
    """
    kinds, kind = KINDS[service.name], service.kind
    if not kind:
        problem = f"[services.{service.name}] has no kind, so its pages are not known; add kind ({_known(kinds)}), "
        raise UnknownKind(f"{problem}or let the journey find its own way through them")
    preset = presets().get(kind)
    if preset is not None and service.name in preset.services and kind not in kinds:
        service = replace(service, options={**preset.options, **service.options})
        return LoadedAdapter(adapter=_own(kinds[preset.adapter]), service=service, preset=preset)
    if kind in kinds:
        return LoadedAdapter(adapter=_own(kinds[kind]), service=service)
    target = kind if ":" in kind else _entry_points().get(kind, "")
    if not target:
        raise UnknownKind(_unknown(service.name, kind))
    adapter = _foreign(target, folder)
    for said in missing_parts(adapter, service.name):
        raise UnknownKind(f"{target} {said}")
    return LoadedAdapter(adapter=adapter, service=service)


def adapter_faults(service: Service, folder: Path) -> Iterator[tuple[tuple[str, ...], str]]:
    """The mistakes in a service's `kind` and `options`: the key below [services.NAME], and one sentence."""
    try:
        loaded = load_adapter(service, folder)
    except UnknownKind as unknown:
        yield ("kind",), str(unknown)
        return
    if (table := getattr(loaded.adapter, "words", None)) is not None:
        for name, said in option_faults(table, service.options):
            yield ("options", name), said


def _own(target: str) -> type[Any]:
    module, _, name = target.partition(":")
    found: type[Any] = getattr(importlib.import_module(module), name)
    return found


def _foreign(target: str, folder: Path) -> type[Any]:
    """The class of a district's or a package's own. Raises UnknownKind."""
    path, _, name = target.partition(":")
    if not all(part.isidentifier() for part in path.split(".")) or not name.isidentifier():
        raise UnknownKind(f'{target[:80]} is no import path; write one such as "my_adapters.zoom:ZoomRoom"')
    module = _module(path, folder)
    found = getattr(module, name, None)
    if found is None:
        classes = [one for one, _ in inspect.getmembers(module, inspect.isclass)]
        near = difflib.get_close_matches(name, classes, n=1)
        hint = f"did you mean '{near[0]}'?" if near else "add it, or correct kind"
        raise UnknownKind(f"{getattr(module, '__file__', path)} has no class '{name}'; {hint}")
    if not inspect.isclass(found):
        raise UnknownKind(f"{target} is no class; name the class that is the adapter")
    return found


def _module(path: str, folder: Path) -> Any:
    # At the end, so that a file of the district's can never stand before a module of Python or of First Bell. It stays,
    # because an adapter may import its neighbours later.
    if str(folder.resolve()) not in sys.path:
        sys.path.append(str(folder.resolve()))
    importlib.invalidate_caches()
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError as error:
        if error.name is not None and (path == error.name or path.startswith(f"{error.name}.")):
            file = folder / Path(*path.split("."))
            raise UnknownKind(f"there is no module {path}; create {file}.py, or install its package") from None
        raise UnknownKind(f"{path} needs the module {error.name}, which is not installed; install it") from None
    except Exception as error:  # The code is the district's: whatever it raises is a mistake to report.
        line = f" (line {error.lineno})" if isinstance(error, SyntaxError) else ""
        said = cut(" ".join(str(error).split()), 160)
        raise UnknownKind(f"{path} cannot be imported: {type(error).__name__}: {said}{line}; correct it") from None


def _entry_points() -> Mapping[str, str]:
    """The kinds that installed packages offer: name -> "module:Class"."""
    return {point.name: _target(point) for point in entry_points(group=ENTRY_POINTS)}


def _target(point: EntryPoint) -> str:
    return f"{point.module}:{point.attr}"


def kinds_for(service: str) -> list[str]:
    """The names that may stand as the `kind` of a service, import paths aside."""
    of_presets = [preset.name for preset in presets().values() if service in preset.services]
    return sorted({*KINDS.get(service, ()), *of_presets, *_entry_points()})


def _unknown(service: str, kind: str) -> str:
    known = kinds_for(service)
    near = difflib.get_close_matches(kind, known, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"known kinds: {', '.join(known)}"
    others = [name for name in KINDS if kind in kinds_for(name)]
    if not near and others:
        hint = f"that is a kind of {others[0]}"
    return f"there is no {service} of kind '{kind}'; {hint}"


def _known(table: Mapping[str, str]) -> str:
    return ", ".join(sorted(table))
