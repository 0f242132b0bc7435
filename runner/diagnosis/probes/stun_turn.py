"""Asks a STUN or TURN server for a sign of life by UDP and TCP, and with credentials for a relay (RFC 8489, 8656)."""

from __future__ import annotations

import hashlib
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

from aioice.stun import COOKIE, HEADER_LENGTH, Class, Message, Method, parse_message

from firstbell.runner.diagnosis.host_check import Connection, HostFault
from firstbell.runner.diagnosis.probes.deadline import Deadline, since_ms
from firstbell.runner.diagnosis.probes.tcp_connect import TimedReader, fault_of_error, send
from firstbell.runner.diagnosis.targets import Credentials

UDP_IN_A_RELAY = 17 << 24  # The protocol's number, and three bytes that are kept for later.
UNAUTHENTICATED, STALE_NONCE = 401, 438
# How long to wait for an answer by UDP before asking again; doubled each time (RFC 8489, 6.2.1).
FIRST_WAIT_S = 0.5
DATAGRAM = 1500

Attributes = dict[str, Any]


def request(method: Method, attributes: Attributes, key: bytes = b"") -> Message:
    """A request, signed where there is a key (RFC 8489, 14.5)."""
    message = Message(method, Class.REQUEST, attributes=dict(attributes))
    if key:
        message.add_message_integrity(key)
    return message


def answer_to(asked: Message, data: bytes) -> Message | None:
    """The answer in what came; None for what is no STUN, or answers something else."""
    if len(data) < HEADER_LENGTH or data[4:8] != COOKIE.to_bytes(4, "big"):
        return None
    try:
        answer = parse_message(data)
    except (ValueError, struct.error):
        return None
    return answer if answer.transaction_id == asked.transaction_id else None


class StunClient:
    """Asks one server on one connected socket. `ask` raises OSError, TimeoutError among them, and ValueError for an
    answer that is no STUN."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline
        is_stream = sock.type == socket.SOCK_STREAM
        self.ask: Callable[[Message], Message] = self._by_stream if is_stream else self._by_datagram

    def _by_datagram(self, asked: Message) -> Message:
        """Ask again and again, longer each time; what is no answer to this request is passed over."""
        wait_s = FIRST_WAIT_S
        while self._deadline.left_s:
            turn = self._deadline.within(wait_s)
            send(self._sock, bytes(asked), turn)
            while turn.left_s:
                self._sock.settimeout(turn.left_s)
                try:
                    data = self._sock.recv(DATAGRAM)
                except TimeoutError:
                    break
                if (answer := answer_to(asked, data)) is not None:
                    return answer
            wait_s *= 2
        raise TimeoutError

    def _by_stream(self, asked: Message) -> Message:
        send(self._sock, bytes(asked), self._deadline)
        reader = TimedReader(self._sock, self._deadline)
        head = _exactly(reader, HEADER_LENGTH)
        length = int.from_bytes(head[2:4], "big") if head[4:8] == COOKIE.to_bytes(4, "big") else 0
        answer = answer_to(asked, head + _exactly(reader, length))
        if answer is None:
            raise ValueError("this is no answer to what was asked")
        return answer


def _exactly(reader: TimedReader, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = reader.read(size - len(data))
        if not more:
            raise ConnectionResetError
        data += more
    return data


def check_binding(sock: socket.socket, address: str, deadline: Deadline) -> Connection:
    """Whether a server answers a binding request; any answer will do, a refusal as well."""

    def ask() -> None:
        StunClient(sock, deadline).ask(request(Method.BINDING, {}))

    return _timed(address, ask)


def check_allocation(sock: socket.socket, address: str, credentials: Credentials, deadline: Deadline) -> Connection:
    """Whether a server gives out a relay for these credentials. What was given is given back at once."""
    return _timed(address, lambda: _allocate(StunClient(sock, deadline), credentials))


def _timed(address: str, ask: Callable[[], HostFault | None]) -> Connection:
    began_s = time.monotonic()
    try:
        trouble = ask()
    except ValueError:
        trouble = HostFault.NOT_STUN
    except OSError as error:
        trouble = fault_of_error(error)
    return Connection(address=address, trouble=trouble, took_ms=since_ms(began_s))


def _allocate(asker: StunClient, credentials: Credentials) -> HostFault | None:
    """The first request is always refused and names the realm; the second one is signed (RFC 8489, 9.2)."""
    wanted: Attributes = {"REQUESTED-TRANSPORT": UDP_IN_A_RELAY}
    answer = asker.ask(request(Method.ALLOCATE, wanted))
    for _ in range(2):
        if _is_given(answer) or answer.error_code not in (UNAUTHENTICATED, STALE_NONCE):
            break
        realm, nonce = answer.attributes.get("REALM", ""), answer.attributes.get("NONCE", b"")
        signed: Attributes = {"USERNAME": credentials.username, "REALM": realm, "NONCE": nonce}
        known = f"{credentials.username}:{realm}:{credentials.password.reveal()}"
        key = hashlib.md5(known.encode(), usedforsecurity=False).digest()  # the protocol's own (RFC 8489, 9.2.2)
        answer = asker.ask(request(Method.ALLOCATE, wanted | signed, key))
        if _is_given(answer):
            asker.ask(request(Method.REFRESH, {"LIFETIME": 0} | signed, key))
            return None
        if answer.error_code != STALE_NONCE:
            break
    if _is_given(answer):
        return None
    refused = answer.error_code in (UNAUTHENTICATED, STALE_NONCE)
    return HostFault.CREDENTIALS_REFUSED if refused else HostFault.RELAY_REFUSED


def _is_given(answer: Message) -> bool:
    """Whether a relay was given out."""
    return (answer.message_method, answer.message_class) == (Method.ALLOCATE, Class.RESPONSE)
