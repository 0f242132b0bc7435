"""Checks a STUN or TURN server by UDP and TCP, and with credentials its relay (RFC 8489, 8656)."""

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

UDP_IN_A_RELAY = 17 << 24  # The protocol number, and three reserved bytes.
UNAUTHENTICATED, STALE_NONCE = 401, 438
# The wait for an answer by UDP before the request is sent again; doubled each time (RFC 8489, 6.2.1).
FIRST_WAIT_S = 0.5
DATAGRAM = 1500

Attributes = dict[str, Any]


def request(method: Method, attributes: Attributes, key: bytes = b"") -> Message:
    """Builds a request, signed if there is a key (RFC 8489, 14.5)."""
    message = Message(method, Class.REQUEST, attributes=dict(attributes))
    if key:
        message.add_message_integrity(key)
    return message


def answer_to(sent: Message, data: bytes) -> Message | None:
    """Parses the answer to a request; None for data that is not STUN, or answers another request."""
    if len(data) < HEADER_LENGTH or data[4:8] != COOKIE.to_bytes(4, "big"):
        return None
    try:
        answer = parse_message(data)
    except (ValueError, struct.error):
        return None
    return answer if answer.transaction_id == sent.transaction_id else None


class StunClient:
    """Sends requests to one server on one connected socket. `ask` raises OSError (TimeoutError among them), and
    ValueError for an answer that is not STUN."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline
        is_stream = sock.type == socket.SOCK_STREAM
        self.ask: Callable[[Message], Message] = self._by_stream if is_stream else self._by_datagram

    def _by_datagram(self, sent: Message) -> Message:
        """Sends a request repeatedly, with a longer wait each time; other data is ignored."""
        wait_s = FIRST_WAIT_S
        while self._deadline.left_s:
            round_ = self._deadline.within(wait_s)
            send(self._sock, bytes(sent), round_)
            while round_.left_s:
                self._sock.settimeout(round_.left_s)
                try:
                    data = self._sock.recv(DATAGRAM)
                except TimeoutError:
                    break
                if (answer := answer_to(sent, data)) is not None:
                    return answer
            wait_s *= 2
        raise TimeoutError

    def _by_stream(self, sent: Message) -> Message:
        send(self._sock, bytes(sent), self._deadline)
        reader = TimedReader(self._sock, self._deadline)
        head = _exactly(reader, HEADER_LENGTH)
        length = int.from_bytes(head[2:4], "big") if head[4:8] == COOKIE.to_bytes(4, "big") else 0
        answer = answer_to(sent, head + _exactly(reader, length))
        if answer is None:
            raise ValueError("the answer does not belong to the request")
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
    """Checks that a server answers a binding request; any answer counts, even a refusal."""

    def ask() -> None:
        StunClient(sock, deadline).ask(request(Method.BINDING, {}))

    return _timed_check(address, ask)


def check_allocation(sock: socket.socket, address: str, credentials: Credentials, deadline: Deadline) -> Connection:
    """Checks that a server allocates a relay for these credentials, and releases it at once."""
    return _timed_check(address, lambda: _allocate(StunClient(sock, deadline), credentials))


def _timed_check(address: str, ask: Callable[[], HostFault | None]) -> Connection:
    began_s = time.monotonic()
    try:
        fault = ask()
    except ValueError:
        fault = HostFault.NOT_STUN
    except OSError as error:
        fault = fault_of_error(error)
    return Connection(address=address, trouble=fault, took_ms=since_ms(began_s))


def _allocate(client: StunClient, credentials: Credentials) -> HostFault | None:
    """Allocates a relay. The first request is refused and names the realm; the second is signed (RFC 8489, 9.2)."""
    transport: Attributes = {"REQUESTED-TRANSPORT": UDP_IN_A_RELAY}
    answer = client.ask(request(Method.ALLOCATE, transport))
    for _ in range(2):
        if _is_allocated(answer) or answer.error_code not in (UNAUTHENTICATED, STALE_NONCE):
            break
        realm, nonce = answer.attributes.get("REALM", ""), answer.attributes.get("NONCE", b"")
        signed: Attributes = {"USERNAME": credentials.username, "REALM": realm, "NONCE": nonce}
        credential_text = f"{credentials.username}:{realm}:{credentials.password.reveal()}"
        # MD5 is the protocol's own (RFC 8489, 9.2.2).
        key = hashlib.md5(credential_text.encode(), usedforsecurity=False).digest()
        answer = client.ask(request(Method.ALLOCATE, transport | signed, key))
        if _is_allocated(answer):
            client.ask(request(Method.REFRESH, {"LIFETIME": 0} | signed, key))
            return None
        if answer.error_code != STALE_NONCE:
            break
    if _is_allocated(answer):
        return None
    refused = answer.error_code in (UNAUTHENTICATED, STALE_NONCE)
    return HostFault.CREDENTIALS_REFUSED if refused else HostFault.RELAY_REFUSED


def _is_allocated(answer: Message) -> bool:
    """Tells whether a relay was allocated."""
    return (answer.message_method, answer.message_class) == (Method.ALLOCATE, Class.RESPONSE)
