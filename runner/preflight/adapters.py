"""Checks the adapter of one service against the contract of its port, without playing anything."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from pathlib import Path

from firstbell.journeys.adapters.contract import PORTS, Capability, capabilities, class_capabilities
from firstbell.journeys.adapters.loading import KINDS, LoadedAdapter, load_adapter
from firstbell.runner.app.build import config_at, services_of
from firstbell.runner.config.errors import ConfigError
from firstbell.runner.config.load import Config
from firstbell.runner.preflight.finding import CheckArea, CheckFinding, FindingLevel

JOURNEYS = {"sign-in": "sign-in", "platform": "class-list", "live-class": "live-class", "plan-b": "fallback"}
"""Service -> the shipped journey that uses every part of its adapter that a district needs."""


def check_adapter(explicit: Path | None, start: Path, name: str) -> Iterator[CheckFinding]:
    """Yields the findings about the adapter of a service: where it is, each part, and parts that it lacks.

    Raises NoConfig. Mistakes in the configuration end the check.
    """
    try:
        config = config_at(explicit, start)
    except ConfigError as error:
        yield from (CheckFinding.of_problem(CheckArea.CONFIGURATION, problem) for problem in error.problems)
        return
    service = services_of(config.settings, None).get(name)
    if service is None or name not in KINDS or not service.kind:
        yield CheckFinding.of_problem(CheckArea.ADAPTER, config.problem(("services", name), _no_adapter(name, config)))
        return
    loaded = load_adapter(service, config.folder)
    file = inspect.getsourcefile(loaded.adapter) or ""
    yield CheckFinding(
        area=CheckArea.ADAPTER, subject=name, message=f"{service.kind}: {loaded.adapter.__name__} in {file}"
    )
    yield from _parts(name, capabilities(loaded.adapter, PORTS[name]))
    if name == "live-class":
        yield from _of_class(loaded, config)


def _no_adapter(name: str, config: Config) -> str:
    if name not in KINDS:
        return f"'{name}' needs no adapter; those that may have one: {', '.join(KINDS)}"
    if name not in services_of(config.settings, None):
        return f"there is no [services.{name}]; add it"
    return f"[services.{name}] has no kind, so there is no adapter to check; journeys of your own know its pages"


def _of_class(loaded: LoadedAdapter, config: Config) -> Iterator[CheckFinding]:
    """Yields the parts of the class that a live-class adapter makes. The code is the district's: it may raise."""
    try:
        live_class = loaded.build().class_of(config.settings.classroom.title if config.settings.classroom else "")
    except Exception as error:
        said = f"class_of raised {type(error).__name__}: {' '.join(str(error).split())[:160]}; it must return a class"
        yield CheckFinding(area=CheckArea.ADAPTER, subject="class_of", level=FindingLevel.ERROR, message=said)
        return
    yield from _parts(f"class of {type(live_class).__name__}", class_capabilities(live_class))


def _parts(owner: str, parts: Iterable[Capability]) -> Iterator[CheckFinding]:
    present = []
    for part in parts:
        if not part.fault:
            present.append(part.name)
        elif part.is_optional and part.fault.startswith("lacks"):
            message = f"{part.fault}, which a product may lack; journeys that use it cannot be played"
            yield CheckFinding(area=CheckArea.ADAPTER, subject=owner, level=FindingLevel.WARNING, message=message)
        else:
            message = f"{part.fault}; add it as the port has it"
            yield CheckFinding(area=CheckArea.ADAPTER, subject=owner, level=FindingLevel.ERROR, message=message)
    yield CheckFinding(area=CheckArea.ADAPTER, subject=owner, message=f"has {', '.join(present) or 'no part'}")
