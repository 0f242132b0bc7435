"""Makes a TLS handshake with a host as a browser would, and reads the certificate even if it is not accepted."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from firstbell.journeys.stage.pages.page_signs import printable
from firstbell.runner.diagnosis.host_check import Certificate, HostFault, TlsHandshake
from firstbell.runner.diagnosis.probes.deadline import Deadline, since_ms
from firstbell.runner.diagnosis.probes.tcp_connect import fault_of_error

SAID_LIMIT = 120
# Limits for what is kept of a certificate: a cloud's may have hundreds of names, and its texts are chosen by its owner.
NAMES, WORD_LIMIT = 20, 120
# OpenSSL's codes for a certificate that is not accepted (openssl-verification-options(1), x509_vfy.h).
_HOST_FAULTS = {
    9: HostFault.CERTIFICATE_EARLY,  # X509_V_ERR_CERT_NOT_YET_VALID
    10: HostFault.CERTIFICATE_EXPIRED,  # X509_V_ERR_CERT_HAS_EXPIRED
    62: HostFault.CERTIFICATE_NAME,  # X509_V_ERR_HOSTNAME_MISMATCH
    64: HostFault.CERTIFICATE_NAME,  # X509_V_ERR_IP_ADDRESS_MISMATCH
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsContexts:
    """TLS settings of a location. `unverified` accepts any certificate, to read one that `verifying` has refused."""

    verifying: ssl.SSLContext
    unverified: ssl.SSLContext


def tls_contexts(cas: Iterable[Path]) -> TlsContexts:
    """Trusts the system's authorities and these files. Raises OSError for a file without a certificate."""
    verifying = ssl.create_default_context()
    for file in cas:
        verifying.load_verify_locations(cafile=file)
    unverified = ssl.create_default_context()
    unverified.check_hostname = False
    unverified.verify_mode = ssl.CERT_NONE
    return TlsContexts(verifying=verifying, unverified=unverified)


def tls_handshake(
    sock: socket.socket,
    name: str,
    contexts: TlsContexts,
    reconnect: Callable[[], socket.socket | None],
    deadline: Deadline,
) -> tuple[TlsHandshake, ssl.SSLSocket | None]:
    """Makes a TLS handshake on a connection. If the certificate is refused, `reconnect` opens another connection, only
    to read the certificate. The caller closes the socket that is returned."""
    began_s = time.monotonic()
    try:
        tls_socket = _wrap(sock, name, contexts.verifying, deadline)
    except ssl.SSLCertVerificationError as error:
        fault = _HOST_FAULTS.get(error.verify_code, HostFault.CERTIFICATE_UNTRUSTED)
        took_ms, said = since_ms(began_s), error.verify_message[:SAID_LIMIT]
        certificate = _unverified_certificate(reconnect, name, contexts.unverified, deadline)
        return TlsHandshake(trouble=fault, certificate=certificate, said=said, took_ms=took_ms), None
    except (OSError, ValueError) as error:
        fault = HostFault.TLS_FAILED if isinstance(error, ValueError) else fault_of_error(error)
        said = (getattr(error, "reason", None) or str(error))[:SAID_LIMIT]
        return TlsHandshake(trouble=fault, said=said, took_ms=since_ms(began_s)), None
    certificate = _parse(tls_socket.getpeercert(binary_form=True))
    return TlsHandshake(certificate=certificate, took_ms=since_ms(began_s)), tls_socket


def _wrap(sock: socket.socket, name: str, context: ssl.SSLContext, deadline: Deadline) -> ssl.SSLSocket:
    """Wraps a socket; the timeout covers the whole handshake (ssl, "SSL Sockets")."""
    sock.settimeout(max(0.001, deadline.left_s))
    return context.wrap_socket(sock, server_hostname=name)


def _unverified_certificate(
    reconnect: Callable[[], socket.socket | None], name: str, unverified: ssl.SSLContext, deadline: Deadline
) -> Certificate | None:
    """The certificate of a host, read without verification."""
    sock = reconnect()
    if sock is None:
        return None
    with sock, suppress(OSError), _wrap(sock, name, unverified, deadline) as tls_socket:
        return _parse(tls_socket.getpeercert(binary_form=True))
    return None


def _parse(der: bytes | None) -> Certificate | None:
    """Parses a certificate; None if it cannot be read."""
    try:
        certificate = x509.load_der_x509_certificate(der or b"")
    except ValueError:
        return None
    return Certificate(
        names=tuple(printable(name, WORD_LIMIT) for name in _names(certificate)[:NAMES]),
        issuer=printable(_issuer(certificate), WORD_LIMIT),
        not_after=certificate.not_valid_after_utc,
        sha256=certificate.fingerprint(SHA256()).hex(),
    )


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    """The host names of a certificate: the alternative names, or without any the common name."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return tuple(
            str(attribute.value) for attribute in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        )
    addresses = (str(address) for address in names.get_values_for_type(x509.IPAddress))
    return (*names.get_values_for_type(x509.DNSName), *addresses)


def _issuer(certificate: x509.Certificate) -> str:
    """The organisation that signed a certificate, or another name of it."""
    for oid in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
        for attribute in certificate.issuer.get_attributes_for_oid(oid):
            return str(attribute.value)
    return certificate.issuer.rfc4514_string()
