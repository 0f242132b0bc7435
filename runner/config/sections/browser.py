"""`[browser]`: the browser that plays."""

from __future__ import annotations

from pydantic import Field

from firstbell.journeys.stage.step import STEP_LIMIT_S
from firstbell.runner.config.browsers import BROWSER_KINDS, CHROMIUM, BrowserName
from firstbell.runner.config.durations import Seconds
from firstbell.runner.config.sections import Section


class BrowserSection(Section):
    """The browser that plays."""

    name: BrowserName = Field(CHROMIUM, min_length=1, description=f"Which one: {', '.join(BROWSER_KINDS)}.")
    executable: str = Field(
        "", description="The path of Chromium, for headless and headed runs; without it, First Bell finds one."
    )
    step_limit: Seconds = Field(STEP_LIMIT_S, description="The longest wait inside a step.")
