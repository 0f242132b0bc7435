"""`[locations.NAME]`: a location that journeys are played from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from firstbell.runner.config.sections import ADDRESS_FAULTS, Pattern, Section
from firstbell.runner.config.sections.diagnosis import NameServer
from firstbell.runner.diagnosis.location import NETWORK_PROFILES


def _network(value: str) -> str:
    if value and value not in NETWORK_PROFILES:
        raise ValueError(f"this network does not exist; write one of: {', '.join(NETWORK_PROFILES)}")
    return value


Proxy = Annotated[
    str,
    Pattern(
        r"^(https?://[^\s/@]+|practice:outside)?$",
        "a proxy is a host and a port; leave out the path",
        ADDRESS_FAULTS,
    ),
]


class NetworkSection(Section):
    """The way of First Bell's own HTTP (notices, heartbeat, calendars, S3); without it, the environment's."""

    proxy: Annotated[
        str,
        Pattern(
            r"^(https?://[^\s/@]+)?$",
            "a proxy is a host and a port; leave out the path, and put a password into HTTPS_PROXY",
            ADDRESS_FAULTS,
        ),
    ] = Field(
        "",
        description="The web proxy; hosts of `NO_PROXY` and this machine go directly.",
        examples=["http://proxy.school.example:8080"],
    )
    ca: Path | None = Field(None, description="Certificates (a PEM file) to trust besides the system's.")


class LocationSection(Section):
    """A location: a named network path out of this machine, such as a proxy in the students' network."""

    inside: bool = Field(default=False, strict=True, description="True if it stands in the district's own network.")
    proxy: Proxy = Field(
        "",
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
