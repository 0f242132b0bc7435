"""The practice school as a process: its faults, its refusal without the token, and an end that leaves nothing."""

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

pytestmark = pytest.mark.browser  # Servers of their own, and time limits: with those that take as long.


def answers(origin: str) -> int:
    """The status of a service's front page; raises ConnectionRefusedError where nobody listens."""
    parts = urlsplit(origin)
    with socket.create_connection(("127.0.0.1", parts.port or 80), timeout=5):
        pass
    return urllib3.request("GET", f"http://127.0.0.1:{parts.port}/", redirect=False, retries=False).status


def test_a_door_that_is_shut_refuses_and_opens_again_on_the_same_port(practice: PracticeSchool) -> None:
    edge = practice.introduction.origins["edge"]
    for _ in range(2):
        practice.break_("portal-unreachable")
        with pytest.raises(ConnectionRefusedError):
            answers(edge)
        practice.heal("portal-unreachable")
        assert answers(edge) == 200


def test_a_service_that_is_down_says_so_on_a_proper_page(practice: PracticeSchool) -> None:
    sign_in = practice.introduction.origins["sign-in"]
    practice.break_("sign-in-503")
    assert answers(sign_in) == 503
    assert practice.faults() == ("sign-in-503",)
    practice.heal_all()
    assert answers(sign_in) == 404


def test_an_unknown_fault_is_answered_with_those_there_are(practice: PracticeSchool) -> None:
    with pytest.raises(PracticeSchoolError, match="no fault 'earthquake'; there are: captive-portal, "):
        practice.break_("earthquake")


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("PUT", "/faults/slow"), ("DELETE", "/faults"), ("DELETE", "/counters/peak")]
)
def test_nobody_switches_or_reads_anything_without_the_token(practice: PracticeSchool, method: str, path: str) -> None:
    answer = urllib3.request(method, practice.introduction.control + path, headers={"Authorization": "Bearer wrong"})
    assert answer.status == 401
    assert practice.introduction.token not in answer.data.decode()
    assert practice.faults() == ()


def test_a_second_process_may_attach_with_the_token(practice: PracticeSchool) -> None:
    attached = PracticeSchool.attach(practice.introduction.control, practice.introduction.token)
    assert attached.introduction == practice.introduction
    attached.close()
    assert practice.faults() == ()


@pytest.mark.parametrize("how", ["end of input", "SIGTERM"])
def test_it_ends_by_itself_when_told_to_or_when_its_parent_is_gone(how: str) -> None:
    command = [sys.executable, "-m", "firstbell.journeys.practice"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        if how == "SIGTERM":
            process.send_signal(signal.SIGTERM)
        else:
            process.stdin.close()
        assert process.wait(10) == 0
    with pytest.raises(ConnectionRefusedError):
        answers(told["origins"]["plan-b"])
