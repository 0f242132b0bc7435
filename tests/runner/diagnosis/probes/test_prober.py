"""Host checks against real servers name the failing part and its fault, and always return in time."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from firstbell.journeys.stage.secret import Secret
from firstbell.runner.diagnosis.host_check import CheckPart, DnsLookup, DnsLookups, HostCheck, HostFault, PageKind
from firstbell.runner.diagnosis.probes import stun_turn
from firstbell.runner.diagnosis.probes.deadline import Deadline
from firstbell.runner.diagnosis.probes.dns_lookup import resolve, resolve_by_server
from firstbell.runner.diagnosis.probes.prober import probe
from firstbell.runner.diagnosis.probes.tcp_connect import connect
from firstbell.runner.diagnosis.targets import Credentials, Egress, Target, name_server_of, target_of
from tests.support.hosts import (
    Authority,
    answering,
    blackhole,
    closed_port,
    datagrams,
    forward_proxy,
    listening,
    name_server,
    page,
    relay,
    reset,
    server,
)

pytestmark = pytest.mark.browser  # Servers of their own, and time limits: with those that take as long.

NAME = "portal.localhost"
DIRECT = Egress()


def check_host(url: str, egress: Egress = DIRECT, within_s: float = 5.0) -> HostCheck:
    (check,) = probe([target_of(url, service="edge")], egress, within_s)
    return check


def ends(check: HostCheck) -> tuple[str, str]:
    return check.ends_at, check.verdict


@pytest.fixture
def open_() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def test_check_of_a_working_host_is_complete(open_: ExitStack, authority: Authority) -> None:
    body = "<html><title>\n  Bayfront &amp; friends\x1b[31m </title>"
    date = f"{datetime.now(UTC) + timedelta(seconds=600):%a, %d %b %Y %H:%M:%S} GMT"
    port = open_.enter_context(server(answering(page(body=body, Date=date)), authority.context(NAME)))
    check = check_host(f"https://{NAME}:{port}/start?x=1", Egress(cas=(authority.file,)))
    assert (check.host, check.service, check.ends_at, check.verdict) == (f"{NAME}:{port}", "edge", "", "well")
    assert check.names is not None
    assert check.names.system.addresses == ("127.0.0.1",)
    assert [(reach.family, reach.trouble) for reach in check.tcp] == [("IPv4", None)]
    assert check.tls is not None
    assert check.tls.certificate is not None
    assert check.tls.certificate.names == (NAME,)
    assert check.tls.certificate.issuer == "Practice Authority"
    assert len(check.tls.certificate.sha256) == 64
    assert check.http is not None
    assert (check.http.status, check.http.title, check.http.kind) == (200, "Bayfront & friends [31m", PageKind.PAGE)
    assert check.http.clock_ahead_s == pytest.approx(600, abs=2)


def test_closed_port_is_refused() -> None:
    assert ends(check_host(f"http://{NAME}:{closed_port()}/")) == ("tcp", "refused")


def test_silent_port_does_not_answer(open_: ExitStack) -> None:
    port = open_.enter_context(blackhole())
    assert ends(check_host(f"http://127.0.0.1:{port}/", within_s=1.5)) == ("tcp", "no-answer")


@pytest.mark.parametrize(("scheme", "stage"), [("http", "http"), ("https", "tls")])
def test_silent_server_does_not_answer(open_: ExitStack, scheme: str, stage: str) -> None:
    door = open_.enter_context(listening())
    assert ends(check_host(f"{scheme}://127.0.0.1:{door.getsockname()[1]}/", within_s=2.0)) == (stage, "no-answer")


@pytest.mark.parametrize(("scheme", "stage"), [("http", "http"), ("https", "tls")])
def test_server_that_closes_early_is_reset(open_: ExitStack, scheme: str, stage: str) -> None:
    port = open_.enter_context(server(reset))
    assert ends(check_host(f"{scheme}://{NAME}:{port}/")) == (stage, "reset")


@pytest.mark.parametrize(
    ("issued", "trusted", "verdict"),
    [
        ((NAME, -1), "the authority", "certificate-expired"),
        (("elsewhere.localhost", 1), "the authority", "certificate-name"),
        ((NAME, 1), "nobody", "certificate-untrusted"),
        ((NAME, 60), "the authority", "certificate-early"),  # certificates are for thirty days
    ],
)
def test_refused_certificate_is_still_read(
    open_: ExitStack, authority: Authority, issued: tuple[str, int], trusted: str, verdict: str
) -> None:
    certified, days = issued
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)
    port = open_.enter_context(server(answering(page()), authority.context(certified, until)))
    check = check_host(f"https://{NAME}:{port}/", Egress(cas=() if trusted == "nobody" else (authority.file,)))
    assert ends(check) == ("tls", verdict)
    assert check.http is None
    assert check.tls is not None
    assert check.tls.certificate is not None
    assert (check.tls.certificate.names, check.tls.certificate.not_after) == ((certified,), until)


def test_server_without_tls_fails_the_handshake(open_: ExitStack) -> None:
    port = open_.enter_context(server(answering(page())))
    assert ends(check_host(f"https://{NAME}:{port}/")) == ("tls", "tls-failed")


WISPR = "<!-- <WISPAccessGatewayParam/> --><title>Welcome to our network</title>"


@pytest.mark.parametrize(
    ("answer", "verdict", "kind"),
    [
        (page("503 Service Unavailable"), "http-error", PageKind.PAGE),
        (page("429 Too Many Requests", ""), "http-error", PageKind.EMPTY),
        (page("404 Not Found"), "well", PageKind.PAGE),
        (page("401 Unauthorized", ""), "well", PageKind.EMPTY),
        (page("302 Found", "", Location="https://login.example/a"), "well", PageKind.REDIRECT),
        (page(body="<title>Down for maintenance</title>"), "well", PageKind.MAINTENANCE),
        (page(body="<title>Facilities and Maintenance Department</title>"), "well", PageKind.PAGE),
        (page(body=WISPR), "captive-portal", PageKind.CAPTIVE_PORTAL),
        (page("511 Network Authentication Required"), "captive-portal", PageKind.CAPTIVE_PORTAL),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<title>Half", "reset", PageKind.OTHER),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "not-http", PageKind.OTHER),
    ],
)
def test_http_answer_is_classified(open_: ExitStack, answer: bytes, verdict: str, kind: PageKind) -> None:
    port = open_.enter_context(server(answering(answer)))
    check = check_host(f"http://{NAME}:{port}/")
    assert check.http is not None
    assert (check.verdict, check.http.kind) == (verdict, kind)
    assert check.http.location_host == ("login.example" if kind is PageKind.REDIRECT else "")


def test_first_byte_is_measured_from_the_request(open_: ExitStack) -> None:
    def slow(client: socket.socket) -> None:
        client.recv(65536)
        time.sleep(0.25)  # what is measured, not what is waited for
        client.sendall(page())

    check = check_host(f"http://{NAME}:{open_.enter_context(server(slow))}/")
    assert check.http is not None
    assert check.http.first_byte_ms is not None
    assert check.http.first_byte_ms >= 250
    assert check.verdict == "well"


def test_dripping_page_ends_at_the_deadline(open_: ExitStack) -> None:
    """Each byte arrives well before a socket's own timeout."""

    def drip(client: socket.socket) -> None:
        client.recv(65536)
        while True:
            client.sendall(b"H")
            time.sleep(0.02)

    began = time.monotonic()
    check = check_host(f"http://127.0.0.1:{open_.enter_context(server(drip))}/", within_s=1.5)
    assert time.monotonic() - began < 6
    assert ends(check) == ("http", "no-answer")


