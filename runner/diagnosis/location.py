"""A location: a named network egress of this machine, from which journeys run and hosts are checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from firstbell.runner.diagnosis.targets import Egress

HERE = "here"
"""The default location: this machine without an egress of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkProfile:
    """A network to emulate, such as a home's. `launch_args` are settings that Chromium takes only when it starts."""

    latency_ms: float = 0.0
    down_kbps: float = 0.0
    up_kbps: float = 0.0
    launch_args: tuple[str, ...] = ()

    @property
    def conditions(self) -> dict[str, Any] | None:
        """Arguments for Chromium's `Network.emulateNetworkConditions`; None where nothing is throttled."""
        if not self.down_kbps:
            return None
        down, up = (kbps * 1000 / 8 for kbps in (self.down_kbps, self.up_kbps))
        return {"offline": False, "latency": self.latency_ms, "downloadThroughput": down, "uploadThroughput": up}


NETWORK_PROFILES: Mapping[str, NetworkProfile] = {
    # WebPageTest's profiles "DSL", "Cable" and "4G" (WPO-Foundation/webpagetest, settings/connectivity.ini).
    "dsl": NetworkProfile(latency_ms=50, down_kbps=1500, up_kbps=384),
    "cable": NetworkProfile(latency_ms=28, down_kbps=5000, up_kbps=1000),
    "hotspot": NetworkProfile(latency_ms=170, down_kbps=9000, up_kbps=9000),
    # A filter that lets only web traffic through: calls have to use TCP.
    "no-udp": NetworkProfile(launch_args=("--force-webrtc-ip-handling-policy=disable_non_proxied_udp",)),
}
"""The values of `network` of a location."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A named network egress. `inside`: it is in the district's own network. `naming` are launch arguments that make a
    browser use the location's name server."""

    name: str = HERE
    egress: Egress = field(default_factory=Egress)
    inside: bool = False
    network: NetworkProfile = field(default_factory=NetworkProfile)
    naming: tuple[str, ...] = ()

    @property
    def launch_args(self) -> tuple[str, ...]:
        """Launch arguments for Chromium."""
        return (*self.network.launch_args, *self.naming)

    @property
    def context_options(self) -> dict[str, Any]:
        """Options for a browser context."""
        return {"proxy": {"server": self.egress.proxy}} if self.egress.proxy else {}
