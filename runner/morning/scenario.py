"""Scenario of the morning: the faults in order, and the journeys played under each."""

from __future__ import annotations

from dataclasses import dataclass

HOME_LOCATION, SCHOOL_LOCATION = "home", "school"
"""Locations that journeys are played from: a student's home, outside the district's edge, and a school, inside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MorningPhase:
    """One phase of the morning. `clock` is its time in the story; `breaks` is the fault that is switched on, after all
    others have been switched off; `plays` are (journey, location) in order; `blamed` is the service at fault."""

    clock: str
    title: str
    breaks: str = ""
    plays: tuple[tuple[str, str], ...]
    blamed: str = ""


_LIST = (("class-list", HOME_LOCATION), ("class-list", SCHOOL_LOCATION))
_PLAN_B = (("plan-b", HOME_LOCATION),)

MORNING = (
    MorningPhase(clock="7:30", title="Everything works", plays=(*_LIST, *_PLAN_B)),
    MorningPhase(
        clock="7:45",
        title="The provider's edge drops connections from outside",
        breaks="outside-dropped",
        plays=(*_LIST, *_PLAN_B),
        blamed="edge",
    ),
    MorningPhase(
        clock="8:05",
        title="The sign-in is overloaded",
        breaks="sign-in-503",
        plays=(*_LIST, *_PLAN_B),
        blamed="sign-in",
    ),
    MorningPhase(
        clock="8:20",
        title="Live sessions are not showing up",
        breaks="sessions-empty",
        plays=(*_PLAN_B, *_LIST),
        blamed="platform",
    ),
    # One pass may be chance: two at each location close an incident.
    MorningPhase(clock="9:00", title="Healed", plays=(*_LIST, *_LIST, *_PLAN_B)),
)
"""The failures in Miami on 31 August 2020 and the days after, in one morning."""