def test_one_dead_address_family_is_degraded_not_failed(open_: ExitStack) -> None:
    door = open_.enter_context(listening())
    line = connect(["::1", "127.0.0.1"], door.getsockname()[1], Deadline.after(1))
    assert line.sock is not None
    line.sock.close()
    assert [(reach.family, reach.trouble) for reach in line.reaches] == [("IPv6", HostFault.REFUSED), ("IPv4", None)]
    check = HostCheck(host="x:443", service="", at=datetime.now(UTC), tcp=line.reaches)
    assert (check.verdict, check.dead_families) == ("degraded", ("IPv6",))


ZONE = {"portal.district.example": ("192.0.2.7", "2001:db8::7"), "empty.district.example": ()}


@pytest.mark.parametrize(
    ("name", "addresses", "trouble"),
    [
        ("portal.district.example", ("2001:db8::7", "192.0.2.7"), None),
        ("gone.district.example", (), HostFault.NAME_GONE),
        ("empty.district.example", (), HostFault.NAME_GONE),
    ],
)
def test_second_name_server_is_asked(
    open_: ExitStack, name: str, addresses: tuple[str, ...], trouble: HostFault | None
) -> None:
    port = open_.enter_context(datagrams(name_server(ZONE)))
    found = resolve_by_server(name, f"127.0.0.1:{port}", Deadline.after(1))
    assert (set(found.addresses), found.trouble) == (set(addresses), trouble)


