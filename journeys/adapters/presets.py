"""Presets: kinds that are an adapter with the words of one product, as tables of data in presets/*.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from importlib.resources import files


class Proof(Enum):
    """The ground on which a preset stands; the values are for people."""

    PROVEN_HERE = "proven here"  # played against the product itself, by a test of First Bell
    ON_A_LIKENESS = "proven on a likeness"  # played against pages of our own that imitate the product's
    RECIPE = "recipe"  # written after the product's documentation and public reports


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A kind by data. `services`: the services that it is for; `adapter`: the kind whose words it fills; `permission`:
    what the district needs in writing; `note`: what else to know before use."""

    name: str
    product: str
    services: tuple[str, ...]
    adapter: str
    proof: Proof
    permission: str
    note: str = ""
    options: Mapping[str, str] = field(default_factory=dict)


@cache
def presets() -> Mapping[str, Preset]:
    """All presets by name. Raises ValueError for a name that stands twice."""
    found: dict[str, Preset] = {}
    for file in sorted(files(__package__).joinpath("presets").iterdir(), key=lambda one: one.name):
        if file.name.endswith(".toml"):
            for name, table in tomllib.loads(file.read_text(encoding="utf-8")).items():
                if name in found:
                    raise ValueError(f"the preset {name} stands twice, the second time in {file.name}")
                found[name] = Preset(
                    name=name, **{**table, "services": tuple(table["services"]), "proof": Proof(table["proof"])}
                )
    return found
