"""Certificate authority of the practice school: valid certificates for its hosts, and wrong ones on purpose."""

from __future__ import annotations

import datetime
import ssl
import tempfile
from enum import Enum
from functools import cache, cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)


class CertificateKind(Enum):
    """The kind of certificate that a gate presents."""

    RIGHT = "right"
    EXPIRED = "expired"
    OTHER_NAME = "other name"
    UNKNOWN_ISSUER = "unknown issuer"


class PracticeCa:
    """The authority, made at every start. Its key never leaves the process."""

    def __init__(self, name: str = "Practice School District test authority") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._contexts: dict[tuple[str, CertificateKind], ssl.SSLContext] = {}

    @cached_property
    def certificate(self) -> x509.Certificate:
        """The authority's certificate, which browsers are made to trust."""
        usage = x509.KeyUsage(
            key_cert_sign=True,
            crl_sign=True,
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )
        return (
            _certificate_builder(self._name, self._name, self._key.public_key(), begins=-DAY, ends=30 * DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .sign(self._key, hashes.SHA256())
        )

    @property
    def pem(self) -> str:
        """The authority's certificate as PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def context(self, host: str, kind: CertificateKind = CertificateKind.RIGHT) -> ssl.SSLContext:
        """Returns a server's TLS context for `host`. The same arguments always return the same context."""
        if kind is CertificateKind.UNKNOWN_ISSUER:
            return _unknown_issuer().context(host)
        if (host, kind) not in self._contexts:
            self._contexts[host, kind] = self._server_context(host, kind)
        return self._contexts[host, kind]

    def _server_context(self, host: str, kind: CertificateKind) -> ssl.SSLContext:
        name = f"other.{host}" if kind is CertificateKind.OTHER_NAME else host
        ends = -DAY if kind is CertificateKind.EXPIRED else 30 * DAY
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = (
            _certificate_builder(subject, self._name, key.public_key(), begins=-2 * DAY, ends=ends)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        private_key = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # OpenSSL loads chains from files only; this file is deleted before the certificate is presented.
        with tempfile.NamedTemporaryFile() as file:
            file.write(private_key + certificate.public_bytes(serialization.Encoding.PEM))
            file.flush()
            context.load_cert_chain(Path(file.name))
        return context


@cache
def _unknown_issuer() -> PracticeCa:
    """Returns an authority that no browser trusts."""
    return PracticeCa("Untrusted test authority")


def _certificate_builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    *,
    begins: datetime.timedelta,
    ends: datetime.timedelta,
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begins)
        .not_valid_after(now + ends)
    )
