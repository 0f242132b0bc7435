"""The practice school as a process: its faults, its control token, and its end."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
import urllib3

from firstbell.journeys.practice.client import PracticeSchool, PracticeSchoolError

pytestmark = pytest.mark.browser  # Starts servers and depends on time limits.


def status_of(origin: str) -> int:
    """Returns the status of a service's front page. Raises ConnectionRefusedError if the port is closed."""
    parts = urlsplit(origin)
    with socket.create_connection(("127.0.0.1", parts.port or 80), timeout=5):
        pass
    return urllib3.request("GET", f"http://127.0.0.1:{parts.port}/", redirect=False, retries=False).status


def test_unreachable_portal_refuses_and_returns_on_the_same_port(practice: PracticeSchool) -> None:
    edge = practice.introduction.origins["edge"]
    for _ in range(2):
        practice.break_("portal-unreachable")
        with pytest.raises(ConnectionRefusedError):
            status_of(edge)
        practice.heal("portal-unreachable")
        assert status_of(edge) == 200


def test_service_that_is_down_answers_with_an_error_page(practice: PracticeSchool) -> None:
    sign_in = practice.introduction.origins["sign-in"]
    practice.break_("sign-in-503")
    assert status_of(sign_in) == 503
    assert practice.faults() == ("sign-in-503",)
    practice.heal_all()
    assert status_of(sign_in) == 404


def test_unknown_fault_is_answered_with_the_known_ones(practice: PracticeSchool) -> None:
    with pytest.raises(PracticeSchoolError, match="no fault 'earthquake'; there are: captive-portal, "):
        practice.break_("earthquake")


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("PUT", "/faults/slow"), ("DELETE", "/faults"), ("DELETE", "/counters/peak")]
)
def test_control_api_refuses_requests_without_the_token(practice: PracticeSchool, method: str, path: str) -> None:
    answer = urllib3.request(method, practice.introduction.control + path, headers={"Authorization": "Bearer wrong"})
    assert answer.status == 401
    assert practice.introduction.token not in answer.data.decode()
    assert practice.faults() == ()


def test_second_process_attaches_with_the_token(practice: PracticeSchool) -> None:
    attached = PracticeSchool.attach(practice.introduction.control, practice.introduction.token)
    assert attached.introduction == practice.introduction
    attached.close()
    assert practice.faults() == ()


@pytest.mark.parametrize("how", ["end of input", "SIGTERM"])
def test_process_ends_on_sigterm_or_end_of_standard_input(how: str) -> None:
    command = [sys.executable, "-m", "firstbell.journeys.practice"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        school = json.loads(process.stdout.readline())
        if how == "SIGTERM":
            process.send_signal(signal.SIGTERM)
        else:
            process.stdin.close()
        assert process.wait(10) == 0
    with pytest.raises(ConnectionRefusedError):
        status_of(school["origins"]["plan-b"])
