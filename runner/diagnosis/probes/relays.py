"""Asks a STUN or TURN server for a sign of life by UDP and TCP, and with credentials for a relay (RFC 8489, 8656)."""

from __future__ import annotations

import hashlib
import hmac
import os
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass

from runner.diagnosis.host import Reach, Trouble
from runner.diagnosis.probes.connecting import TimedReader, send, trouble_of_error
from runner.diagnosis.probes.deadline import Deadline, since_ms
from runner.diagnosis.targets import Credentials

COOKIE = 0x2112A442
HEADER = struct.Struct(">HHI12s")
BINDING, ALLOCATE, REFRESH = 0x0001, 0x0003, 0x0004
SUCCESS, ERROR = 0x0100, 0x0110
USERNAME, MESSAGE_INTEGRITY, ERROR_CODE, LIFETIME, REALM, NONCE, REQUESTED_TRANSPORT = (
    0x0006, 0x0008, 0x0009, 0x000D, 0x0014, 0x0015, 0x0019,
)  # fmt: skip
UDP_IN_A_RELAY = struct.pack(">Bxxx", 17)
UNAUTHENTICATED, STALE_NONCE = 401, 438
# How long to wait for an answer by UDP before asking again; doubled each time (RFC 8489, 6.2.1).
FIRST_WAIT_S = 0.5
DATAGRAM = 1500

Attributes = dict[int, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One STUN message, as far as it matters here."""

    kind: int
    transaction: bytes
    attributes: Attributes

    @property
    def error(self) -> int:
        """The number of an error (RFC 8489, 14.8); 0 for none."""
        given = self.attributes.get(ERROR_CODE, b"")
        return (given[2] & 7) * 100 + given[3] if len(given) >= 4 else 0


def encode(kind: int, transaction: bytes, attributes: Attributes | None = None, key: bytes = b"") -> bytes:
    """A message, signed at its end where there is a key (RFC 8489, 14.5)."""
    body = b"".join(
        struct.pack(">HH", type_, len(value)) + value + bytes(-len(value) % 4)
        for type_, value in (attributes or {}).items()
    )
    if not key:
        return HEADER.pack(kind, len(body), COOKIE, transaction) + body
    signed = HEADER.pack(kind, len(body) + 24, COOKIE, transaction) + body
    digest = hmac.digest(key, signed, "sha1")
    return signed + struct.pack(">HH", MESSAGE_INTEGRITY, len(digest)) + digest


def decode(data: bytes) -> Message | None:
    """A message that came; None for what is none."""
    if len(data) < HEADER.size:
        return None
    kind, length, cookie, transaction = HEADER.unpack_from(data)
    if cookie != COOKIE or len(data) < HEADER.size + length:
        return None
    attributes: Attributes = {}
    at, end = HEADER.size, HEADER.size + length
    while at + 4 <= end:
        type_, size = struct.unpack_from(">HH", data, at)
        attributes.setdefault(type_, data[at + 4 : min(at + 4 + size, end)])
        at += 4 + size + -size % 4
    return Message(kind=kind, transaction=transaction, attributes=attributes)


class Asker:
    """Asks one server on one connected socket. `ask` raises OSError, TimeoutError among them, and ValueError for an
    answer that is no STUN."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline
        is_stream = sock.type == socket.SOCK_STREAM
        self._exchange: Callable[[bytes, bytes], Message] = self._by_stream if is_stream else self._by_datagram

    def ask(self, kind: int, attributes: Attributes | None = None, key: bytes = b"") -> Message:
        """The answer to one request."""
        transaction = os.urandom(12)
        return self._exchange(encode(kind, transaction, attributes, key), transaction)

    def _by_datagram(self, request: bytes, transaction: bytes) -> Message:
        """Ask again and again, longer each time; what is no answer to this request is passed over."""
        wait_s = FIRST_WAIT_S
        while self._deadline.left_s:
            turn = self._deadline.within(wait_s)
            send(self._sock, request, turn)
            while turn.left_s:
                self._sock.settimeout(turn.left_s)
                try:
                    message = decode(self._sock.recv(DATAGRAM))
                except TimeoutError:
                    break
                if message is not None and message.transaction == transaction:
                    return message
            wait_s *= 2
        raise TimeoutError

    def _by_stream(self, request: bytes, transaction: bytes) -> Message:
        send(self._sock, request, self._deadline)
        reader = TimedReader(self._sock, self._deadline)
        head = _exactly(reader, HEADER.size)
        _, length, cookie, _ = HEADER.unpack(head)
        message = decode(head + _exactly(reader, length)) if cookie == COOKIE else None
        if message is None or message.transaction != transaction:
            raise ValueError("this is no answer to what was asked")
        return message


def _exactly(reader: TimedReader, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = reader.read(size - len(data))
        if not more:
            raise ConnectionResetError
        data += more
    return data


def sign_of_life(sock: socket.socket, address: str, deadline: Deadline) -> Reach:
    """Whether a server answers a binding request; any answer will do, a refusal as well."""

    def ask() -> None:
        Asker(sock, deadline).ask(BINDING)

    return _timed(address, ask)


def allocation(sock: socket.socket, address: str, credentials: Credentials, deadline: Deadline) -> Reach:
    """Whether a server gives out a relay for these credentials. What was given is given back at once."""
    return _timed(address, lambda: _allocate(Asker(sock, deadline), credentials))


def _timed(address: str, ask: Callable[[], Trouble | None]) -> Reach:
    began_s = time.monotonic()
    try:
        trouble = ask()
    except ValueError:
        trouble = Trouble.NOT_STUN
    except OSError as error:
        trouble = trouble_of_error(error)
    return Reach(address=address, trouble=trouble, took_ms=since_ms(began_s))


def _allocate(asker: Asker, credentials: Credentials) -> Trouble | None:
    """The first request is always refused and names the realm; the second one is signed (RFC 8489, 9.2)."""
    wanted: Attributes = {REQUESTED_TRANSPORT: UDP_IN_A_RELAY}
    answer = asker.ask(ALLOCATE, wanted)
    for _ in range(2):
        if answer.kind == ALLOCATE | SUCCESS or answer.error not in (UNAUTHENTICATED, STALE_NONCE):
            break
        realm, nonce = (answer.attributes.get(name, b"") for name in (REALM, NONCE))
        signed: Attributes = {USERNAME: credentials.username.encode(), REALM: realm, NONCE: nonce}
        known = b":".join((credentials.username.encode(), realm, credentials.password.reveal().encode()))
        key = hashlib.md5(known, usedforsecurity=False).digest()  # the protocol's own (RFC 8489, 9.2.2)
        answer = asker.ask(ALLOCATE, wanted | signed, key)
        if answer.kind == ALLOCATE | SUCCESS:
            asker.ask(REFRESH, {LIFETIME: bytes(4)} | signed, key)
            return None
        if answer.error != STALE_NONCE:
            break
    if answer.kind == ALLOCATE | SUCCESS:
        return None
    return Trouble.CREDENTIALS_REFUSED if answer.error in (UNAUTHENTICATED, STALE_NONCE) else Trouble.RELAY_REFUSED
