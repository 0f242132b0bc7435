"""Writes the fault of a host as one sentence for people; the rules draw the conclusions."""

from __future__ import annotations

from collections.abc import Mapping

from firstbell.runner.diagnosis.host_check import (
    CheckPart,
    Connection,
    DnsLookups,
    HostCheck,
    HostFault,
    HttpAnswer,
    TlsHandshake,
)

NAMES_SHOWN = 3

WORDS: Mapping[HostFault, str] = {
    HostFault.NAME_GONE: "its host name is not found",
    HostFault.NAME_SERVER_SILENT: "the name server here does not answer",
    HostFault.NAME_SERVER_FAILED: "the name server here answers with an error",
    HostFault.REFUSED: "it refuses connections",
    HostFault.NO_ANSWER: "it does not answer",
    HostFault.RESET: "it closes connections before it has answered",
    HostFault.UNREACHABLE: "there is no network route to it",
    HostFault.CERTIFICATE_EXPIRED: "its certificate has expired",
    HostFault.CERTIFICATE_EARLY: "its certificate is not valid yet, or the clock here is wrong",
    HostFault.CERTIFICATE_NAME: "its certificate is for another host name",
    HostFault.CERTIFICATE_UNTRUSTED: "its certificate is not trusted",
    HostFault.TLS_FAILED: "the TLS handshake with it fails",
    HostFault.HTTP_ERROR: "it answers with an error",
    HostFault.CAPTIVE_PORTAL: "a captive portal answers in its place",
    HostFault.NOT_HTTP: "its answer is not HTTP",
    HostFault.NOT_STUN: "its answer is not STUN",
    HostFault.CREDENTIALS_REFUSED: "its relay refuses the credentials",
    HostFault.RELAY_REFUSED: "its relay gives out no address",
    HostFault.PROXY_GONE: "the proxy here cannot be reached",
    HostFault.PROXY_REFUSED: "the proxy here refuses the request",
    HostFault.UNFINISHED: "its check did not finish in time",
}
"""One phrase for each fault, to follow the name of the host."""


def host_check_text(check: HostCheck) -> str:
    """The fault as a phrase without a full stop; empty where the host works."""
    ending = check.ending
    if ending is None:
        return _degraded(check)
    words = WORDS[ending.trouble]
    match ending.stage:
        case CheckPart.NAMES if check.names:
            return words + _other_name_server(check.names)
        case CheckPart.TCP if check.tcp:
            return f"{words} ({', '.join(reach.address for reach in check.tcp)})"
        case CheckPart.TLS if check.tls:
            return _certificate(words, check.tls)
        case CheckPart.HTTP if check.http:
            return _page(words, check.http)
        case _:
            return words


def _degraded(check: HostCheck) -> str:
    if dead := check.dead_families:
        return f"it answers, but not by {' or '.join(dead)} ({_dead_addresses(check.tcp)})"
    if check.is_degraded and check.tcp:
        return f"it answers, but not at each of its addresses ({_dead_addresses(check.tcp)})"
    if check.stun and check.is_degraded:
        fault = check.stun.udp.trouble
        return f"its relay answers by TCP, but not by UDP ({fault.value if fault else ''})"
    return ""


def _dead_addresses(reaches: tuple[Connection, ...]) -> str:
    return ", ".join(f"{reach.address} {reach.trouble.value}" for reach in reaches if reach.trouble)


def _other_name_server(names: DnsLookups) -> str:
    if names.second is None:
        return ""
    if names.second.trouble is None:
        return f", and the second name server finds it ({', '.join(names.second.addresses[:NAMES_SHOWN])})"
    if names.second.trouble is HostFault.NAME_GONE:
        return ", and the second name server does not find it either"
    return "; the second name server gives no usable answer either"


def _certificate(words: str, tls: TlsHandshake) -> str:
    if tls.certificate is None:
        return f"{words} ({tls.said})" if tls.said else words
    match tls.trouble:
        case HostFault.CERTIFICATE_EXPIRED:
            return f"{words}, on {tls.certificate.not_after:%d %b %Y}"
        case HostFault.CERTIFICATE_NAME:
            return f"{words} ({', '.join(tls.certificate.names[:NAMES_SHOWN])})"
        case HostFault.CERTIFICATE_UNTRUSTED:
            return f"{words} (from {tls.certificate.issuer})"
        case _:
            return words


def _page(words: str, page: HttpAnswer) -> str:
    answer = " ".join(filter(None, (str(page.status or ""), f'"{page.title}"' if page.title else "")))
    return f"{words} ({answer})" if answer else words