def test_silent_name_server_is_a_fault(open_: ExitStack) -> None:
    port = open_.enter_context(datagrams(lambda _: None))
    found = resolve_by_server("portal.district.example", f"127.0.0.1:{port}", Deadline.after(0.2))
    assert found.trouble is HostFault.NAME_SERVER_SILENT


def test_hanging_resolver_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def hang(*_: object, **__: object) -> list[object]:
        over.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    names = resolve("portal.district.example", Egress(), Deadline.after(0.1))
    over.set()
    assert names.system.trouble is HostFault.NAME_SERVER_SILENT


def test_host_is_checked_at_the_address_from_the_second_resolver(
    open_: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tells a host that works from a name server that fails."""

    def gone(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", gone)
    port = open_.enter_context(server(answering(page())))
    names = open_.enter_context(datagrams(name_server({"portal.district.example": ("127.0.0.1",)})))
    check = check_host(f"http://portal.district.example:{port}/", Egress(second=f"127.0.0.1:{names}"))
    assert ends(check) == ("names", "name-gone")
    assert check.http is not None
    assert check.http.status == 200


@pytest.mark.parametrize(
    ("text", "server_"),
    [("1.1.1.1", ("1.1.1.1", 53)), ("1.1.1.1:5353", ("1.1.1.1", 5353)), ("[2606::1]:5353", ("2606::1", 5353))],
)
def test_name_server_is_parsed_as_an_address(text: str, server_: tuple[str, int]) -> None:
    assert name_server_of(text) == server_
    with pytest.raises(ValueError, match="a name server is an address"):
        name_server_of("resolver.example")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_proxied_location_uses_the_proxy_and_no_dns(open_: ExitStack, authority: Authority, scheme: str) -> None:
    tls = authority.context("portal.district.example") if scheme == "https" else None
    port = open_.enter_context(server(answering(page()), tls))
    proxy = open_.enter_context(server(forward_proxy))
    egress = Egress(proxy=f"http://127.0.0.1:{proxy}", cas=(authority.file,))
    check = check_host(f"{scheme}://portal.district.example:{port}/", egress)
    assert (check.verdict, check.names) == ("well", None)
    assert [reach.address for reach in check.tcp] == [f"127.0.0.1:{proxy}"]
    assert check.http is not None
    assert check.http.title == "Portal"


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [("403 Forbidden", "proxy-refused"), ("504 Gateway Timeout", "no-answer"), ("502 Bad Gateway", "unreachable")],
)
def test_proxy_answer_to_connect_is_classified(open_: ExitStack, answer: str, verdict: str) -> None:
    proxy = open_.enter_context(server(answering(page(answer))))
    assert ends(check_host("https://portal.district.example/", Egress(proxy=f"http://127.0.0.1:{proxy}"))) == (
        "tcp",
        verdict,
    )


def test_missing_proxy_is_a_fault() -> None:
    egress = Egress(proxy=f"http://127.0.0.1:{closed_port()}")
    assert ends(check_host("https://portal.district.example/", egress)) == ("tcp", "proxy-gone")


def at_relay(port: int, password: str = "") -> Target:
    known = Credentials(username="zz.probe", password=Secret(lambda: password)) if password else None
    return target_of(f"turn:127.0.0.1:{port}", service="live-class", credentials=known)


@pytest.mark.parametrize(
    ("password", "verdict"), [("", "degraded"), ("right", "degraded"), ("wrong", "credentials-refused")]
)
def test_relay_that_answers_by_tcp_only(open_: ExitStack, password: str, verdict: str) -> None:
    """No server listens by UDP: the relay works, and is degraded."""

    def talk(client: socket.socket) -> None:
        answer = relay()
        while data := client.recv(1500):
            client.sendall(answer(data) or b"")

    (check,) = probe([at_relay(open_.enter_context(server(talk)), password)], DIRECT, 5.0)
    assert check.verdict == verdict
    assert check.stun is not None
    assert (check.stun.udp.trouble, check.stun.tcp.trouble) == (HostFault.REFUSED, None)


@pytest.mark.parametrize(("password", "verdict"), [("", "well"), ("right", "well"), ("wrong", "credentials-refused")])
def test_relay_that_answers_by_udp_only(open_: ExitStack, password: str, verdict: str) -> None:
    (check,) = probe([at_relay(open_.enter_context(datagrams(relay())), password)], DIRECT, 5.0)
    assert check.verdict == verdict
    assert check.stun is not None
    assert (check.stun.udp.trouble, check.stun.tcp.trouble) == (None, HostFault.REFUSED)


def test_lost_datagram_to_a_relay_is_sent_again(open_: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stun_turn, "FIRST_WAIT_S", 0.05)
    answer, asked = relay(), []

    def lose_the_first(data: bytes) -> bytes | None:
        asked.append(data)
        return answer(data) if len(asked) > 1 else None

    (check,) = probe([at_relay(open_.enter_context(datagrams(lose_the_first)))], DIRECT, 5.0)
    assert (check.verdict, len(asked)) == ("well", 2)


def test_silent_relay_does_not_answer(open_: ExitStack) -> None:
    port = open_.enter_context(datagrams(lambda _: None))
    (check,) = probe([at_relay(port)], DIRECT, 0.5)
    assert ends(check) == ("stun", "no-answer")


def test_ten_silent_hosts_take_no_longer_than_one(open_: ExitStack) -> None:
    doors: list[AbstractContextManager[int]] = [blackhole() for _ in range(5)]
    urls = [f"http://127.0.0.1:{open_.enter_context(door)}/" for door in doors]
    urls += [f"https://127.0.0.1:{open_.enter_context(listening()).getsockname()[1]}/" for _ in range(5)]
    began = time.monotonic()
    checks = probe([target_of(url) for url in urls], DIRECT, 1.5)
    assert time.monotonic() - began < 6.0  # One after the other they would take 15 s.
    assert [check.host for check in checks] == [target_of(url).host for url in urls]
    assert {ends(check) for check in checks} == {("tcp", "no-answer"), ("tls", "no-answer")}


def test_unfinished_check_names_its_current_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resolver that blocks the thread itself, which no time limit can end."""
    over = threading.Event()

    def hang(*_: object) -> DnsLookups:
        over.wait(10)
        return DnsLookups(system=DnsLookup())

    monkeypatch.setattr("firstbell.runner.diagnosis.probes.prober.resolve", hang)
    began = time.monotonic()
    check = check_host(f"http://{NAME}/", within_s=0.1)
    took_s = time.monotonic() - began
    over.set()
    assert took_s < 1.5
    assert check.in_hand is CheckPart.NAMES
    assert ends(check) == ("names", "unfinished")
