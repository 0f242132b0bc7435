"""`[journeys.NAME]`: when one journey is played, by which people, in which browser."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from firstbell.runner.alarms.policy import OTHERWISE
from firstbell.runner.alarms.routing import Severity
from firstbell.runner.config.browsers import BrowserName
from firstbell.runner.config.durations import Seconds
from firstbell.runner.config.sections import Name, Section
from firstbell.runner.schedule.crontab import refusal_of
from firstbell.runner.schedule.slots import ClosedDays, Rhythm

_RHYTHM = Rhythm(journey="")


def _crontab(value: str) -> str:
    if value and (refusal := refusal_of(value)):
        raise ValueError(refusal)
    return value


Crontab = Annotated[str, AfterValidator(_crontab)]


class LeadInSection(Section):
    """More frequent runs before a first bell."""

    before_bell: Seconds = Field(description="How long before each first bell it begins.")
    every: Seconds = Field(description="The interval in that time.")


class JourneySection(Section):
    """One journey: its timing, people, browser and severity."""

    enabled: bool = Field(
        default=True, strict=True, description="Play it on the schedule and when no journey is named."
    )
    plays: Name = Field("", description="The journey to play under this name; without it, the journey of this name.")
    relies_on: tuple[Name, ...] = Field((), description="The services that it needs, if its marker names none.")
    deadline: Seconds = Field(90.0, description="The longest time for an attempt; then it is ended by force.")
    confirm: bool = Field(default=True, strict=True, description="Play a failed first attempt once more.")
    groups: tuple[Name, ...] = Field((), description="The groups whose bells and accounts it uses.")
    browser: BrowserName = Field("", description="The browser of its people; without it, that of `[browser]`.")
    every: Seconds | None = Field(
        None, description=f"The interval in school hours; without `every` and `crontab`, {_RHYTHM.every_s / 60:.0f}m."
    )
    crontab: Crontab = Field("", description="A cron expression in the school's time, instead of `every`.")
    lead_in: LeadInSection | None = Field(None, description="More frequent runs before a first bell.")
    after_hours: Seconds = Field(
        _RHYTHM.after_hours_s, description="The interval outside school hours, if there are bells."
    )
    hours: Literal["school", "always"] = Field(
        "school" if _RHYTHM.follows_bells else "always",
        description="`school`: `every` applies in school hours; `always`: around the clock.",
    )
    closed_days: ClosedDays = Field(
        _RHYTHM.closed_days, description="On days without school: once a day, as usual, or never."
    )
    severity: Severity = Field(
        OTHERWISE, description="Severity of its incidents outside school hours; in them it is critical."
    )

    @property
    def every_s(self) -> float:
        """The interval in seconds, if there is no crontab."""
        return _RHYTHM.every_s if self.every is None else self.every
