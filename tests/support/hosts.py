"""Loopback hosts for tests: web servers with certificates of a private authority, ports that refuse, hang or reset, a
name server, a TURN relay and a forward proxy."""

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
    """Returns an HTTP response as bytes."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: text/html", f"Content-Length: {len(body.encode())}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


class Authority:
    """A certificate authority for one test. `file` is its certificate, for trust stores."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Practice Authority")])
        made = self._signed(self._name, self._key, ends=datetime.now(UTC) + ONE_DAY, is_ca=True)
        self.file = folder / "authority.pem"
        self.file.write_bytes(made.public_bytes(serialization.Encoding.PEM))

    def context(self, name: str, ends: datetime | None = None) -> ssl.SSLContext:
        """Returns a server's TLS context with a certificate for `name`."""
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
    """Opens a listening socket that accepts nothing by itself, so that clients connect and get no data."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield listener


@contextmanager
def server(talk: Talk, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Runs a TCP server that calls `talk` with each connection. Yields its port."""

    def serve(client: socket.socket) -> None:
        with client, suppress(OSError):  # the client may hang up at any time
            client.settimeout(10)
            if tls is None:
                talk(client)
            else:
                with tls.wrap_socket(client, server_side=True) as secured:
                    talk(secured)

    with listening() as listener:

        def accept() -> None:
            with suppress(OSError):  # the socket was closed: the test is over
                while True:
                    client, _ = listener.accept()
                    threading.Thread(target=serve, args=[client], daemon=True).start()

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        accepting.join()


def answering(answer: bytes) -> Talk:
    """Builds a talk that reads a request and sends one response."""

    def talk(client: socket.socket) -> None:
        client.recv(65536)
        client.sendall(answer)

    return talk


def reset(client: socket.socket) -> None:
    """Resets a connection as a firewall does (socket(7), SO_LINGER)."""
    client.recv(1)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@contextmanager
def blackhole() -> Iterator[int]:
    """Yields a port whose connections are never made: its accept queue is full, and the kernel drops new requests."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def closed_port() -> int:
    """Returns a port that refuses connections."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def datagrams(answer: Callable[[bytes], bytes | None]) -> Iterator[int]:
    """Runs a UDP server that sends back the result of `answer` for each datagram, if there is one. Yields its port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))

        def serve() -> None:
            while (received := listener.recvfrom(1500))[0] != b"over":
                if response := answer(received[0]):
                    listener.sendto(response, received[1])

        serving = threading.Thread(target=serve, daemon=True)
        serving.start()
        yield listener.getsockname()[1]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ending:
            ending.sendto(b"over", listener.getsockname())
        serving.join()


def name_server(zone: Mapping[str, tuple[str, ...]]) -> Callable[[bytes], bytes]:
    """Builds a DNS server that answers for the names of a zone; others do not exist."""

    def answer(data: bytes) -> bytes:
        request = dns.message.from_wire(data)
        question = request.question[0]
        reply = dns.message.make_response(request)
        addresses = zone.get(question.name.to_text(omit_final_dot=True))
        if addresses is None:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        version = 6 if question.rdtype == dns.rdatatype.AAAA else 4
        if found := [address for address in addresses or () if ip_address(address).version == version]:
            reply.answer.append(dns.rrset.from_text(question.name, 60, "IN", question.rdtype, *found))
        return reply.to_wire()

    return answer


def relay(password: str = "right") -> Callable[[bytes], bytes | None]:  # noqa: S107  # a test's own
    """Builds a TURN server with one user, "zz.probe" of the realm "school"."""

    def answer(data: bytes) -> bytes | None:
        try:
            request = parse_message(data)
        except ValueError:
            return None
        method, number = request.message_method, request.transaction_id
        if method is Method.BINDING or _is_signed(data, request, f"zz.probe:school:{password}"):
            return bytes(Message(method, Class.RESPONSE, number))
        refusal = {"ERROR-CODE": (401, "Unauthorized"), "REALM": "school", "NONCE": b"abc"}
        return bytes(Message(method, Class.ERROR, number, refusal))

    return answer


def _is_signed(data: bytes, request: Message, identity: str) -> bool:
    """True if a request's signature is valid. Computed independently from RFC 8489, 14.5: the digest of all bytes
    before the 24-byte signature, with the length of a message that ends with it. A fingerprint of 8 bytes follows."""
    before = data[:-32]
    signed = before[:2] + (len(before) - 20 + 24).to_bytes(2, "big") + before[4:]
    key = hashlib.md5(identity.encode(), usedforsecurity=False).digest()
    return hmac.new(key, signed, hashlib.sha1).digest() == request.attributes.get("MESSAGE-INTEGRITY")


def forward_proxy(client: socket.socket) -> None:
    """Serves one proxy connection: tunnels, and requests with an absolute address. Every name resolves to loopback."""
    head = client.recv(65536)
    method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
    port = int(target.removeprefix("http://").partition("/")[0].rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as behind:
        if method == "CONNECT":
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            behind.sendall(head)
        back = threading.Thread(target=_pump, args=[behind, client], daemon=True)
        back.start()
        _pump(client, behind)
        back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
