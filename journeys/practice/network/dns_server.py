"""DNS server of the practice school, over UDP and TCP, whose names can be removed."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Collection

PORT = 53
TTL_S = 1
"""One second, so that a name that is removed or restored takes effect at once."""
A, AAAA, IN = 1, 28, 1
NO_ERROR, FORMAT_ERROR, NO_SUCH_NAME = 0, 1, 3
HEADER = struct.Struct("!6H")
LOOPBACK = bytes((127, 0, 0, 1))


class DnsServer(asyncio.DatagramProtocol):
    """Answers 127.0.0.1 for the known names, and "no such name" for every other."""

    def __init__(self, known: Collection[str]) -> None:
        self._known = frozenset(known)
        self._gone: frozenset[str] = frozenset()
        self._is_silent = False
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None

    async def open(self, address: str, port: int = PORT) -> None:
        """Opens the port. Raises OSError if it cannot be opened."""
        loop = asyncio.get_running_loop()
        self._udp, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(address, port))
        # TCP uses the UDP port, also where the system chose it.
        self._tcp = await asyncio.start_server(self._serve_tcp, *self.address)

    @property
    def address(self) -> tuple[str, int]:
        """The address it listens at, once it is open."""
        assert self._udp is not None  # noqa: S101  # only read once it is open
        host, port = self._udp.get_extra_info("sockname")
        return host, port

    def configure(self, *, gone: Collection[str], silent: bool) -> None:
        """Sets the names that are gone, and whether the server answers at all."""
        self._gone, self._is_silent = frozenset(gone), silent

    def resolves(self, host: str) -> bool:
        """Tells whether a name exists, whether or not the server is silent."""
        return host in self._known - self._gone

    async def close(self) -> None:
        """Frees the port."""
        if self._udp is not None:
            self._udp.close()
        if self._tcp is not None:
            self._tcp.close()
            await self._tcp.wait_closed()

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        """Answers a query over UDP."""
        if self._udp is not None and (answer := self._answer(data)):
            self._udp.sendto(answer, addr)

    async def _serve_tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers queries over TCP, each prefixed with its length (RFC 1035, 4.2.2)."""
        try:
            while True:
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                if answer := self._answer(await reader.readexactly(length)):
                    writer.write(struct.pack("!H", len(answer)) + answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            return  # The client hung up.
        finally:
            writer.close()

    def _answer(self, query: bytes) -> bytes:
        """Returns the answer to a query; empty if the server is silent or the data is no query."""
        if self._is_silent or len(query) < HEADER.size:
            return b""
        query_id, flags, questions, *_ = HEADER.unpack_from(query)
        # A response (QR), authoritative (AA), recursion available (RA), and the query's RD flag copied.
        answer_flags = 0x8480 | flags & 0x0100
        try:
            name, end = _parse_name(query, HEADER.size)
            kind, class_ = struct.unpack_from("!2H", query, end)
        except (IndexError, struct.error, UnicodeDecodeError):
            return HEADER.pack(query_id, answer_flags | FORMAT_ERROR, 0, 0, 0, 0)
        question = query[HEADER.size : end + 4]
        if questions != 1 or not self.resolves(name):
            return HEADER.pack(query_id, answer_flags | NO_SUCH_NAME, 1, 0, 0, 0) + question
        if (kind, class_) != (A, IN):
            return HEADER.pack(query_id, answer_flags | NO_ERROR, 1, 0, 0, 0) + question
        # 0xC00C points to the name in the question.
        address = struct.pack("!3HIH", 0xC00C, A, IN, TTL_S, len(LOOPBACK)) + LOOPBACK
        return HEADER.pack(query_id, answer_flags | NO_ERROR, 1, 1, 0, 0) + question + address


def _parse_name(query: bytes, start: int) -> tuple[str, int]:
    """Returns the name that begins at `start`, and the offset behind it. Raises IndexError if it does not end."""
    labels = []
    while length := query[start]:
        if length > 63 or start + 1 + length > len(query):
            raise IndexError
        labels.append(query[start + 1 : start + 1 + length].decode("ascii").lower())
        start += 1 + length
    return ".".join(labels), start + 1
