"""All kinds that the adapters and presets here offer, with their options: for lists and documentation."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from firstbell.journeys.adapters.loading import KINDS
from firstbell.journeys.adapters.presets import Preset, presets
from firstbell.journeys.adapters.words import OptionInfo, options_in

# The adapters with words of their own are proved by tests on pages that imitate products.
OWN_PROOF = "proven on a likeness"
PRACTICE = "proven here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A name that may stand as the `kind` of a service. `adapter` is the kind whose words a preset fills; `permission`
    is what the district needs in writing."""

    name: str
    services: tuple[str, ...]
    product: str
    adapter: str
    proof: str
    permission: str
    note: str
    options: tuple[OptionInfo, ...]


def kinds() -> Iterator[Kind]:
    """The adapters with words, then those of the practice school, then the presets by name."""
    own = [_own(key, services) for key, services in _targets().items()]
    yield from sorted(own, key=lambda kind: (not kind.options, kind.services, kind.name))
    yield from sorted(map(_of_preset, presets().values()), key=lambda kind: (kind.services, kind.name))


def _targets() -> dict[tuple[str, str], tuple[str, ...]]:
    """(kind, "module:Class") -> the services that offer it."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for service, table in KINDS.items():
        for kind, target in table.items():
            found[kind, target] = (*found.get((kind, target), ()), service)
    return found


def _own(key: tuple[str, str], services: tuple[str, ...]) -> Kind:
    name, target = key
    adapter = _class(target)
    options = _options(adapter)
    product = (adapter.__doc__ or "").strip().splitlines()[0]
    proof = OWN_PROOF if options else PRACTICE
    return Kind(
        name=name,
        services=services,
        product=product,
        adapter=name,
        proof=proof,
        permission="",
        note="",
        options=options,
    )


def _of_preset(preset: Preset) -> Kind:
    options = _options(_class(KINDS[preset.services[0]][preset.adapter]))
    filled = tuple(replace(one, default=preset.options.get(one.name, one.default)) for one in options)
    return Kind(
        name=preset.name,
        services=preset.services,
        product=preset.product,
        adapter=preset.adapter,
        proof=preset.proof.value,
        permission=preset.permission,
        note=preset.note,
        options=filled,
    )


def _class(target: str) -> type[Any]:
    module, _, name = target.partition(":")
    found: type[Any] = getattr(importlib.import_module(module), name)
    return found


def _options(adapter: type[Any]) -> tuple[OptionInfo, ...]:
    table = getattr(adapter, "words", None)
    return tuple(options_in(table)) if table is not None else ()
