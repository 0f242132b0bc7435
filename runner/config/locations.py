"""The part of the file that says from where journeys are played."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from runner.config.diagnosis import NameServer
from runner.config.section import Section
from runner.diagnosis.location import NETWORKS


def _network(value: str) -> str:
    if value and value not in NETWORKS:
        raise ValueError(f"this network is not known; there are: {', '.join(NETWORKS)}")
    return value


class LocationSection(Section):
    """A named way out of this machine, such as a proxy that stands where pupils are."""

    inside: bool = Field(default=False, strict=True, description="It stands in the district's own network.")
    proxy: str = Field(
        "",
        pattern=r"^(https?://[^\s/@]+|practice:outside)?$",
        description="An HTTP proxy that everything goes through.",
        examples=["http://filter.school.example:8080"],
    )
    resolver: NameServer = Field(
        "", description="The name server that is used there instead of the system's.", examples=["10.0.0.53"]
    )
    ca: tuple[Path, ...] = Field((), description="Certificates (PEM) to trust besides the system's, as a filter needs.")
    network: Annotated[str, AfterValidator(_network)] = Field(
        "", description=f"What it is like to be connected there: {', '.join(NETWORKS)}."
    )
