"""Our own HTTP goes where the environment or the configuration says, by a real proxy."""

from __future__ import annotations

import re
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from firstbell.runner.alarms.channels import Answer, Delivered, Refused, TryAgain
from firstbell.runner.alarms.channels.http_post import post
from firstbell.runner.alarms.heartbeat import Heartbeat, HeartbeatSignal
from firstbell.runner.schedule.ical_fetch import FeedError, fetch
from firstbell.web_access import BadWebAccess, WebAccess
from tests.support.hosts import Authority, closed_port, forward_proxy, page, server

HOST = "hooks.chat.invalid"


def answer(client: socket.socket) -> None:
    """Reads a whole request, because a reset for an unread rest could overtake the response, and answers it."""
    data = b""
    while (end := data.find(b"\r\n\r\n")) < 0:
        data += client.recv(65536)
    length = re.search(rb"(?i)content-length: (\d+)", data)
    while len(data) < end + 4 + int(length[1] if length else 0):
        data += client.recv(65536)
    client.sendall(page(body="BEGIN:VCALENDAR"))


class Network:
    """A host that only a proxy knows, with and without TLS, and the first lines that the proxy has read."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.authority = Authority(folder)
        self.asked: list[bytes] = []
        self.http = f"http://{HOST}:{stack.enter_context(server(answer))}"
        self.https = f"https://{HOST}:{stack.enter_context(server(answer, self.authority.context(HOST)))}"
        self.proxy = f"127.0.0.1:{stack.enter_context(server(self._talk))}"

    def _talk(self, client: socket.socket) -> None:
        self.asked.append(client.recv(65536, socket.MSG_PEEK))
        forward_proxy(client)


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    for name in (*urllib.request.getproxies_environment(), "no"):
        for form in (f"{name}_proxy", f"{name}_PROXY".upper()):
            monkeypatch.delenv(form, raising=False)
    with ExitStack() as stack:
        yield Network(tmp_path, stack)


def posted(url: str, web: WebAccess | None = None) -> Answer:
    return post(f"{url}/secret", b"{}", {}, web)


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_plain_http_goes_by_the_proxy_of_the_environment(
    network: Network, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    assert isinstance(posted(network.http), TryAgain)
    monkeypatch.setenv(name, f"http://{network.proxy}")
    assert isinstance(posted(network.http), Delivered)
    assert fetch(f"{network.http}/all.ics") == b"BEGIN:VCALENDAR"
    assert Heartbeat(network.http).send(HeartbeatSignal.SUCCESS, "well")
    assert len(network.asked) == 3


def test_https_goes_through_the_proxy_and_trusts_what_the_environment_trusts(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", network.proxy)  # without a scheme, as many write it
    given = posted(network.https)
    assert isinstance(given, Refused)
    assert "certificate that is not trusted by HTTPS_PROXY" in given.reason
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        with monkeypatch.context() as patched:
            patched.setenv(name, str(network.authority.file))
            assert isinstance(posted(network.https), Delivered)
    assert network.asked[0].startswith(f"CONNECT {network.https.removeprefix('https://')} ".encode())


def test_the_configuration_names_proxy_and_authority(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    web = WebAccess(proxy=f"http://{network.proxy}", ca=str(network.authority.file))
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{closed_port()}")
    assert isinstance(posted(network.https, web), Delivered)
    assert fetch(f"{network.https}/all.ics", web) == b"BEGIN:VCALENDAR"
    assert Heartbeat(network.https, web).send(HeartbeatSignal.SUCCESS, "well")


def test_a_proxy_may_ask_for_a_password_that_no_reason_repeats(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://me:planted%21@{network.proxy}")
    assert isinstance(posted(network.http), Delivered)
    assert b"Proxy-Authorization: Basic bWU6cGxhbnRlZCE=" in network.asked[0].replace(b"proxy-auth", b"Proxy-Auth")
    assert "planted" not in WebAccess().way_of(network.http)
    monkeypatch.setenv("HTTP_PROXY", f"http://me:planted@127.0.0.1:{closed_port()}")
    assert "planted" not in repr(posted(network.http))


@pytest.mark.parametrize(
    ("no_proxy", "url", "way"),
    [
        ("chat.example", "https://hooks.chat.example/x", "directly"),
        (".chat.example", "https://hooks.chat.example/x", "directly"),
        ("*.chat.example", "https://hooks.chat.example/x", "directly"),
        ("other, hooks.chat.example:8443", "https://hooks.chat.example:8443/x", "directly"),
        ("hooks.chat.example:8443", "https://hooks.chat.example/x", "by the proxy"),
        ("t.example", "https://hooks.chat.example/x", "by the proxy"),
        ("10.0.0.0/8", "http://10.1.2.3:9093/", "directly"),
        ("10.0.0.0/8", "http://11.1.2.3:9093/", "by the proxy"),
        ("*", "https://hooks.chat.example/x", "directly"),
        ("", "https://hooks.chat.example/x", "by the proxy"),
    ],
)
@pytest.mark.parametrize("configured", ["", "http://proxy.example:3128"])
def test_no_proxy_holds_for_environment_and_configuration(
    monkeypatch: pytest.MonkeyPatch, no_proxy: str, url: str, way: str, configured: str
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://other.example:3128")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert WebAccess(proxy=configured).way_of(url).startswith(way)


def test_this_machine_is_not_reached_by_the_configured_proxy() -> None:
    web = WebAccess(proxy="http://proxy.example:3128")
    assert web.way_of("http://localhost:9093/") == web.way_of("http://[::1]:9093/") == "directly"
    assert web.way_of("https://chat.example/") == "by the proxy proxy.example:3128 (network.proxy)"


@pytest.mark.parametrize("proxy", ["socks5://proxy.example:1080", "http://", "http://proxy.example:port"])
def test_a_proxy_that_cannot_be_used_is_named_and_refused_for_good(
    network: Network, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy)
    given = posted(network.http)
    assert isinstance(given, Refused)
    assert given.reason.startswith("HTTP_PROXY is not the address of a web proxy")
    with pytest.raises(FeedError, match="HTTP_PROXY"):
        fetch(network.http)


def test_a_missing_file_of_authorities_is_named(network: Network, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("no certificate")
    for name in ("missing.pem", "empty.pem"):
        with pytest.raises(BadWebAccess, match=rf"network\.ca: .*{name} cannot be read"):
            WebAccess(ca=str(tmp_path / name)).pool(network.https, None)  # type: ignore[arg-type]
