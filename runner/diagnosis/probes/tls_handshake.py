"""Speaks TLS with a host as a browser would, and reads the certificate even where it is not accepted."""

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
# What is kept of a certificate: its names, of which a cloud's may have hundreds, and words that its maker has chosen.
NAMES, WORD_LIMIT = 20, 120
# What OpenSSL calls it when a certificate is not accepted (openssl-verification-options(1), x509_vfy.h).
_HOST_FAULTS = {
    9: HostFault.CERTIFICATE_EARLY,  # X509_V_ERR_CERT_NOT_YET_VALID
    10: HostFault.CERTIFICATE_EXPIRED,  # X509_V_ERR_CERT_HAS_EXPIRED
    62: HostFault.CERTIFICATE_NAME,  # X509_V_ERR_HOSTNAME_MISMATCH
    64: HostFault.CERTIFICATE_NAME,  # X509_V_ERR_IP_ADDRESS_MISMATCH
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsContexts:
    """Whom a location trusts. `blind` trusts everybody: it is there to read what `wary` has refused."""

    wary: ssl.SSLContext
    blind: ssl.SSLContext


def tls_contexts(cas: Iterable[Path]) -> TlsContexts:
    """The system's authorities, and these beside them. Raises OSError for a file that holds none."""
    wary = ssl.create_default_context()
    for file in cas:
        wary.load_verify_locations(cafile=file)
    blind = ssl.create_default_context()
    blind.check_hostname = False
    blind.verify_mode = ssl.CERT_NONE
    return TlsContexts(wary=wary, blind=blind)


def tls_handshake(
    sock: socket.socket, name: str, trust: TlsContexts, again: Callable[[], socket.socket | None], deadline: Deadline
) -> tuple[TlsHandshake, ssl.SSLSocket | None]:
    """TLS on a connection. One that is refused for its certificate is tried once more, on a connection that `again`
    opens, only to read the certificate. Whoever asked closes what comes back."""
    began_s = time.monotonic()
    try:
        spoken = _wrapped(sock, name, trust.wary, deadline)
    except ssl.SSLCertVerificationError as error:
        trouble = _HOST_FAULTS.get(error.verify_code, HostFault.CERTIFICATE_UNTRUSTED)
        took_ms, said = since_ms(began_s), error.verify_message[:SAID_LIMIT]
        shown = _unverified_certificate(again, name, trust.blind, deadline)
        return TlsHandshake(trouble=trouble, certificate=shown, said=said, took_ms=took_ms), None
    except (OSError, ValueError) as error:
        trouble = HostFault.TLS_FAILED if isinstance(error, ValueError) else fault_of_error(error)
        said = (getattr(error, "reason", None) or str(error))[:SAID_LIMIT]
        return TlsHandshake(trouble=trouble, said=said, took_ms=since_ms(began_s)), None
    return TlsHandshake(certificate=_read(spoken.getpeercert(binary_form=True)), took_ms=since_ms(began_s)), spoken


def _wrapped(sock: socket.socket, name: str, context: ssl.SSLContext, deadline: Deadline) -> ssl.SSLSocket:
    """The handshake; its time limit is one for the whole of it (ssl, "SSL Sockets")."""
    sock.settimeout(max(0.001, deadline.left_s))
    return context.wrap_socket(sock, server_hostname=name)


def _unverified_certificate(
    again: Callable[[], socket.socket | None], name: str, blind: ssl.SSLContext, deadline: Deadline
) -> Certificate | None:
    """The certificate that a host shows to whoever accepts anything."""
    sock = again()
    if sock is None:
        return None
    with sock, suppress(OSError), _wrapped(sock, name, blind, deadline) as spoken:
        return _read(spoken.getpeercert(binary_form=True))
    return None


def _read(der: bytes | None) -> Certificate | None:
    """What a certificate says; None for one that cannot be read."""
    try:
        found = x509.load_der_x509_certificate(der or b"")
    except ValueError:
        return None
    return Certificate(
        names=tuple(printable(name, WORD_LIMIT) for name in _names(found)[:NAMES]),
        issuer=printable(_issuer(found), WORD_LIMIT),
        not_after=found.not_valid_after_utc,
        sha256=found.fingerprint(SHA256()).hex(),
    )


def _names(found: x509.Certificate) -> tuple[str, ...]:
    """Whom it is for: the alternative names, or where there are none the common name."""
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return tuple(str(one.value) for one in found.subject.get_attributes_for_oid(NameOID.COMMON_NAME))
    addresses = (str(address) for address in names.get_values_for_type(x509.IPAddress))
    return (*names.get_values_for_type(x509.DNSName), *addresses)


def _issuer(found: x509.Certificate) -> str:
    """The organisation that has signed it, or what else it is called."""
    for oid in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
        for one in found.issuer.get_attributes_for_oid(oid):
            return str(one.value)
    return found.issuer.rfc4514_string()
