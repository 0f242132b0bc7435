"""`[history]`: where runs are recorded."""

from __future__ import annotations

import re

from pydantic import Field, model_validator

from firstbell.runner.config.durations import Days
from firstbell.runner.config.secrets import Reference
from firstbell.runner.config.sections import Section


class HistorySection(Section):
    """The database in which runs are recorded."""

    url: str = Field(
        "", description="A database URL without a password; without it, SQLite in `.firstbell/history.db`."
    )
    password: Reference | None = Field(None, description="A reference to the database password.")
    keep_steps: Days = Field(
        30.0, description="How long steps are kept; then only daily figures remain. Runs are always kept."
    )
    keep_details: Days = Field(
        90.0,
        description="How long slots are kept, and notices and logs of closed incidents. Incidents and daily figures "
        "are always kept.",
    )

    @model_validator(mode="after")
    def _no_password_inside(self) -> HistorySection:
        if re.search(r"://[^@]*:[^@]*@|[?&]\w*password=", self.url):
            raise ValueError('a password is never written in the URL; use password = "env:NAME" beside it')
        return self
