"""Hosts as they are met in the world, on loopback: web servers with certificates of a private authority, ports that
refuse, hang or cut, a name server, a relay, a forward proxy."""

from __future__ import annotations

import hashlib
import hmac
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
from aioice.stun import Class, Message, Method, parse_message
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

ONE_DAY = timedelta(days=1)
Talk = Callable[[socket.socket], None]


def page(status: str = "200 OK", body: str = "<title>Portal</title>", **headers: str) -> bytes:
    """An answer as a web server gives it."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: text/html", f"Content-Length: {len(body.encode())}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


class Authority:
    """A certificate authority of one test's own. `file` is what trusts it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Practice Authority")])
        made = self._signed(self._name, self._key, ends=datetime.now(UTC) + ONE_DAY, is_ca=True)
        self.file = folder / "authority.pem"
        self.file.write_bytes(made.public_bytes(serialization.Encoding.PEM))

    def context(self, name: str, ends: datetime | None = None) -> ssl.SSLContext:
        """A server's side of TLS, with a certificate for a name."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = self._signed(subject, key, ends=ends or datetime.now(UTC) + ONE_DAY)
        file = self._folder / f"{name}.pem"
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        file.write_bytes(key.private_bytes(*form) + made.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _signed(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, ends: datetime, is_ca: bool = False
    ) -> x509.Certificate:
        common = str(subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(ends - 30 * ONE_DAY)
            .not_valid_after(ends)
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            .add_extension(authority, critical=False)
        )
        if is_ca:
            usage = dict.fromkeys(
                ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
                False,
            )
            signs = x509.KeyUsage(key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False, **usage)
            ski = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
            builder = builder.add_extension(signs, critical=True).add_extension(ski, critical=False)
        else:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(common)]), critical=False)
        return builder.sign(self._key, SHA256())


@contextmanager
def listening() -> Iterator[socket.socket]:
    """A port that is connected to and says nothing, for as long as nobody accepts."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen(64)
        yield door


@contextmanager
def server(talk: Talk, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A port where `talk` is had with each who comes."""

    def hear(client: socket.socket) -> None:
        with client, suppress(OSError):  # whoever asked may hang up when they please
            client.settimeout(10)
            if tls is None:
                talk(client)
            else:
                with tls.wrap_socket(client, server_side=True) as spoken:
                    talk(spoken)

    with listening() as door:

        def accept() -> None:
            with suppress(OSError):  # the door was closed: the test is over
                while True:
                    client, _ = door.accept()
                    threading.Thread(target=hear, args=[client], daemon=True).start()

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        yield door.getsockname()[1]
        door.shutdown(socket.SHUT_RDWR)
        accepting.join()


def answering(answer: bytes) -> Talk:
    """Reads a request and gives one answer."""

    def talk(client: socket.socket) -> None:
        client.recv(65536)
        client.sendall(answer)

    return talk


def reset(client: socket.socket) -> None:
    """Cut a connection as a firewall does (socket(7), SO_LINGER)."""
    client.recv(1)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@contextmanager
def blackhole() -> Iterator[int]:
    """A port whose connections are never made: its queue is full, and the kernel drops what comes."""
    with ExitStack() as held:
        door = held.enter_context(socket.socket())
        door.bind(("127.0.0.1", 0))
        door.listen(0)
        for _ in range(3):
            waiting = held.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(door.getsockname())
        yield door.getsockname()[1]


def closed_port() -> int:
    """A port that refuses."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


@contextmanager
def datagrams(answer: Callable[[bytes], bytes | None]) -> Iterator[int]:
    """A UDP port that answers with what `answer` makes of each datagram, or not at all."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.bind(("127.0.0.1", 0))

        def serve() -> None:
            while (came := door.recvfrom(1500))[0] != b"over":
                if said := answer(came[0]):
                    door.sendto(said, came[1])

        serving = threading.Thread(target=serve, daemon=True)
        serving.start()
        yield door.getsockname()[1]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ending:
            ending.sendto(b"over", door.getsockname())
        serving.join()


def name_server(zone: Mapping[str, tuple[str, ...]]) -> Callable[[bytes], bytes]:
    """Answers questions about the names of a zone; others do not exist."""

    def answer(data: bytes) -> bytes:
        asked = dns.message.from_wire(data)
        question = asked.question[0]
        reply = dns.message.make_response(asked)
        addresses = zone.get(question.name.to_text(omit_final_dot=True))
        if addresses is None:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        version = 6 if question.rdtype == dns.rdatatype.AAAA else 4
        if found := [address for address in addresses or () if ip_address(address).version == version]:
            reply.answer.append(dns.rrset.from_text(question.name, 60, "IN", question.rdtype, *found))
        return reply.to_wire()

    return answer


def relay(password: str = "right") -> Callable[[bytes], bytes | None]:  # noqa: S107  # a test's own
    """A TURN server that knows one person, "zz.probe" of the realm "school"."""

    def answer(data: bytes) -> bytes | None:
        try:
            asked = parse_message(data)
        except ValueError:
            return None
        method, number = asked.message_method, asked.transaction_id
        if method is Method.BINDING or _is_signed(data, asked, f"zz.probe:school:{password}"):
            return bytes(Message(method, Class.RESPONSE, number))
        refusal = {"ERROR-CODE": (401, "Unauthorized"), "REALM": "school", "NONCE": b"abc"}
        return bytes(Message(method, Class.ERROR, number, refusal))

    return answer


def _is_signed(data: bytes, asked: Message, known: str) -> bool:
    """Computed here once more from RFC 8489, 14.5: the digest of all that stands before the signature of 24 bytes, with
    the length of a message that ends with it. A fingerprint of 8 bytes follows."""
    before = data[:-32]
    signed = before[:2] + (len(before) - 20 + 24).to_bytes(2, "big") + before[4:]
    key = hashlib.md5(known.encode(), usedforsecurity=False).digest()
    return hmac.new(key, signed, hashlib.sha1).digest() == asked.attributes.get("MESSAGE-INTEGRITY")


def forward_proxy(client: socket.socket) -> None:
    """Makes tunnels, and fetches by absolute addresses; it finds every name on this machine."""
    head = client.recv(65536)
    method, where, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
    port = int(where.removeprefix("http://").partition("/")[0].rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as behind:
        if method == "CONNECT":
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pump, args=[behind, client], daemon=True)
            back.start()
            _pump(client, behind)
            back.join()
        else:
            behind.sendall(head)
            _pump(behind, client)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
