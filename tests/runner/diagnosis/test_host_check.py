"""Host checks: targets, results, texts and changes between two checks, as tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from firstbell.journeys.stage.service import Service
from firstbell.runner.diagnosis.host_changes import ChangedPart, host_changes
from firstbell.runner.diagnosis.host_check import (
    Certificate,
    CheckPart,
    Connection,
    DnsLookup,
    DnsLookups,
    HostCheck,
    HostFault,
    HttpAnswer,
    RelayCheck,
    TlsHandshake,
    fault_of_status,
)
from firstbell.runner.diagnosis.host_check_text import WORDS, host_check_text
from firstbell.runner.diagnosis.targets import TargetKind, target_of, targets_of

NOON = datetime(2026, 8, 31, 16, tzinfo=UTC)
REFUSED = Connection(address="192.0.2.7", trouble=HostFault.REFUSED)
OPEN = Connection(address="192.0.2.7")
SILENT = Connection(address="192.0.2.7", trouble=HostFault.NO_ANSWER)
CERTIFICATE = Certificate(names=("portal.example",), issuer="Authority", not_after=NOON, sha256="aa" * 32)
WELL = HostCheck(
    host="portal.example:443",
    service="edge",
    at=NOON,
    names=DnsLookups(system=DnsLookup(addresses=("192.0.2.7", "192.0.2.8"))),
    tcp=(OPEN,),
    tls=TlsHandshake(certificate=CERTIFICATE),
    http=HttpAnswer(status=200, title="Portal", scripts=("app.1.js 11111111", "app.2.js 22222222")),
)
GONE = DnsLookups(system=DnsLookup(trouble=HostFault.NAME_GONE), second=DnsLookup(addresses=("192.0.2.7",)))
EMPTY = replace(WELL, names=None, tcp=(), tls=None, http=None)


@pytest.mark.parametrize(
    ("check", "ends_at", "verdict"),
    [
        (WELL, "", "well"),
        (replace(WELL, names=GONE), "names", "name-gone"),
        (replace(WELL, tcp=(REFUSED,), tls=None, http=None), "tcp", "refused"),
        (replace(WELL, tcp=(SILENT, OPEN)), "", "degraded"),
        (
            replace(WELL, tls=TlsHandshake(trouble=HostFault.CERTIFICATE_EXPIRED), http=None),
            "tls",
            "certificate-expired",
        ),
        (replace(WELL, http=HttpAnswer(status=503, trouble=HostFault.HTTP_ERROR)), "http", "http-error"),
        (replace(WELL, tcp=(SILENT, OPEN), http=HttpAnswer(trouble=HostFault.RESET)), "http", "reset"),
        (replace(WELL, http=None, in_hand=CheckPart.HTTP), "http", "unfinished"),
        (replace(EMPTY, stun=RelayCheck(udp=OPEN, tcp=REFUSED)), "", "well"),
        (replace(EMPTY, stun=RelayCheck(udp=SILENT, tcp=OPEN)), "", "degraded"),
        (replace(EMPTY, stun=RelayCheck(udp=SILENT, tcp=REFUSED)), "stun", "no-answer"),
        (
            replace(
                EMPTY,
                stun=RelayCheck(udp=OPEN, tcp=OPEN, allocate=replace(OPEN, trouble=HostFault.CREDENTIALS_REFUSED)),
            ),
            "stun",
            "credentials-refused",
        ),
    ],
)
def test_check_names_the_failing_part_and_its_fault(check: HostCheck, ends_at: str, verdict: str) -> None:
    assert (check.ends_at, check.verdict) == (ends_at, verdict)


EXPIRED = TlsHandshake(trouble=HostFault.CERTIFICATE_EXPIRED, certificate=CERTIFICATE)
OTHER_NAME = TlsHandshake(trouble=HostFault.CERTIFICATE_NAME, certificate=CERTIFICATE)
UNTRUSTED = TlsHandshake(trouble=HostFault.CERTIFICATE_UNTRUSTED, certificate=CERTIFICATE)
SECOND_SILENT = replace(GONE, second=DnsLookup(trouble=HostFault.NAME_SERVER_SILENT))


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (WELL, ""),
        (replace(WELL, names=GONE), "its host name is not found, and the second name server finds it (192.0.2.7)"),
        (
            replace(WELL, names=replace(GONE, second=GONE.system)),
            "its host name is not found, and the second name server does not find it either",
        ),
        (
            replace(WELL, names=SECOND_SILENT),
            "its host name is not found; the second name server gives no usable answer either",
        ),
        (replace(WELL, tcp=(REFUSED,)), "it refuses connections (192.0.2.7)"),
        (replace(WELL, tls=EXPIRED), "its certificate has expired, on 31 Aug 2026"),
        (replace(WELL, tls=OTHER_NAME), "its certificate is for another host name (portal.example)"),
        (replace(WELL, tls=UNTRUSTED), "its certificate is not trusted (from Authority)"),
        (
            replace(WELL, http=HttpAnswer(status=503, title="Sorry", trouble=HostFault.HTTP_ERROR)),
            'it answers with an error (503 "Sorry")',
        ),
        (replace(WELL, http=HttpAnswer(trouble=HostFault.NO_ANSWER)), "it does not answer"),
        (replace(WELL, in_hand=CheckPart.HTTP, http=None), "its check did not finish in time"),
        (
            replace(WELL, tcp=(OPEN, Connection(address="2001:db8::7", trouble=HostFault.NO_ANSWER))),
            "it answers, but not by IPv6 (2001:db8::7 no-answer)",
        ),
        (
            replace(WELL, tcp=(OPEN, replace(SILENT, address="192.0.2.8"))),
            "it answers, but not at each of its addresses (192.0.2.8 no-answer)",
        ),
        (
            replace(EMPTY, stun=RelayCheck(udp=SILENT, tcp=OPEN)),
            "its relay answers by TCP, but not by UDP (no-answer)",
        ),
    ],
)
def test_fault_of_a_host_is_one_sentence(check: HostCheck, said: str) -> None:
    assert host_check_text(check) == said


def test_every_host_fault_has_a_phrase() -> None:
    assert set(WORDS) == set(HostFault)


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (200, None), (302, None), (401, None), (403, None), (404, None), (429, HostFault.HTTP_ERROR),
        (407, HostFault.PROXY_REFUSED), (500, HostFault.HTTP_ERROR), (511, HostFault.CAPTIVE_PORTAL),
    ],
)  # fmt: skip
def test_only_statuses_of_a_broken_host_are_faults(status: int, fault: HostFault | None) -> None:
    assert fault_of_status(status) is fault


def showing(**page: object) -> HostCheck:
    return replace(WELL, http=replace(WELL.http or HttpAnswer(), **page))  # type: ignore[arg-type]


def named(*addresses: str) -> HostCheck:
    return replace(WELL, names=DnsLookups(system=DnsLookup(addresses=addresses)))


@pytest.mark.parametrize(
    ("now", "what"),
    [
        (WELL, []),
        (showing(status=204, first_byte_ms=9000.0), []),
        (showing(title="Bayfront"), [ChangedPart.TITLE]),
        (showing(scripts=("app.1.js 11111111", "app.3.js 33333333")), [ChangedPart.SCRIPTS]),
        (showing(scripts=("app.2.js 22222222", "app.1.js 11111111")), []),
        (showing(scripts=()), []),
        (showing(status=503, title="Sorry"), [ChangedPart.STATUS]),
        (showing(status=302, title="", location_host="login.example"), [ChangedPart.STATUS]),
        (showing(status=0, title=""), []),
        (
            replace(WELL, tls=TlsHandshake(certificate=replace(CERTIFICATE, sha256="bb" * 32))),
            [ChangedPart.CERTIFICATE],
        ),
        (replace(WELL, tls=TlsHandshake(trouble=HostFault.NO_ANSWER)), []),
        (replace(WELL, names=None, tcp=(), tls=None, http=None), []),
        (named("192.0.2.8", "192.0.2.99"), []),
        (named("198.51.100.1"), [ChangedPart.ADDRESSES]),
        (named("192.0.2.7", "2001:db8::7"), []),
        (named(), []),
    ],
)
def test_changes_between_two_checks_are_found(now: HostCheck, what: list[ChangedPart]) -> None:
    assert [change.what for change in host_changes(WELL, now)] == what


def test_change_is_written_as_text() -> None:
    later = replace(CERTIFICATE, sha256="bb" * 32, not_after=NOON + timedelta(days=90))
    (change,) = host_changes(WELL, replace(WELL, tls=TlsHandshake(certificate=later)))
    assert change.was == "portal.example, by Authority, until 2026-08-31, aaaaaaaa"
    assert change.now == "portal.example, by Authority, until 2026-11-29, bbbbbbbb"


def service(name: str, url: str, *hosts: str) -> Service:
    return Service(name=name, owner="x", url=url, kind="", hosts=hosts)


def test_targets_are_addresses_other_hosts_and_controls_each_once() -> None:
    services = [
        service("edge", "https://Portal.example/start", "portal.example", "static.example"),
        service("live-class", "https://live.example", "*.live.example", "static.example"),
        service("old", "http://old.example:8080", "files.old.example"),
        service("unset", ""),
    ]
    found = targets_of(services, ["https://www.example.com/", "stun:stun.example.net"])
    assert [(one.host, one.url, one.service, one.is_control) for one in found] == [
        ("portal.example:443", "https://Portal.example/start", "edge", False),
        ("live.example:443", "https://live.example", "live-class", False),
        ("old.example:8080", "http://old.example:8080", "old", False),
        ("static.example:443", "https://static.example/", "edge", False),
        ("files.old.example:80", "http://files.old.example/", "old", False),
        ("www.example.com:443", "https://www.example.com/", "", True),
        ("stun.example.net:3478", "stun:stun.example.net", "", True),
    ]
    assert [one.host for one in found if one.is_secondary] == ["static.example:443", "files.old.example:80"]


@pytest.mark.parametrize(
    ("url", "host", "name", "kind"),
    [
        ("https://[2001:db8::7]/x", "[2001:db8::7]:443", "2001:db8::7", TargetKind.WEB),
        ("turn:relay.example:5000?transport=udp", "relay.example:5000", "relay.example", TargetKind.RELAY),
    ],
)
def test_target_is_parsed_from_an_address(url: str, host: str, name: str, kind: TargetKind) -> None:
    found = target_of(url)
    assert (found.host, found.name, found.kind) == (host, name, kind)


@pytest.mark.parametrize("url", ["ftp://files.example", "https://", "portal.example", ""])
def test_address_that_cannot_be_checked_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="host"):
        target_of(url)
