"""A location: for now, a named way out of this machine, by which the same school can be looked at from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from firstbell.runner.diagnosis.targets import Egress

HERE = "here"
"""The name of this machine as it is, by default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkProfile:
    """What a home or a telephone is connected by. `launch_args` are what Chromium can only be told at its start."""

    latency_ms: float = 0.0
    down_kbps: float = 0.0
    up_kbps: float = 0.0
    launch_args: tuple[str, ...] = ()

    @property
    def conditions(self) -> dict[str, Any] | None:
        """What Chromium's `NetworkProfile.emulateNetworkConditions` is given; None where nothing is throttled."""
        if not self.down_kbps:
            return None
        down, up = (kbps * 1000 / 8 for kbps in (self.down_kbps, self.up_kbps))
        return {"offline": False, "latency": self.latency_ms, "downloadThroughput": down, "uploadThroughput": up}


NETWORK_PROFILES: Mapping[str, NetworkProfile] = {
    # WebPageTest's profiles "DSL", "Cable" and "4G" (WPO-Foundation/webpagetest, settings/connectivity.ini).
    "dsl": NetworkProfile(latency_ms=50, down_kbps=1500, up_kbps=384),
    "cable": NetworkProfile(latency_ms=28, down_kbps=5000, up_kbps=1000),
    "hotspot": NetworkProfile(latency_ms=170, down_kbps=9000, up_kbps=9000),
    # A filter that lets only web traffic through: calls have to find a way over TCP.
    "no-udp": NetworkProfile(launch_args=("--force-webrtc-ip-handling-policy=disable_non_proxied_udp",)),
}
"""What `network` of a location may name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A named way out. `inside`: it stands in the district's own network. `naming` is what a browser is started with to
    use the location's name server."""

    name: str = HERE
    way: Egress = field(default_factory=Egress)
    inside: bool = False
    network: NetworkProfile = field(default_factory=NetworkProfile)
    naming: tuple[str, ...] = ()

    @property
    def launch_args(self) -> tuple[str, ...]:
        """What Chromium is started with to go this way."""
        return (*self.network.launch_args, *self.naming)

    @property
    def context_options(self) -> dict[str, Any]:
        """What a browser context is given to go this way."""
        return {"proxy": {"server": self.way.proxy}} if self.way.proxy else {}
