"""A table of the file: keys that it does not know are mistakes."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]


class Section(BaseModel):
    """One table."""

    # Validators are built when they are first used: that of the whole file contains those of its tables.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
