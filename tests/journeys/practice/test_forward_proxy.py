"""The forward proxy: it reaches the practice school and nothing else, and drops silently under its faults."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from firstbell.journeys.practice.client import PracticeSchool

SOON_S = 2.0
NEVER_S = 0.1
GET = "GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"


def connect(practice: PracticeSchool) -> socket.socket:
    return socket.create_connection(("127.0.0.1", urlsplit(practice.introduction.outside).port or 0), timeout=SOON_S)


def received_all(client: socket.socket) -> str:
    data = b""
    while part := client.recv(1 << 16):
        data += part
    return data.decode()


def get_plainly(practice: PracticeSchool, url: str) -> str:
    """Returns the response to a proxied plain request."""
    with connect(practice) as client:
        client.sendall(f"GET {url} HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nProxy-Connection: x\r\n\r\n".encode())
        return received_all(client)


def tunnel(practice: PracticeSchool, url: str) -> socket.socket:
    """Opens a tunnel to a host."""
    client = connect(practice)
    client.sendall(f"CONNECT {urlsplit(url).netloc} HTTP/1.1\r\n\r\n".encode())
    assert client.recv(1 << 16).startswith(b"HTTP/1.1 200 ")
    return client


def receives_nothing(client: socket.socket) -> bool:
    client.settimeout(NEVER_S)
    try:
        return client.recv(1) is None
    except TimeoutError:
        return True
    finally:
        client.settimeout(SOON_S)


def test_proxy_passes_requests_and_tunnels(practice: PracticeSchool) -> None:
    edge = practice.introduction.origins["edge"]
    response = get_plainly(practice, f"{edge}/")
    assert response.startswith("HTTP/1.1 200 ")
    assert "Practice School District" in response
    with tunnel(practice, edge) as client:
        client.sendall(GET.format(host=urlsplit(edge).netloc).encode())
        assert "Practice School District" in received_all(client)


def test_proxy_passes_web_socket_upgrades(practice: PracticeSchool) -> None:
    url = f"{practice.introduction.origins['live-class']}/class/reading-3/signal"
    fields = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    with connect(practice) as client:
        client.sendall(f"GET {url} HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\n{fields}{key}\r\n".encode())
        # The room itself refuses the web socket: there is no session.
        assert b" 403 " in client.recv(1 << 16)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ("CONNECT elsewhere.example:443 HTTP/1.1", "502"),
        ("GET http://elsewhere.example/ HTTP/1.1", "502"),
        ("GET / HTTP/1.1", "400"),
        ("CONNECT nowhere HTTP/1.1", "400"),
        ("hello", "400"),
    ],
)
def test_proxy_refuses_other_targets(practice: PracticeSchool, request_: str, status: str) -> None:
    with connect(practice) as client:
        client.sendall(f"{request_}\r\n\r\n".encode())
        assert received_all(client).startswith(f"HTTP/1.1 {status} ")


def test_outside_dropped_affects_the_edge_only_and_silently(practice: PracticeSchool) -> None:
    school = practice.introduction
    edge = school.origins["edge"]
    with tunnel(practice, edge) as inside, connect(practice) as client:
        practice.break_("outside-dropped")
        client.sendall(f"CONNECT {urlsplit(edge).netloc} HTTP/1.1\r\n\r\n".encode())
        inside.sendall(GET.format(host=urlsplit(edge).netloc).encode())
        assert receives_nothing(inside)
        assert receives_nothing(client)
        for url in (*school.controls, f"{school.origins['plan-b']}/"):
            assert get_plainly(practice, url).startswith("HTTP/1.1 200 ")
        practice.heal("outside-dropped")
        assert "Practice School District" in received_all(inside)
        assert client.recv(1 << 16).startswith(b"HTTP/1.1 200 ")


def test_offline_location_reaches_nothing(practice: PracticeSchool) -> None:
    practice.break_("outside-offline")
    with connect(practice) as client:
        client.sendall(f"CONNECT {urlsplit(practice.introduction.controls[0]).netloc} HTTP/1.1\r\n\r\n".encode())
        assert receives_nothing(client)


@pytest.mark.browser
def test_browser_outside_is_dropped_while_one_inside_works(browser: Browser, practice: PracticeSchool) -> None:
    school = practice.introduction
    with browser.new_context(proxy={"server": school.outside}) as outside, browser.new_context() as inside:
        page = outside.new_page()
        page.goto(f"{school.origins['edge']}/sign-in")
        page.get_by_label("Username").fill(school.accounts["student"].username)
        page.get_by_label("Password").fill(school.accounts["student"].password)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Welcome, Ada Zz")).to_be_visible()
        practice.break_("outside-dropped")
        with pytest.raises(PlaywrightTimeout):
            page.goto(school.origins["edge"], timeout=500)
        for url in (school.controls[0], school.origins["plan-b"]):
            answer = outside.new_page().goto(url)
            assert answer is not None
            assert answer.status == 200
        answer = inside.new_page().goto(school.origins["edge"])
        assert answer is not None
        assert answer.status == 200
