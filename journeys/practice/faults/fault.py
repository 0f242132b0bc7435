"""Definition of one fault of the practice school."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault that can be switched on. `service` is the service at fault ("" if the fault is the location's own),
    `cause` is the cause that a right diagnosis names, `seen` is what a person would report on the telephone, `journey`
    is a journey that meets it. `needs` is what the practice school must have for it: "tls", "names" or "". With
    `degrades` the journey passes all the same, and `cause` is empty."""

    name: str
    service: str
    cause: str
    seen: str
    journey: str = "live-class"
    degrades: bool = False
    needs: str = ""
