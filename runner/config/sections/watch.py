"""`[watch]`: the service `firstbell watch`, and `[metrics]`: its figures for Prometheus."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from firstbell.runner.config.durations import Seconds
from firstbell.runner.config.sections import Name, Section
from firstbell.runner.diagnosis.location import HERE


def _host_and_port(text: str) -> str:
    parts = urlsplit(f"//{text}")
    try:
        is_address = bool(parts.hostname) and bool(parts.port) and parts.netloc == text and "@" not in text
    except ValueError:
        is_address = False
    if not is_address:
        raise ValueError('this is not an address to listen at; write one such as "127.0.0.1:9464"')
    return text


ListenAddress = Annotated[str, AfterValidator(_host_and_port), Field(examples=["127.0.0.1:9464"])]


class MetricsSection(Section):
    """Figures of `firstbell watch` for Prometheus."""

    listen: ListenAddress | None = Field(
        None, description="The address and port that answer /metrics; without it nothing listens."
    )


class WatchSection(Section):
    """The service `firstbell watch`."""

    location: Name = Field(HERE, description="The name of this location in history, where there is no `[locations]`.")
    workers: int = Field(
        0, ge=0, le=64, description="Runs at once at each location; 0 means one for each two processors."
    )
    grace: Seconds = Field(120.0, description="A slot that cannot begin within this time is missed.")
    late_after: Seconds = Field(30.0, description="A run that begins later than this counts as late.")
    stop_within: Seconds = Field(120.0, description="How long a stop waits for runs in progress.")
    recycle_after: int = Field(200, ge=1, description="Attempts after which a worker and its browser are replaced.")
    recycle_mib: int = Field(
        3000, ge=256, description="MiB of memory above which a worker and its browser are replaced."
    )
