"""The part of the file that says from where journeys are played."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from firstbell.runner.config.sections.diagnosis import NameServer
from firstbell.runner.config.sections.section import Section
from firstbell.runner.diagnosis.location import NETWORK_PROFILES


def _network(value: str) -> str:
    if value and value not in NETWORK_PROFILES:
        raise ValueError(f"this network is not known; there are: {', '.join(NETWORK_PROFILES)}")
    return value


class LocationSection(Section):
    """A location: a named way out of this machine, such as a proxy in the pupils' network."""

    inside: bool = Field(default=False, strict=True, description="True if it stands in the district's own network.")
    proxy: str = Field(
        "",
        pattern=r"^(https?://[^\s/@]+|practice:outside)?$",
        description="The HTTP proxy for everything that is played and checked.",
        examples=["http://filter.school.example:8080"],
    )
    resolver: NameServer = Field(
        "", description="The name server of this location, instead of the system's.", examples=["10.0.0.53"]
    )
    ca: tuple[Path, ...] = Field(
        (), description="Certificates (PEM files) to trust besides the system's, as a content filter needs."
    )
    network: Annotated[str, AfterValidator(_network)] = Field(
        "", description=f"The connection to imitate: {', '.join(NETWORK_PROFILES)}."
    )
