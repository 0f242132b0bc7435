"""The network of the practice school: a gate for each service, names, the way from outside, and hosts to compare with.

What each network fault does to it stands here in tables; what can be wrong inside a service does not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TypeVar

from firstbell.journeys.practice.faults import FaultSwitches
from firstbell.journeys.practice.network.certificate_authority import CertificateKind, PracticeCa
from firstbell.journeys.practice.network.control_hosts import control_host, guest_wifi
from firstbell.journeys.practice.network.dns_server import DnsServer
from firstbell.journeys.practice.network.fault_gate import FaultGate, GateFault, GateSettings
from firstbell.journeys.practice.network.forward_proxy import ForwardProxy
from firstbell.journeys.practice.network.servers import ServiceServer
from firstbell.journeys.practice.options import GUEST_WIFI, PracticeOptions

Wrong = TypeVar("Wrong")

# Of several faults of one service that are on, the first counts.
GATE_FAULTS: Mapping[str, Mapping[str, GateFault]] = {
    "edge": {
        "portal-unreachable": GateFault.REFUSES,
        "portal-no-answer": GateFault.SILENT,
        "portal-cut": GateFault.RESETS,
        "portal-half-pages": GateFault.CUTS,
        "slow": GateFault.SLOW,
    },
}
CERTIFICATES: Mapping[str, Mapping[str, CertificateKind]] = {
    "edge": {
        "portal-certificate-expired": CertificateKind.EXPIRED,
        "portal-certificate-name": CertificateKind.OTHER_NAME,
        "portal-certificate-untrusted": CertificateKind.UNKNOWN_ISSUER,
    },
}
CAPTIVE = {"edge": "captive-portal"}
DROPPED = {"edge": "outside-dropped"}
NAME_GONE = {"edge": "portal-name-gone"}


class PracticeNetwork:
    """Built, opened and closed once. Its ports are known from the beginning."""

    def __init__(self, setting: PracticeOptions, board: FaultSwitches) -> None:
        self._setting = setting
        self._behind: Mapping[str, int] = {}
        self._board = board
        self._gates = {service: FaultGate() for service in setting.hosts}
        self._controls = {host: ServiceServer() for host in setting.controls}
        self._guest_host = setting.elsewhere(GUEST_WIFI)
        self._guest_wifi = ServiceServer()
        self._authority = PracticeCa() if setting.tls else None
        self._names = DnsServer({*setting.hosts.values(), *setting.controls, self._guest_host})
        self._outside = ForwardProxy(self._names.resolves, self._drops)
        self.origins = {service: setting.origin(service, gate.port) for service, gate in self._gates.items()}
        self.controls = tuple(f"http://{host}:{door.port}/" for host, door in self._controls.items())
        self.outside = f"http://127.0.0.1:{self._outside.port}"

    @property
    def ca(self) -> str:
        """The certificate (PEM) of the authority behind the gates; nothing without TLS."""
        return self._authority.pem if self._authority else ""

    async def open(self, behind: Mapping[str, int]) -> None:
        """Let people through to the ports that stand `behind` each service's gate. Raises OSError where the name
        server's port cannot be had."""
        self._behind = behind
        if self._setting.has_names:
            await self._names.open(self._setting.names)
        await asyncio.gather(
            self._guest_wifi.open(guest_wifi(self._guest_host)),
            *(door.open(control_host()) for door in self._controls.values()),
        )
        await self.changed()
        self._outside.open()

    async def changed(self) -> None:
        """Go by the switchboard as it is now."""
        for service, gate in self._gates.items():
            await gate.lead(self._way(service))
        gone = {self._setting.hosts[service] for service, fault in NAME_GONE.items() if self._board.is_on(fault)}
        self._names.change(gone=gone, silent=self._board.is_on("no-names"))
        self._outside.changed()

    async def close(self) -> None:
        """Hang up, and give all ports back."""
        await asyncio.gather(self._outside.close(), *(gate.close() for gate in self._gates.values()))
        await asyncio.gather(*(door.close() for door in (self._guest_wifi, *self._controls.values())))
        await self._names.close()

    def _way(self, service: str) -> GateSettings:
        if service in CAPTIVE and self._board.is_on(CAPTIVE[service]):
            # Who asks in the clear is sent to the log-in page; who wants TLS is shown what such networks have.
            tls = self._authority.context(self._guest_host, CertificateKind.UNKNOWN_ISSUER) if self._authority else None
            return GateSettings(port=self._guest_wifi.port, tls=tls, plain_too=True)
        trouble = self._first_on(GATE_FAULTS.get(service, {})) or GateFault.NONE
        kind = self._first_on(CERTIFICATES.get(service, {})) or CertificateKind.RIGHT
        tls = self._authority.context(self._setting.hosts[service], kind) if self._authority else None
        return GateSettings(port=self._behind[service], trouble=trouble, tls=tls)

    def _first_on(self, faults: Mapping[str, Wrong]) -> Wrong | None:
        return next((wrong for fault, wrong in faults.items() if self._board.is_on(fault)), None)

    def _drops(self, host: str) -> bool:
        """Whether nothing comes through to `host` from outside."""
        if self._board.is_on("outside-offline"):
            return True
        dropped = {self._setting.hosts[service] for service, fault in DROPPED.items() if self._board.is_on(fault)}
        return host in dropped
