"""The way from outside: it passes to the practice school and nowhere else, and drops what its faults say, silently."""

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


def calls(practice: PracticeSchool) -> socket.socket:
    return socket.create_connection(("127.0.0.1", urlsplit(practice.introduction.outside).port or 0), timeout=SOON_S)


def all_of(caller: socket.socket) -> str:
    got = b""
    while part := caller.recv(1 << 16):
        got += part
    return got.decode()


def in_the_clear(practice: PracticeSchool, url: str) -> str:
    """What a proxied request is answered."""
    with calls(practice) as caller:
        caller.sendall(f"GET {url} HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nProxy-Connection: x\r\n\r\n".encode())
        return all_of(caller)


def tunnel(practice: PracticeSchool, url: str) -> socket.socket:
    """A tunnel to a host, open."""
    caller = calls(practice)
    caller.sendall(f"CONNECT {urlsplit(url).netloc} HTTP/1.1\r\n\r\n".encode())
    assert caller.recv(1 << 16).startswith(b"HTTP/1.1 200 ")
    return caller


def hears_nothing(caller: socket.socket) -> bool:
    caller.settimeout(NEVER_S)
    try:
        return caller.recv(1) is None
    except TimeoutError:
        return True
    finally:
        caller.settimeout(SOON_S)


def test_it_passes_requests_and_tunnels(practice: PracticeSchool) -> None:
    edge = practice.introduction.origins["edge"]
    said = in_the_clear(practice, f"{edge}/")
    assert said.startswith("HTTP/1.1 200 ")
    assert "Practice School District" in said
    with tunnel(practice, edge) as caller:
        caller.sendall(GET.format(host=urlsplit(edge).netloc).encode())
        assert "Practice School District" in all_of(caller)


def test_it_passes_a_change_to_a_web_socket(practice: PracticeSchool) -> None:
    url = f"{practice.introduction.origins['live-class']}/class/reading-3/signal"
    fields = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    with calls(practice) as caller:
        caller.sendall(f"GET {url} HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\n{fields}{key}\r\n".encode())
        # Nobody is let in without an invitation, but it is the room that says so, to a web socket.
        assert b" 403 " in caller.recv(1 << 16)


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
def test_it_leads_nowhere_else(practice: PracticeSchool, request_: str, status: str) -> None:
    with calls(practice) as caller:
        caller.sendall(f"{request_}\r\n\r\n".encode())
        assert all_of(caller).startswith(f"HTTP/1.1 {status} ")


def test_the_districts_edge_is_dropped_silently_and_nothing_else(practice: PracticeSchool) -> None:
    told = practice.introduction
    edge = told.origins["edge"]
    with tunnel(practice, edge) as inside, calls(practice) as caller:
        practice.break_("outside-dropped")
        caller.sendall(f"CONNECT {urlsplit(edge).netloc} HTTP/1.1\r\n\r\n".encode())
        inside.sendall(GET.format(host=urlsplit(edge).netloc).encode())
        assert hears_nothing(inside)
        assert hears_nothing(caller)
        for url in (*told.controls, f"{told.origins['plan-b']}/"):
            assert in_the_clear(practice, url).startswith("HTTP/1.1 200 ")
        practice.heal("outside-dropped")
        assert "Practice School District" in all_of(inside)
        assert caller.recv(1 << 16).startswith(b"HTTP/1.1 200 ")


def test_a_location_that_is_offline_reaches_nothing_at_all(practice: PracticeSchool) -> None:
    practice.break_("outside-offline")
    with calls(practice) as caller:
        caller.sendall(f"CONNECT {urlsplit(practice.introduction.controls[0]).netloc} HTTP/1.1\r\n\r\n".encode())
        assert hears_nothing(caller)


@pytest.mark.browser
def test_a_browser_outside_signs_in_and_is_shut_out_while_the_inside_is_well(
    browser: Browser, practice: PracticeSchool
) -> None:
    told = practice.introduction
    with browser.new_context(proxy={"server": told.outside}) as outside, browser.new_context() as inside:
        page = outside.new_page()
        page.goto(f"{told.origins['edge']}/sign-in")
        page.get_by_label("Username").fill(told.accounts["student"].username)
        page.get_by_label("Password").fill(told.accounts["student"].password)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Welcome, Ada Zz")).to_be_visible()
        practice.break_("outside-dropped")
        with pytest.raises(PlaywrightTimeout):
            page.goto(told.origins["edge"], timeout=500)
        for url in (told.controls[0], told.origins["plan-b"]):
            answer = outside.new_page().goto(url)
            assert answer is not None
            assert answer.status == 200
        answer = inside.new_page().goto(told.origins["edge"])
        assert answer is not None
        assert answer.status == 200
