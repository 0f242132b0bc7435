"""Resolves a name by the resolver in use, and at the same time by a second name server."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterable

import dns.exception
import dns.resolver

from firstbell.runner.diagnosis.host_check import DnsLookup, DnsLookups, HostFault
from firstbell.runner.diagnosis.probes.deadline import Deadline, since_ms
from firstbell.runner.diagnosis.targets import DNS_PORT, Egress, is_address, name_server_of

LOOPBACK = "127.0.0.1"
# Errors of getaddrinfo (RFC 3493, 6.1). glibc returns EAI_AGAIN for silence and for SERVFAIL alike.
_HOST_FAULTS = {
    socket.EAI_NONAME: HostFault.NAME_GONE,
    socket.EAI_NODATA: HostFault.NAME_GONE,
    socket.EAI_AGAIN: HostFault.NAME_SERVER_SILENT,
}


def resolve(name: str, egress: Egress, deadline: Deadline) -> DnsLookups:
    """Asks the resolver of an egress, and at the same time its second name server if it has one."""
    if is_address(name):
        return DnsLookups(system=DnsLookup(addresses=(name,)))
    system: list[DnsLookup] = []
    # A daemon thread, because getaddrinfo has no time limit: a late answer is dropped, and the C library gives up after
    # its own tries (resolv.conf(5): timeout, attempts).
    thread = threading.Thread(
        target=lambda: system.append(_resolve_once(name, egress, deadline)), name="resolver", daemon=True
    )
    began_s = time.monotonic()
    thread.start()
    second = resolve_by_server(name, egress.second, deadline) if egress.second and not is_loopback(name) else None
    thread.join(deadline.left_s)
    silent = DnsLookup(trouble=HostFault.NAME_SERVER_SILENT, took_ms=since_ms(began_s))
    return DnsLookups(system=system[0] if system else silent, second=second)


def _resolve_once(name: str, egress: Egress, deadline: Deadline) -> DnsLookup:
    return (
        resolve_by_server(name, egress.resolver, deadline)
        if egress.resolver and not is_loopback(name)
        else resolve_by_system(name)
    )


def resolve_by_system(name: str) -> DnsLookup:
    """Resolves a name by getaddrinfo, which has no time limit."""
    began_s = time.monotonic()
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if is_loopback(name):
            # Every name under .localhost is this machine (RFC 6761, 6.3). Browsers know that by themselves; C libraries
            # without systemd-resolved or nss-myhostname do not, and a probe must check the host that the browser used.
            return DnsLookup(addresses=(LOOPBACK,), took_ms=since_ms(began_s))
        fault = _HOST_FAULTS.get(error.errno or 0, HostFault.NAME_SERVER_FAILED)
        return DnsLookup(trouble=fault, took_ms=since_ms(began_s))
    except (OSError, UnicodeError):  # a label that is too long, or not a name
        return DnsLookup(trouble=HostFault.NAME_GONE, took_ms=since_ms(began_s))
    addresses = (str(address[0]) for *_, address in found)
    return DnsLookup(addresses=tuple(dict.fromkeys(addresses)), took_ms=since_ms(began_s))


def resolve_by_server(name: str, server: str, deadline: Deadline) -> DnsLookup:
    """Asks one name server for addresses of both families."""
    began_s = time.monotonic()
    resolver = dns.resolver.Resolver(configure=False)
    host, port = name_server_of(server)
    resolver.nameservers = [host]
    resolver.port = port
    try:
        answers = resolver.resolve_name(f"{name}.", lifetime=max(0.05, deadline.left_s))
        return DnsLookup(addresses=tuple(answers.addresses()), took_ms=since_ms(began_s))
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        fault = HostFault.NAME_GONE
    except dns.exception.Timeout:
        fault = HostFault.NAME_SERVER_SILENT
    except (dns.exception.DNSException, OSError, UnicodeError):
        fault = HostFault.NAME_SERVER_FAILED
    return DnsLookup(trouble=fault, took_ms=since_ms(began_s))


def is_loopback(name: str) -> bool:
    """Tells whether a name means this machine, whatever name servers answer."""
    return name.rstrip(".").lower().rpartition(".")[2] == "localhost"


def routable(addresses: Iterable[str]) -> tuple[str, ...]:
    """The addresses to which this machine has a route; all of them if it has none.

    A network without IPv6 is no fault of a host that has it: browsers leave such addresses out as well (RFC 6724, 6).
    """
    addresses = tuple(addresses)
    return tuple(address for address in addresses if _has_route(address)) or addresses


def _has_route(address: str) -> bool:
    """Tells whether there is a route: connecting a datagram socket asks the routing table and sends nothing."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.connect((address, DNS_PORT))
    except OSError:
        return False
    return True
