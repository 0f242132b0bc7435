"""Checks all hosts at once, part by part, and returns in time with the results so far."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

import structlog

from firstbell.runner.diagnosis.host_check import CheckPart, Connection, HostCheck, HostFault, RelayCheck
from firstbell.runner.diagnosis.probes.deadline import Deadline
from firstbell.runner.diagnosis.probes.dns_lookup import resolve, routable
from firstbell.runner.diagnosis.probes.http_page import fetch_page
from firstbell.runner.diagnosis.probes.stun_turn import check_allocation, check_binding
from firstbell.runner.diagnosis.probes.tcp_connect import ConnectResult, connect, connect_by_proxy, fault_of_error
from firstbell.runner.diagnosis.probes.tls_handshake import TlsContexts, tls_contexts, tls_handshake
from firstbell.runner.diagnosis.targets import Egress, Target, TargetKind

log = structlog.get_logger()

# The longest time for one part; a page may take the rest of the time.
PART_S = 3.0
# Time kept back so that a part that ends at the deadline can still report.
MARGIN_S, MARGIN_SHARE = 0.5, 0.4


def probe(targets: Sequence[Target], egress: Egress, within_s: float) -> list[HostCheck]:
    """Checks all targets at once within the time limit; returns one check for each, in their order.

    Never raises for a fault of a network or host: an unfinished check names the current part in `in_hand`.
    Raises OSError for a file of `egress.cas` that cannot be read, ValueError for an invalid name server of `egress`.
    """
    end = Deadline.after(within_s)
    contexts = tls_contexts(egress.cas)
    deadline = Deadline(end.at_s - min(MARGIN_S, within_s * MARGIN_SHARE))
    runs = [_HostCheckRun(target=target, egress=egress, contexts=contexts, deadline=deadline) for target in targets]
    latest = [run.unfinished() for run in runs]

    def check_host(number: int) -> None:
        try:
            for check in runs[number].run():
                latest[number] = check
        except Exception:
            # An answer of one server that breaks this code must not stop the checks of other hosts; it is logged.
            log.exception("probe.broke", host=targets[number].host)

    # Daemons, because a thread that hangs in the C library must not keep the process from ending.
    threads = [
        threading.Thread(target=check_host, args=[number], name=f"probe {target.host}", daemon=True)
        for number, target in enumerate(targets)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(end.left_s)
    return list(latest)


@dataclass(frozen=True, slots=True, kw_only=True)
class _HostCheckRun:
    """The check of one target."""

    target: Target
    egress: Egress
    contexts: TlsContexts
    deadline: Deadline

    def unfinished(self) -> HostCheck:
        """A check that has not begun."""
        return HostCheck(
            host=self.target.host,
            service=self.target.service,
            is_control=self.target.is_control,
            is_secondary=self.target.is_secondary,
            at=datetime.now(UTC),
            in_hand=CheckPart.NAMES,
        )

    def run(self) -> Iterator[HostCheck]:
        """Yields the result after each part; `in_hand` names the part that comes next, None in the last result."""
        check = self.unfinished()
        if self.target.kind is TargetKind.RELAY or not self.egress.proxy:
            names = resolve(self.target.name, self.egress, self._part)
            check = replace(check, names=names)
            if not self._addresses(check):
                yield replace(check, in_hand=None)
                return
        yield from self._relay(check) if self.target.kind is TargetKind.RELAY else self._web(check)

    @property
    def _part(self) -> Deadline:
        return self.deadline.within(PART_S)

    @staticmethod
    def _addresses(check: HostCheck) -> tuple[str, ...]:
        """Addresses from the resolver in use; if none, from the second one, to see whether the host itself works."""
        if check.names is None:
            return ()
        return check.names.system.addresses or (check.names.second.addresses if check.names.second else ())

    def _connect(self, check: HostCheck) -> ConnectResult:
        if self.egress.proxy:
            is_tunnel = urlsplit(self.target.url).scheme == "https"
            return connect_by_proxy(self.egress.proxy, self.target.host, self._part, is_tunnel=is_tunnel)
        return connect(self._addresses(check), self.target.port, self._part)

    def _web(self, check: HostCheck) -> Iterator[HostCheck]:
        check = replace(check, in_hand=CheckPart.TCP)
        yield check
        if not self.deadline.left_s:
            return
        connected = self._connect(check)
        check = replace(check, tcp=connected.reaches, in_hand=None)
        if connected.sock is None:
            yield check
            return
        with ExitStack() as opened:
            sock = opened.enter_context(connected.sock)
            scheme = urlsplit(self.target.url).scheme
            if scheme == "https":
                check = replace(check, in_hand=CheckPart.TLS)
                yield check
                handshake, tls_socket = tls_handshake(
                    sock, self.target.name, self.contexts, lambda: self._connect(check).sock, self._part
                )
                check = replace(check, tls=handshake, in_hand=None)
                if tls_socket is None:
                    yield check
                    return
                sock = opened.enter_context(tls_socket)
            check = replace(check, in_hand=CheckPart.HTTP)
            yield check
            is_by_proxy = bool(self.egress.proxy) and scheme == "http"
            page = fetch_page(sock, self.target.url, by_proxy=is_by_proxy, deadline=self.deadline)
            yield replace(check, http=page, in_hand=None)

    def _relay(self, check: HostCheck) -> Iterator[HostCheck]:
        """Checks a relay without the HTTP proxy, which does not carry UDP media either."""
        check = replace(check, in_hand=CheckPart.STUN)
        yield check
        addresses = routable(self._addresses(check))
        with ThreadPoolExecutor(2) as pool:
            by_udp = pool.submit(self._by_datagram, addresses[0])
            by_tcp = pool.submit(self._by_stream, addresses)
            udp, tcp = by_udp.result(), by_tcp.result()
        allocate = None
        if self.target.credentials and not (udp.trouble and tcp.trouble):
            allocate = self._allocate(addresses, is_udp=udp.trouble is None)
        yield replace(check, stun=RelayCheck(udp=udp, tcp=tcp, allocate=allocate), in_hand=None)

    def _by_datagram(self, address: str) -> Connection:
        try:
            with _datagrams(address, self.target.port) as sock:
                return check_binding(sock, address, self._part)
        except OSError as error:
            return Connection(address=address, trouble=fault_of_error(error))

    def _by_stream(self, addresses: Sequence[str]) -> Connection:
        connected = connect(addresses, self.target.port, self._part)
        if connected.sock is None:
            return connected.reaches[0]
        with connected.sock as sock:
            return check_binding(sock, str(sock.getpeername()[0]), self._part)

    def _allocate(self, addresses: Sequence[str], *, is_udp: bool) -> Connection | None:
        if self.target.credentials is None:
            return None
        if is_udp:
            with _datagrams(addresses[0], self.target.port) as sock:
                return check_allocation(sock, addresses[0], self.target.credentials, self._part)
        connected = connect(addresses, self.target.port, self._part)
        if connected.sock is None:
            return replace(connected.reaches[0], trouble=connected.reaches[0].trouble or HostFault.NO_ANSWER)
        with connected.sock as sock:
            return check_allocation(sock, addresses[0], self.target.credentials, self._part)


def _datagrams(address: str, port: int) -> socket.socket:
    """A datagram socket that receives only from one peer, and reports network errors about it."""
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.connect((address, port))
    except OSError:
        sock.close()
        raise
    return sock
