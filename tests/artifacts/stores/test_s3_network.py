"""S3, links to it and requests for credentials go by the proxy and trust the authority of all our own HTTP."""

from __future__ import annotations

import re
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from firstbell.artifacts.policy import Lifetime
from firstbell.artifacts.stores import StoreError, StoreOptions, open_store
from firstbell.artifacts.stores.s3 import S3Store
from firstbell.artifacts.stores.self_test import self_test
from firstbell.web_access import WebAccess
from tests.support.hosts import Authority, answering, closed_port, forward_proxy, page, server
from tests.support.odd_store import odd_store

HOST = "s3.school.invalid"
STS = """<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>
<AccessKeyId>lent</AccessKeyId><SecretAccessKey>lent</SecretAccessKey><SessionToken>lent</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>
</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"""


class Network:
    """A store with and without TLS under a name that only a proxy knows, and the lines that the proxy was asked."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.authority = Authority(folder)
        self.asked: list[str] = []
        tls = stack.enter_context(odd_store(self.authority.context(HOST))).url
        self.https = f"https://{HOST}:{urlsplit(tls).port}"
        self.here = stack.enter_context(odd_store()).url
        self.http = f"http://{HOST}:{urlsplit(self.here).port}"
        self.proxy = f"http://127.0.0.1:{stack.enter_context(server(self._talk))}"

    def _talk(self, client: socket.socket) -> None:
        self.asked.append(client.recv(65536, socket.MSG_PEEK).split(b"\r\n")[0].decode())
        forward_proxy(client)

    def web(self, **given: Any) -> WebAccess:
        return WebAccess(**({"proxy": self.proxy, "ca": str(self.authority.file)} | given))


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, credentials: None) -> Iterator[Network]:
    del credentials
    for name in (*urllib.request.getproxies_environment(), "no"):
        for form in (f"{name}_proxy", f"{name}_PROXY".upper()):
            monkeypatch.delenv(form, raising=False)
    for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    with ExitStack() as stack:
        yield Network(tmp_path, stack)


def bucket(endpoint: str, web: WebAccess) -> S3Store:
    store = open_store("s3://bucket", StoreOptions(endpoint_url=endpoint, web=web))
    assert isinstance(store, S3Store)
    return store


def why_not(store: S3Store) -> str:
    """Stores an object and returns what hinders it; empty if it is stored and read back."""
    try:
        store.put("a/b c%2F.txt", b"x", Lifetime.PASSES)
        assert store.get("a/b c%2F.txt") == b"x"
    except StoreError as error:
        return str(error)
    return ""


def test_configured_proxy_and_authority_are_used_by_the_store_and_its_links(network: Network) -> None:
    for endpoint, line in ((network.https, "CONNECT s3.school.invalid:"), (network.http, "HEAD http://s3.school")):
        network.asked.clear()
        results = {result.name: result for result in self_test(bucket(endpoint, network.web()))}
        assert [result.text for result in results.values() if not result.passed] == []
        assert "makes links that open" in results
        way = f"by the proxy {network.proxy.removeprefix('http://')} (network.proxy)"
        assert results["can be reached"].text == f"s3://bucket/checks, {way}"
        assert any(asked.startswith(line) for asked in network.asked)


def test_authority_that_is_not_named_is_not_trusted(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "cannot be reached (SSLError)" in why_not(bucket(network.https, network.web(ca="")))
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "AWS_CA_BUNDLE"):
        with monkeypatch.context() as patched:
            patched.setenv(name, str(network.authority.file))
            assert why_not(bucket(network.https, network.web(ca=""))) == ""
    (network.authority.file.parent / "other").mkdir()
    other = Authority(network.authority.file.parent / "other")
    monkeypatch.setenv("SSL_CERT_FILE", str(network.authority.file))
    monkeypatch.setenv("AWS_CA_BUNDLE", str(other.file))
    assert "cannot be reached (SSLError)" in why_not(bucket(network.https, network.web(ca="")))
    assert why_not(bucket(network.https, network.web())) == ""


def test_environment_names_the_proxy_as_for_other_http(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    web = network.web(proxy="")
    assert "cannot be reached (EndpointConnectionError)" in why_not(bucket(network.https, web))
    monkeypatch.setenv("ALL_PROXY", network.proxy)
    assert why_not(bucket(network.https, web)) == ""
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:planted@127.0.0.1:{closed_port()}")
    said = why_not(bucket(network.https, web))
    assert "cannot be reached (ProxyConnectionError)" in said
    assert "planted" not in said
    monkeypatch.setenv("NO_PROXY", "127.0.0.0/8")
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port()}")
    assert why_not(bucket(network.here, WebAccess())) == ""
    assert bucket(network.here, WebAccess()).way() == "directly"


def test_this_machine_and_hosts_of_no_proxy_are_reached_directly(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert why_not(bucket(network.here, network.web())) == ""
    monkeypatch.setenv("NO_PROXY", ".school.invalid")
    assert "EndpointConnectionError" in why_not(bucket(network.https, network.web()))
    assert network.asked == []


@pytest.mark.parametrize(
    ("web", "words"),
    [
        ({"ca": "/no/such.pem"}, r"network.ca: /no/such.pem cannot be read"),
        ({"proxy": "socks5://proxy.example"}, "network.proxy is not the address of a web proxy"),
    ],
)
def test_way_that_cannot_be_used_is_named_once_and_for_good(network: Network, web: dict[str, str], words: str) -> None:
    with pytest.raises(StoreError, match=words) as refused:
        bucket(network.https, network.web(**web)).put("a", b"x", Lifetime.PASSES)
    assert refused.value.permanent


def test_credentials_are_asked_for_by_the_same_way(
    network: Network, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    (tmp_path / "token").write_text("token")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/bell")
    with server(answering(page(body=STS)), network.authority.context("sts.school.invalid")) as port:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"https://sts.school.invalid:{port}")
        assert why_not(bucket(network.https, network.web())) == ""
    assert re.match(r"CONNECT sts\.school\.invalid:", network.asked[0])
