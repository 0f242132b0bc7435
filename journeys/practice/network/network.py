"""Network of the practice school: a fault gate per service, DNS, the proxy from outside, and control hosts.

Tables map each network fault to its effect. Faults inside a service are in services/http_faults.py.
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

Effect = TypeVar("Effect")

# If several faults of one service are on, the first row counts.
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
    """Gates, DNS server, proxy and control hosts. Built, opened and closed once; ports are known from the beginning."""

    def __init__(self, options: PracticeOptions, switches: FaultSwitches) -> None:
        self._options = options
        self._ports: Mapping[str, int] = {}
        self._switches = switches
        self._gates = {service: FaultGate() for service in options.hosts}
        self._controls = {host: ServiceServer() for host in options.controls}
        self._guest_host = options.outside_host(GUEST_WIFI)
        self._guest_wifi = ServiceServer()
        self._authority = PracticeCa() if options.tls else None
        self._dns = DnsServer({*options.hosts.values(), *options.controls, self._guest_host})
        self._proxy = ForwardProxy(self._dns.resolves, self._drops)
        self.origins = {service: options.origin(service, gate.port) for service, gate in self._gates.items()}
        self.controls = tuple(f"http://{host}:{server.port}/" for host, server in self._controls.items())
        self.outside = f"http://127.0.0.1:{self._proxy.port}"

    @property
    def ca(self) -> str:
        """The certificate (PEM) of the authority behind the gates; "" without TLS."""
        return self._authority.pem if self._authority else ""

    async def open(self, ports: Mapping[str, int]) -> None:
        """Opens the gates to each service's port. Raises OSError if the DNS server's port cannot be opened."""
        self._ports = ports
        if self._options.has_names:
            await self._dns.open(self._options.names)
        await asyncio.gather(
            self._guest_wifi.open(guest_wifi(self._guest_host)),
            *(server.open(control_host()) for server in self._controls.values()),
        )
        await self.apply_switches()
        self._proxy.open()

    async def apply_switches(self) -> None:
        """Applies the fault switches as they are now."""
        for service, gate in self._gates.items():
            await gate.configure(self._gate_settings(service))
        gone = {self._options.hosts[service] for service, fault in NAME_GONE.items() if self._switches.is_on(fault)}
        self._dns.configure(gone=gone, silent=self._switches.is_on("no-names"))
        self._proxy.changed()

    async def close(self) -> None:
        """Closes all connections and frees all ports."""
        await asyncio.gather(self._proxy.close(), *(gate.close() for gate in self._gates.values()))
        await asyncio.gather(*(server.close() for server in (self._guest_wifi, *self._controls.values())))
        await self._dns.close()

    def _gate_settings(self, service: str) -> GateSettings:
        if service in CAPTIVE and self._switches.is_on(CAPTIVE[service]):
            # Plain HTTP is redirected to the log-in page; HTTPS gets an untrusted certificate, as on such networks.
            tls = self._authority.context(self._guest_host, CertificateKind.UNKNOWN_ISSUER) if self._authority else None
            return GateSettings(port=self._guest_wifi.port, tls=tls, plain_too=True)
        fault = self._first_on(GATE_FAULTS.get(service, {})) or GateFault.NONE
        kind = self._first_on(CERTIFICATES.get(service, {})) or CertificateKind.RIGHT
        tls = self._authority.context(self._options.hosts[service], kind) if self._authority else None
        return GateSettings(port=self._ports[service], fault=fault, tls=tls)

    def _first_on(self, effects: Mapping[str, Effect]) -> Effect | None:
        return next((effect for fault, effect in effects.items() if self._switches.is_on(fault)), None)

    def _drops(self, host: str) -> bool:
        """Tells whether the proxy drops everything to `host`."""
        if self._switches.is_on("outside-offline"):
            return True
        dropped = {self._options.hosts[service] for service, fault in DROPPED.items() if self._switches.is_on(fault)}
        return host in dropped
