"""The contract of each service's adapter: the methods of its port, by name and arguments, without playing anything."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from firstbell.journeys.stage.ports import LiveClass, MeetingRoom, Platform, Room, SignIn

PORTS: Mapping[str, type[Any]] = {
    "sign-in": SignIn,
    "platform": Platform,
    "live-class": Room,
    "plan-b": MeetingRoom,
}
"""Service -> the port that its adapter implements."""

OPTIONAL = frozenset({"say", "expect_said", "raise_hand", "expect_raised_hand", "expect_participants", "classes"})
"""Methods that a product may lack: a journey that uses one needs an adapter that has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """A method of a port, and its state in an adapter: `fault` is empty where it is there and takes what it must."""

    name: str
    is_optional: bool
    fault: str = ""


def missing_parts(adapter: type[Any], service: str) -> Iterator[str]:
    """The parts of a port that an adapter's class lacks, as ends of a sentence that begins with the class."""
    if fault := _constructor_fault(adapter):
        yield fault
    for capability in capabilities(adapter, PORTS[service]):
        if capability.fault and not (capability.is_optional and capability.fault.startswith("lacks")):
            yield f"{capability.fault}, which a {service} needs; add it"


def capabilities(adapter: type[Any], port: type[Any]) -> Iterator[Capability]:
    """The methods of a port in its order, each with its state in an adapter's class."""
    for name, method in inspect.getmembers(port, inspect.isfunction):
        if not name.startswith("_"):
            yield Capability(name=name, is_optional=name in OPTIONAL, fault=_method_fault(adapter, name, method))


def class_capabilities(live_class: object) -> Iterator[Capability]:
    """The same for the class that a live-class adapter's `class_of` returns."""
    yield from capabilities(type(live_class), LiveClass)


def _constructor_fault(adapter: type[Any]) -> str:
    try:
        signature = inspect.signature(adapter)
    except (TypeError, ValueError):
        return ""
    try:
        signature.bind(object())
    except TypeError:
        return f"is built by {adapter.__name__}{signature}; let it take one argument, the service"
    return ""


def _method_fault(adapter: type[Any], name: str, method: Any) -> str:
    wanted = inspect.signature(method)
    found = getattr(adapter, name, None)
    if found is None or not callable(found):
        return f"lacks {name}{_arguments(wanted)}"
    try:
        signature = inspect.signature(found)
    except (TypeError, ValueError):
        return ""
    try:
        # One more than the fewest: `*others` stands for several.
        signature.bind(*[object() for _ in wanted.parameters])
    except TypeError:
        return f"has {name}{_arguments(signature)} instead of {name}{_arguments(wanted)}"
    return ""


def _arguments(signature: inspect.Signature) -> str:
    """The arguments by name, without `self` and types."""
    shown = [
        f"*{name}" if one.kind is inspect.Parameter.VAR_POSITIONAL else name
        for name, one in signature.parameters.items()
        if name != "self"
    ]
    return f"({', '.join(shown)})"
