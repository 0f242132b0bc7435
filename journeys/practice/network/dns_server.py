"""A small name server of the practice school's own, over UDP and TCP, for names that can go away."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Collection

PORT = 53
TTL_S = 1
"""So that a name that goes is gone the next second, and comes back as fast."""
A, AAAA, IN = 1, 28, 1
NO_ERROR, NOT_UNDERSTOOD, NO_SUCH_NAME = 0, 1, 3
HEAD = struct.Struct("!6H")
LOOPBACK = bytes((127, 0, 0, 1))


class DnsServer(asyncio.DatagramProtocol):
    """Answers 127.0.0.1 for the names that are known, and "no such name" for every other."""

    def __init__(self, known: Collection[str]) -> None:
        self._known = frozenset(known)
        self._gone: frozenset[str] = frozenset()
        self._is_silent = False
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None

    async def open(self, address: str, port: int = PORT) -> None:
        """Answer from now on. Raises OSError where the port cannot be had."""
        loop = asyncio.get_running_loop()
        self._udp, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(address, port))
        # The same port for both, also where the system chose it.
        self._tcp = await asyncio.start_server(self._converse, *self.address)

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens, once it is open."""
        assert self._udp is not None  # noqa: S101  # nobody asks before
        host, port = self._udp.get_extra_info("sockname")
        return host, port

    def change(self, *, gone: Collection[str], silent: bool) -> None:
        """Which names are gone, and whether nothing is answered at all."""
        self._gone, self._is_silent = frozenset(gone), silent

    def resolves(self, host: str) -> bool:
        """Whether a name is there for others than the one whose name server is silent."""
        return host in self._known - self._gone

    async def close(self) -> None:
        """Give the port back."""
        if self._udp is not None:
            self._udp.close()
        if self._tcp is not None:
            self._tcp.close()
            await self._tcp.wait_closed()

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        """A question by UDP."""
        if self._udp is not None and (said := self._answer(data)):
            self._udp.sendto(said, addr)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Questions by TCP, each after its length (RFC 1035, 4.2.2)."""
        try:
            while True:
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                if said := self._answer(await reader.readexactly(length)):
                    writer.write(struct.pack("!H", len(said)) + said)
        except (asyncio.IncompleteReadError, ConnectionError):
            return  # They have heard enough.
        finally:
            writer.close()

    def _answer(self, asked: bytes) -> bytes:
        """The answer to a question; nothing for silence, and for what is no question at all."""
        if self._is_silent or len(asked) < HEAD.size:
            return b""
        number, flags, questions, *_ = HEAD.unpack_from(asked)
        # An answer (QR), of one who knows (AA), to whoever wanted recursion (RD) and has it (RA).
        said = 0x8480 | flags & 0x0100
        try:
            name, end = _name(asked, HEAD.size)
            kind, group = struct.unpack_from("!2H", asked, end)
        except (IndexError, struct.error, UnicodeDecodeError):
            return HEAD.pack(number, said | NOT_UNDERSTOOD, 0, 0, 0, 0)
        question = asked[HEAD.size : end + 4]
        if questions != 1 or not self.resolves(name):
            return HEAD.pack(number, said | NO_SUCH_NAME, 1, 0, 0, 0) + question
        if (kind, group) != (A, IN):
            return HEAD.pack(number, said | NO_ERROR, 1, 0, 0, 0) + question
        # 0xC00C points to the name in the question.
        address = struct.pack("!3HIH", 0xC00C, A, IN, TTL_S, len(LOOPBACK)) + LOOPBACK
        return HEAD.pack(number, said | NO_ERROR, 1, 1, 0, 0) + question + address


def _name(asked: bytes, start: int) -> tuple[str, int]:
    """The name that begins at `start`, and where it ends. Raises IndexError where it does not."""
    labels = []
    while length := asked[start]:
        if length > 63 or start + 1 + length > len(asked):
            raise IndexError
        labels.append(asked[start + 1 : start + 1 + length].decode("ascii").lower())
        start += 1 + length
    return ".".join(labels), start + 1
