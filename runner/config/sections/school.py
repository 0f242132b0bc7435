"""`[school]`, the district; `[classroom]`, its synthetic class; `[practice]`, the practice school."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from firstbell.runner.config.secrets import Reference
from firstbell.runner.config.sections import Pattern, Section


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError('this time zone does not exist; write one such as "America/New_York"') from None
    return value


TimeZone = Annotated[str, AfterValidator(_time_zone)]
Domain = Annotated[
    str,
    Pattern(
        r"^([a-z0-9-]+(\.[a-z0-9-]+)+)?$",
        'a domain has small letters, digits, hyphens and at least one dot; write one such as "bell.example"',
    ),
]
ClockShift = Annotated[
    str, Pattern(r"^([+-]\d+[smhd])?$", 'write a sign, a number and a unit (s, m, h or d), such as "+600s"')
]


class SchoolSection(Section):
    """The district."""

    name: str = Field(min_length=1, description="The district's name in messages.")
    timezone: TimeZone = Field(description="The district's time zone.", examples=["America/New_York"])
    practice: bool = Field(
        default=False,
        strict=True,
        description="Play against the practice school, which First Bell starts and stops by itself.",
    )
    journeys: tuple[Path, ...] = Field(
        (),
        description="Folders with your journeys, or single tests as pytest names them.",
        examples=[["my_journeys", "tests/e2e/test_login.py::test_login"]],
    )


class ClassroomSection(Section):
    """The synthetic class in which the synthetic people meet."""

    title: str = Field(min_length=1, description="The title of the class as the platform lists it.")
    meeting_code: Reference | None = Field(None, description="A reference to the code of plan B's meeting room.")


class PracticeSection(Section):
    """Options of the practice school."""

    tls: bool = Field(
        default=False, strict=True, description="Serve the school over HTTPS with its own certificate authority."
    )
    domain: Domain = Field("", description="A domain for the school's hosts, with a name server of its own.")
    clock: ClockShift = Field("", description="Shift the school's clock, such as `+600s`.", examples=["+600s"])
