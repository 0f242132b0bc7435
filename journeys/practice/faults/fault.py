"""One thing that can go wrong in the practice school."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault to switch on. `service` is whose it truly is (nobody's where it is the location's own), `cause` what a
    right diagnosis calls it, `seen` what a person would report on the telephone, `journey` one that meets it. `needs`
    says what the practice school must have for it: "tls", "names", or nothing. Where it does not break but only
    `degrades`, the journey passes, and `cause` is empty."""

    name: str
    service: str
    cause: str
    seen: str
    journey: str = "live-class"
    degrades: bool = False
    needs: str = ""
