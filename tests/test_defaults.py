"""Each default of a configuration key is written once: checked by reading the source, not by a list of keys."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from firstbell.artifacts.policy import EvidencePolicy
from firstbell.runner.alarms.channels import MailSettings
from firstbell.runner.alarms.incident import IncidentPolicy
from firstbell.runner.alarms.policy import AlarmPolicy
from firstbell.runner.alarms.routing import Route
from firstbell.runner.config.load import parse
from firstbell.runner.config.to_alarms import alarm_policy_of, channel_options_of, incident_policy_of, routes_of
from firstbell.runner.config.to_schedule import timetable_of
from firstbell.runner.schedule.slots import Rhythm

ROOT = Path(__file__).parents[1]
SECTIONS = ROOT / "runner" / "config" / "sections"
UNITS = {"s", "ms", "mib", "days", "default", "usually"}
MINIMAL = """\
[school]
name = "P"
timezone = "UTC"
practice = true

[[alarms.routes]]
name = "it"
to = ["smtp:it@x.example"]
"""
SECONDS = {"days": 86400.0, "hours": 3600.0, "minutes": 60.0, "seconds": 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Default:
    """A literal default. `owner` is the class or function that has it, by its dotted name."""

    where: str
    owner: str
    name: str
    value: object
    position: int


@dataclass(slots=True, kw_only=True)
class Module:
    """The defaults of one module, and its calls by the dotted name of the called object."""

    defaults: list[Default] = field(default_factory=list)
    calls: list[tuple[str, ast.Call]] = field(default_factory=list)


def literal(node: ast.expr | None) -> object:
    """Returns the value of a literal, durations in seconds; None for other expressions and for values that mean "not
    given"."""
    match node:
        case ast.Constant(value=value) if value not in (None, "", b"", 0, 1, ...):
            return value
        case ast.Call(
            func=ast.Name(id="timedelta"), keywords=[ast.keyword(arg=str(unit), value=ast.Constant(value=n))]
        ):
            return float(n) * SECONDS[unit]  # type: ignore[arg-type]
        case ast.Call(func=ast.Name(id="time"), args=[ast.Constant(value=hour)]):
            return f"{hour!r} o'clock"
        case ast.Attribute(value=ast.Name(id=enum), attr=member) if enum[0].isupper() and member.isupper():
            return member.lower().replace("_", " ")
        case ast.BinOp(left=ast.Constant(value=float(a) | int(a)), op=ast.Mult(), right=ast.Constant(value=b)):
            return a * b  # type: ignore[operator]
    return None


def in_function(where: str, owner: str, node: ast.FunctionDef) -> Iterator[Default]:
    arguments = [one for one in (*node.args.posonlyargs, *node.args.args) if one.arg != "self"]
    defaults = [None] * (len(arguments) - len(node.args.defaults)) + list(node.args.defaults)
    pairs = [*zip(arguments, defaults[-len(arguments) :] if arguments else [], strict=True)]
    pairs += [*zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)]
    for position, (argument, default) in enumerate(pairs):
        if (value := literal(default)) is not None:
            yield Default(where=where, owner=owner, name=argument.arg, value=value, position=position)


def in_module(where: str, name: str, tree: ast.Module) -> Iterator[Default]:
    for node in tree.body:
        match node:
            case ast.FunctionDef():
                yield from in_function(where, f"{name}.{node.name}", node)
            case ast.ClassDef():
                for one in node.body:
                    match one:
                        case ast.AnnAssign(target=ast.Name(id=key), value=default):
                            if (value := literal(default)) is not None:
                                yield Default(
                                    where=where, owner=f"{name}.{node.name}", name=key, value=value, position=99
                                )
                        case ast.FunctionDef(name="__init__"):
                            yield from in_function(where, f"{name}.{node.name}", one)


def names_of(name: str, tree: ast.Module) -> Mapping[str, str]:
    """Returns the dotted name of each name in a module: its imports and its own classes and functions."""
    known = {node.name: f"{name}.{node.name}" for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            known |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
    return known


def calls_in(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Yields calls by name. A default factory counts as a call without arguments."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=called)):
                yield called, node
            case ast.keyword(arg="default_factory", value=ast.Name(id=called)):
                yield called, ast.Call(func=node.value, args=[], keywords=[])


@cache
def modules() -> Mapping[Path, Module]:
    found = {}
    for package in ("journeys", "artifacts", "runner"):
        for path in sorted((ROOT / package).rglob("*.py")):
            where = str(path.relative_to(ROOT))
            name, tree = (
                "firstbell." + where.removesuffix(".py").removesuffix("/__init__").replace("/", "."),
                ast.parse(path.read_text()),
            )
            known = names_of(name, tree)
            calls = [(known.get(called, ""), node) for called, node in calls_in(tree)]
            found[path] = Module(defaults=list(in_module(where, name, tree)), calls=calls)
    return found


def is_given(default: Default, call: ast.Call) -> bool:
    """Tells whether a call passes its own value; one with ** may."""
    keywords = {one.arg for one in call.keywords}
    return default.name in keywords or None in keywords or len(call.args) > default.position


def keys() -> Iterator[tuple[str, str, object]]:
    """Yields the literal default of each key of the configuration."""
    for path in SECTIONS.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.AnnAssign(
                    target=ast.Name(id=key), value=ast.Call(func=ast.Name(id="Field"), args=[first, *_])
                ):
                    if (value := literal(first)) is not None:
                        yield path.name, key, value


def words(name: str) -> set[str]:
    return set(name.strip("_").lower().split("_")) - UNITS


def test_every_default_is_used_by_some_caller() -> None:
    calls = [call for module in modules().values() for call in module.calls]
    unused = []
    for default in (default for module in modules().values() for default in module.defaults):
        calls_of_owner = [call for owner, call in calls if owner == default.owner]
        if calls_of_owner and all(is_given(default, call) for call in calls_of_owner):
            unused.append(f"{default.where}: {default.owner.rpartition('.')[2]}.{default.name} = {default.value!r}")
    assert not unused, "\n".join(unused)


def test_no_configuration_default_is_repeated_as_a_literal() -> None:
    repeated = []
    for file, key, value in keys():
        for path, module in modules().items():
            if path.parent == SECTIONS:
                continue
            repeated += [
                f"{file}: {key} = {value!r}, {one.where}: {one.owner.rpartition('.')[2]}.{one.name}"
                for one in module.defaults
                if one.value == value and (words(key) <= words(one.name) or words(one.name) <= words(key))
            ]
    assert not repeated, "\n".join(repeated)


def test_minimal_file_gives_the_defaults_of_the_domain_classes() -> None:
    settings = parse(MINIMAL, Path("firstbell.toml")).settings
    assert incident_policy_of(settings) == IncidentPolicy()
    assert routes_of(settings)[-1] == Route(name="it", to=("smtp:it@x.example",))
    assert channel_options_of(settings).mail == MailSettings()
    assert timetable_of(settings, ["x"]).rhythms == {"x": Rhythm(journey="x")}
    assert alarm_policy_of(settings).plan_b == AlarmPolicy(zone=ZoneInfo("UTC")).plan_b
    evidence = settings.evidence
    assert EvidencePolicy(on_pass=evidence.on_pass, on_fail=evidence.on_fail) == EvidencePolicy()
