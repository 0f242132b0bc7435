"""Asks for the addresses of a name: the resolver in use here, and beside it a name server that is asked directly."""

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
# What getaddrinfo says (RFC 3493, 6.1). glibc says "again" for silence and for SERVFAIL alike.
_HOST_FAULTS = {
    socket.EAI_NONAME: HostFault.NAME_GONE,
    socket.EAI_NODATA: HostFault.NAME_GONE,
    socket.EAI_AGAIN: HostFault.NAME_SERVER_SILENT,
}


def resolve(name: str, way: Egress, deadline: Deadline) -> DnsLookups:
    """Ask whoever is asked there, and at the same time the second name server where there is one."""
    if is_address(name):
        return DnsLookups(system=DnsLookup(addresses=(name,)))
    system: list[DnsLookup] = []
    # A daemon of its own, because getaddrinfo has no time limit: what it says too late is dropped, and the C library
    # gives up by itself after its own tries (resolv.conf(5): timeout, attempts).
    asking = threading.Thread(
        target=lambda: system.append(_resolve_once(name, way, deadline)), name="resolver", daemon=True
    )
    began_s = time.monotonic()
    asking.start()
    second = resolve_by_server(name, way.second, deadline) if way.second and not is_loopback(name) else None
    asking.join(deadline.left_s)
    silent = DnsLookup(trouble=HostFault.NAME_SERVER_SILENT, took_ms=since_ms(began_s))
    return DnsLookups(system=system[0] if system else silent, second=second)


def _resolve_once(name: str, way: Egress, deadline: Deadline) -> DnsLookup:
    return (
        resolve_by_server(name, way.resolver, deadline)
        if way.resolver and not is_loopback(name)
        else resolve_by_system(name)
    )


def resolve_by_system(name: str) -> DnsLookup:
    """What getaddrinfo says. It may take as long as the C library likes."""
    began_s = time.monotonic()
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if is_loopback(name):
            # Every name under .localhost is this machine (RFC 6761, 6.3). Browsers know that by themselves; C libraries
            # without systemd-resolved or nss-myhostname do not, and a probe must go where the browser went.
            return DnsLookup(addresses=(LOOPBACK,), took_ms=since_ms(began_s))
        trouble = _HOST_FAULTS.get(error.errno or 0, HostFault.NAME_SERVER_FAILED)
        return DnsLookup(trouble=trouble, took_ms=since_ms(began_s))
    except (OSError, UnicodeError):  # a label that is too long, or is no name at all
        return DnsLookup(trouble=HostFault.NAME_GONE, took_ms=since_ms(began_s))
    addresses = (str(address[0]) for *_, address in found)
    return DnsLookup(addresses=tuple(dict.fromkeys(addresses)), took_ms=since_ms(began_s))


def resolve_by_server(name: str, server: str, deadline: Deadline) -> DnsLookup:
    """What one name server says, asked for addresses of both families."""
    began_s = time.monotonic()
    asked = dns.resolver.Resolver(configure=False)
    host, port = name_server_of(server)
    asked.nameservers = [host]
    asked.port = port
    try:
        answers = asked.resolve_name(f"{name}.", lifetime=max(0.05, deadline.left_s))
        return DnsLookup(addresses=tuple(answers.addresses()), took_ms=since_ms(began_s))
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        trouble = HostFault.NAME_GONE
    except dns.exception.Timeout:
        trouble = HostFault.NAME_SERVER_SILENT
    except (dns.exception.DNSException, OSError, UnicodeError):
        trouble = HostFault.NAME_SERVER_FAILED
    return DnsLookup(trouble=trouble, took_ms=since_ms(began_s))


def is_loopback(name: str) -> bool:
    """Whether a name means this machine, whatever name servers say."""
    return name.rstrip(".").lower().rpartition(".")[2] == "localhost"


def routable(addresses: Iterable[str]) -> tuple[str, ...]:
    """Those addresses that this machine knows a way to; all of them where it knows none.

    A network without IPv6 is no fault of a host that has it: browsers leave such addresses out as well (RFC 6724, 6).
    """
    addresses = tuple(addresses)
    return tuple(address for address in addresses if _has_route(address)) or addresses


def _has_route(address: str) -> bool:
    """Connecting a datagram socket asks the routing table and sends nothing."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as asking:
            asking.connect((address, DNS_PORT))
    except OSError:
        return False
    return True
