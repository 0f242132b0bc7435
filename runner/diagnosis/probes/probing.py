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

from runner.diagnosis.host import HostCheck, Reach, Relay, Stage, Trouble
from runner.diagnosis.probes.connecting import Line, connect, connect_by_proxy, trouble_of_error
from runner.diagnosis.probes.deadline import Deadline
from runner.diagnosis.probes.handshakes import Trust, shake_hands, trust_in
from runner.diagnosis.probes.names import ask_both, with_a_route
from runner.diagnosis.probes.pages import ask
from runner.diagnosis.probes.relays import allocation, sign_of_life
from runner.diagnosis.targets import Kind, Target, Way

log = structlog.get_logger()

# How long one part may take of the whole; a page may take what is left.
PART_S = 3.0
# A part that ends with the time must still be able to say so before it is given up.
MARGIN_S, MARGIN_SHARE = 0.5, 0.4


def probe(targets: Sequence[Target], way: Way, within_s: float) -> list[HostCheck]:
    """Check all targets at once; one check for each, in their order, within the bound.

    Never raises for what a network or a host does: what did not come to its end says in `in_hand` where it was.
    Raises OSError for a file of `way.cas` that cannot be read, ValueError for a name server of `way` that is none.
    """
    over = Deadline.after(within_s)
    trust = trust_in(way.cas)
    deadline = Deadline(over.at_s - min(MARGIN_S, within_s * MARGIN_SHARE))
    walks = [_Walk(target=target, way=way, trust=trust, deadline=deadline) for target in targets]
    latest = [walk.nothing_yet() for walk in walks]

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
class _Walk:
    """The way to one target."""

    target: Target
    way: Way
    trust: Trust
    deadline: Deadline

    def nothing_yet(self) -> HostCheck:
        """A check that has not begun."""
        return HostCheck(
            host=self.target.host,
            service=self.target.service,
            is_control=self.target.is_control,
            is_secondary=self.target.is_secondary,
            at=datetime.now(UTC),
            in_hand=Stage.NAMES,
        )

    def go(self) -> Iterator[HostCheck]:
        """What is known after each part, with the part that comes next in hand; none in the last."""
        check = self.nothing_yet()
        if self.target.kind is Kind.RELAY or not self.way.proxy:
            names = ask_both(self.target.name, self.way, self._part)
            check = replace(check, names=names)
            if not self._addresses(check):
                yield replace(check, in_hand=None)
                return
        yield from self._relay(check) if self.target.kind is Kind.RELAY else self._web(check)

    @property
    def _part(self) -> Deadline:
        return self.deadline.within(PART_S)

    @staticmethod
    def _addresses(check: HostCheck) -> tuple[str, ...]:
        """Those of the system; where it has none, those of the second resolver show whether the host itself is well."""
        if check.names is None:
            return ()
        return check.names.system.addresses or (check.names.second.addresses if check.names.second else ())

    def _line(self, check: HostCheck) -> Line:
        if self.way.proxy:
            is_tunnel = urlsplit(self.target.url).scheme == "https"
            return connect_by_proxy(self.way.proxy, self.target.host, self._part, is_tunnel=is_tunnel)
        return connect(self._addresses(check), self.target.port, self._part)

    def _web(self, check: HostCheck) -> Iterator[HostCheck]:
        check = replace(check, in_hand=Stage.TCP)
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
                check = replace(check, in_hand=Stage.TLS)
                yield check
                handshake, spoken = shake_hands(
                    sock, self.target.name, self.trust, lambda: self._line(check).sock, self._part
                )
                check = replace(check, tls=handshake, in_hand=None)
                if spoken is None:
                    yield check
                    return
                sock = opened.enter_context(spoken)
            check = replace(check, in_hand=Stage.HTTP)
            yield check
            is_by_proxy = bool(self.way.proxy) and scheme == "http"
            page = ask(sock, self.target.url, by_proxy=is_by_proxy, deadline=self.deadline)
            yield replace(check, http=page, in_hand=None)

    def _relay(self, check: HostCheck) -> Iterator[HostCheck]:
        """Media does not go through an HTTP proxy by UDP, so neither does this."""
        check = replace(check, in_hand=Stage.STUN)
        yield check
        addresses = with_a_route(self._addresses(check))
        with ThreadPoolExecutor(2) as pool:
            by_udp = pool.submit(self._by_datagram, addresses[0])
            by_tcp = pool.submit(self._by_stream, addresses)
            udp, tcp = by_udp.result(), by_tcp.result()
        allocate = None
        if self.target.credentials and not (udp.trouble and tcp.trouble):
            allocate = self._allocate(addresses, is_udp=udp.trouble is None)
        yield replace(check, stun=Relay(udp=udp, tcp=tcp, allocate=allocate), in_hand=None)

    def _by_datagram(self, address: str) -> Reach:
        try:
            with _datagrams(address, self.target.port) as sock:
                return sign_of_life(sock, address, self._part)
        except OSError as error:
            return Reach(address=address, trouble=trouble_of_error(error))

    def _by_stream(self, addresses: Sequence[str]) -> Reach:
        line = connect(addresses, self.target.port, self._part)
        if line.sock is None:
            return line.reaches[0]
        with line.sock as sock:
            return sign_of_life(sock, str(sock.getpeername()[0]), self._part)

    def _allocate(self, addresses: Sequence[str], *, is_udp: bool) -> Reach | None:
        if self.target.credentials is None:
            return None
        if is_udp:
            with _datagrams(addresses[0], self.target.port) as sock:
                return allocation(sock, addresses[0], self.target.credentials, self._part)
        line = connect(addresses, self.target.port, self._part)
        if line.sock is None:
            return replace(line.reaches[0], trouble=line.reaches[0].trouble or Trouble.NO_ANSWER)
        with line.sock as sock:
            return allocation(sock, addresses[0], self.target.credentials, self._part)


def _datagrams(address: str, port: int) -> socket.socket:
    """A datagram socket that hears of one peer alone, and of what the network says about it."""
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.connect((address, port))
    except OSError:
        sock.close()
        raise
    return sock
