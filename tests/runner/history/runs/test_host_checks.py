"""Host checks in history: read as they were written, in order, and deleted in time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from firstbell.runner.diagnosis.host_check import (
    Certificate,
    CheckPart,
    Connection,
    DnsLookup,
    DnsLookups,
    HostCheck,
    HostFault,
    HttpAnswer,
    PageKind,
    RelayCheck,
    TlsHandshake,
)
from firstbell.runner.history.database import Database
from firstbell.runner.history.runs.host_checks import HostCheckHistory
from tests.support.clocks import NOON

HOST = "portal.example:443"


def check(minutes: float, *, first_byte_ms: float | None = 20.0, trouble: HostFault | None = None) -> HostCheck:
    page = HttpAnswer(status=503 if trouble else 200, trouble=trouble, first_byte_ms=first_byte_ms)
    return HostCheck(host=HOST, service="edge", at=NOON + timedelta(minutes=minutes), http=page)


WHOLE = replace(
    check(0),
    is_control=True,
    names=DnsLookups(
        system=DnsLookup(addresses=("192.0.2.7",), took_ms=1.5), second=DnsLookup(trouble=HostFault.NAME_GONE)
    ),
    tcp=(
        Connection(address="2001:db8::7", trouble=HostFault.NO_ANSWER, took_ms=3000.0),
        Connection(address="192.0.2.7"),
    ),
    tls=TlsHandshake(
        trouble=HostFault.CERTIFICATE_EXPIRED,
        certificate=Certificate(names=("a", "b"), issuer="Authority", not_after=NOON, sha256="ab" * 32),
        said="certificate has expired",
    ),
    http=HttpAnswer(
        status=200, kind=PageKind.MAINTENANCE, title="Bald zurück ☕", clock_ahead_s=-3.0, first_byte_ms=1.0
    ),
    stun=RelayCheck(udp=Connection(address="192.0.2.7"), tcp=Connection(address="192.0.2.7")),
    in_hand=CheckPart.STUN,
)


@pytest.mark.parametrize("given", [WHOLE, check(0), HostCheck(host=HOST, service="", at=NOON)])
def test_a_host_check_is_read_as_it_was_written(database: Database, given: HostCheck) -> None:
    history = HostCheckHistory(database)
    history.record([given], "here")
    assert history.between("here", NOON, NOON + timedelta(seconds=1)) == [given]


def test_earlier_checks_are_found_by_location_host_and_time(database: Database) -> None:
    history = HostCheckHistory(database)
    well, broken = check(0), check(1, trouble=HostFault.HTTP_ERROR)
    history.record([well, replace(well, host="other.example:443")], "here")
    history.record([broken], "here")
    history.record([check(2)], "elsewhere")
    later = NOON + timedelta(minutes=5)
    assert history.latest_well("here", HOST, later) == well
    assert history.between("here", NOON, later, HOST) == [well, broken]
    assert history.between("here", NOON, broken.at, HOST) == [well]
    assert len(history.between("here", NOON, later)) == 3
    history.record([], "here")


def test_usual_speed_is_the_median_of_the_last_good_checks(database: Database) -> None:
    history = HostCheckHistory(database)
    assert history.recent_median_ms("here", HOST) is None
    history.record([check(minute, first_byte_ms=1000.0) for minute in range(5)], "here")
    history.record([check(5 + minute, first_byte_ms=10.0 + minute) for minute in range(5)], "here")
    history.record([check(20, first_byte_ms=5.0, trouble=HostFault.HTTP_ERROR), check(21, first_byte_ms=None)], "here")
    assert history.recent_median_ms("here", HOST, n=5) == 12.0
    assert history.recent_median_ms("here", HOST, n=5, before=NOON + timedelta(minutes=5)) == 1000.0
