"""What is wrong with a host, as one sentence for people; what follows from it is for the rules to say."""

from __future__ import annotations

from collections.abc import Mapping

from runner.diagnosis.host import Handshake, HostCheck, Names, Page, Reach, Stage, Trouble

NAMES_SHOWN = 3

WORDS: Mapping[Trouble, str] = {
    Trouble.NAME_GONE: "its name is not found",
    Trouble.NAME_SERVER_SILENT: "the name server here does not answer",
    Trouble.NAME_SERVER_FAILED: "the name server here answers with an error",
    Trouble.REFUSED: "it refuses connections",
    Trouble.NO_ANSWER: "it does not answer",
    Trouble.RESET: "it cuts connections off",
    Trouble.UNREACHABLE: "there is no way to it",
    Trouble.CERTIFICATE_EXPIRED: "its certificate has expired",
    Trouble.CERTIFICATE_EARLY: "its certificate is not valid yet, or the clock here is wrong",
    Trouble.CERTIFICATE_NAME: "its certificate is for another name",
    Trouble.CERTIFICATE_UNTRUSTED: "its certificate is not trusted",
    Trouble.TLS_FAILED: "it does not come to terms about encryption",
    Trouble.HTTP_ERROR: "it answers with an error",
    Trouble.CAPTIVE_PORTAL: "a captive portal answers in its place",
    Trouble.NOT_HTTP: "what it answers is no web page",
    Trouble.NOT_STUN: "what it answers is no STUN",
    Trouble.CREDENTIALS_REFUSED: "its relay refuses the credentials",
    Trouble.RELAY_REFUSED: "its relay gives out no address",
    Trouble.PROXY_GONE: "the proxy here cannot be reached",
    Trouble.PROXY_REFUSED: "the proxy here does not let us through",
    Trouble.UNFINISHED: "the look at it did not come to an end",
}
"""What each trouble means, after the name of the host."""


def finding(check: HostCheck) -> str:
    """What is wrong, without a full stop; empty where all is well."""
    ending = check.ending
    if ending is None:
        return _degraded(check)
    words = WORDS[ending.trouble]
    match ending.stage:
        case Stage.NAMES if check.names:
            return words + _other_name_server(check.names)
        case Stage.TCP if check.tcp:
            return f"{words} ({', '.join(reach.address for reach in check.tcp)})"
        case Stage.TLS if check.tls:
            return _certificate(words, check.tls)
        case Stage.HTTP if check.http:
            return _page(words, check.http)
        case _:
            return words


def _degraded(check: HostCheck) -> str:
    if dead := check.dead_families:
        return f"it answers, and not by {' or '.join(dead)} ({_dead(check.tcp)})"
    if check.is_degraded and check.tcp:
        return f"it answers, and not at each of its addresses ({_dead(check.tcp)})"
    if check.stun and check.is_degraded:
        trouble = check.stun.udp.trouble
        return f"its relay answers by TCP, and not by UDP ({trouble.value if trouble else ''})"
    return ""


def _dead(reaches: tuple[Reach, ...]) -> str:
    return ", ".join(f"{reach.address} {reach.trouble.value}" for reach in reaches if reach.trouble)


def _other_name_server(names: Names) -> str:
    if names.second is None:
        return ""
    if names.second.trouble is None:
        return f", and the second name server finds it ({', '.join(names.second.addresses[:NAMES_SHOWN])})"
    if names.second.trouble is Trouble.NAME_GONE:
        return ", nor by the second name server"
    return "; the second name server is of no help either"


def _certificate(words: str, tls: Handshake) -> str:
    if tls.certificate is None:
        return f"{words} ({tls.said})" if tls.said else words
    match tls.trouble:
        case Trouble.CERTIFICATE_EXPIRED:
            return f"{words}, on {tls.certificate.not_after:%d %b %Y}"
        case Trouble.CERTIFICATE_NAME:
            return f"{words} ({', '.join(tls.certificate.names[:NAMES_SHOWN])})"
        case Trouble.CERTIFICATE_UNTRUSTED:
            return f"{words} (from {tls.certificate.issuer})"
        case _:
            return words


def _page(words: str, page: Page) -> str:
    answer = " ".join(filter(None, (str(page.status or ""), f'"{page.title}"' if page.title else "")))
    return f"{words} ({answer})" if answer else words
