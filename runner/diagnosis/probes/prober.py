"""Goes the way to each host, part by part, all hosts at once, and is back in time with what was found by then."""

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

# How long one part may take of the whole; a page may take what is left.
PART_S = 3.0
# A part that ends with the time must still be able to say so before it is given up.
MARGIN_S, MARGIN_SHARE = 0.5, 0.4


def probe(targets: Sequence[Target], way: Egress, within_s: float) -> list[HostCheck]:
    """Check all targets at once; one check for each, in their order, within the bound.

    Never raises for what a network or a host does: what did not come to its end says in `in_hand` where it was.
    Raises OSError for a file of `way.cas` that cannot be read, ValueError for a name server of `way` that is none.
    """
    over = Deadline.after(within_s)
    trust = tls_contexts(way.cas)
    deadline = Deadline(over.at_s - min(MARGIN_S, within_s * MARGIN_SHARE))
    walks = [_HostCheckRun(target=target, way=way, trust=trust, deadline=deadline) for target in targets]
    latest = [walk.unfinished() for walk in walks]

    def go(number: int) -> None:
        try:
            for check in walks[number].go():
                latest[number] = check
        except Exception:
            # Whatever a stranger's server made of us, the other hosts are still looked at, and somebody hears of it.
            log.exception("probe.broke", host=targets[number].host)

    # Daemons, because a thread that hangs in the C library must not keep the process from ending.
    threads = [
        threading.Thread(target=go, args=[number], name=f"probe {target.host}", daemon=True)
        for number, target in enumerate(targets)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(over.left_s)
    return list(latest)


@dataclass(frozen=True, slots=True, kw_only=True)
class _HostCheckRun:
    """The way to one target."""

    target: Target
    way: Egress
    trust: TlsContexts
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

    def go(self) -> Iterator[HostCheck]:
        """What is known after each part, with the part that comes next in hand; none in the last."""
        check = self.unfinished()
        if self.target.kind is TargetKind.RELAY or not self.way.proxy:
            names = resolve(self.target.name, self.way, self._part)
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
        """Those of the system; where it has none, those of the second resolver show whether the host itself is well."""
        if check.names is None:
            return ()
        return check.names.system.addresses or (check.names.second.addresses if check.names.second else ())

    def _line(self, check: HostCheck) -> ConnectResult:
        if self.way.proxy:
            is_tunnel = urlsplit(self.target.url).scheme == "https"
            return connect_by_proxy(self.way.proxy, self.target.host, self._part, is_tunnel=is_tunnel)
        return connect(self._addresses(check), self.target.port, self._part)

    def _web(self, check: HostCheck) -> Iterator[HostCheck]:
        check = replace(check, in_hand=CheckPart.TCP)
        yield check
        if not self.deadline.left_s:
            return
        line = self._line(check)
        check = replace(check, tcp=line.reaches, in_hand=None)
        if line.sock is None:
            yield check
            return
        with ExitStack() as opened:
            sock = opened.enter_context(line.sock)
            scheme = urlsplit(self.target.url).scheme
            if scheme == "https":
                check = replace(check, in_hand=CheckPart.TLS)
                yield check
                handshake, spoken = tls_handshake(
                    sock, self.target.name, self.trust, lambda: self._line(check).sock, self._part
                )
                check = replace(check, tls=handshake, in_hand=None)
                if spoken is None:
                    yield check
                    return
                sock = opened.enter_context(spoken)
            check = replace(check, in_hand=CheckPart.HTTP)
            yield check
            is_by_proxy = bool(self.way.proxy) and scheme == "http"
            page = fetch_page(sock, self.target.url, by_proxy=is_by_proxy, deadline=self.deadline)
            yield replace(check, http=page, in_hand=None)

    def _relay(self, check: HostCheck) -> Iterator[HostCheck]:
        """Media does not go through an HTTP proxy by UDP, so neither does this."""
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
        line = connect(addresses, self.target.port, self._part)
        if line.sock is None:
            return line.reaches[0]
        with line.sock as sock:
            return check_binding(sock, str(sock.getpeername()[0]), self._part)

    def _allocate(self, addresses: Sequence[str], *, is_udp: bool) -> Connection | None:
        if self.target.credentials is None:
            return None
        if is_udp:
            with _datagrams(addresses[0], self.target.port) as sock:
                return check_allocation(sock, addresses[0], self.target.credentials, self._part)
        line = connect(addresses, self.target.port, self._part)
        if line.sock is None:
            return replace(line.reaches[0], trouble=line.reaches[0].trouble or HostFault.NO_ANSWER)
        with line.sock as sock:
            return check_allocation(sock, addresses[0], self.target.credentials, self._part)


def _datagrams(address: str, port: int) -> socket.socket:
    """A datagram socket that hears of one peer alone, and of what the network says about it."""
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.connect((address, port))
    except OSError:
        sock.close()
        raise
    return sock
