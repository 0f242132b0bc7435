"""Tests the practice school under names of its own, resolved as this machine resolves: in a mount namespace with its
own /etc/resolv.conf, so that no other process's names change."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.faults]

NAME_SERVER = "127.0.0.78"
LOOKUP = f"""\
import json, pathlib, socket, sys
from urllib.parse import urlsplit
import urllib3
from firstbell.journeys.practice.client import PracticeSchool

def look(url):
    host = urlsplit(url).hostname
    try:
        address = socket.gethostbyname(host)
    except socket.gaierror as error:
        return "no such name" if error.errno == socket.EAI_NONAME else "no answer"
    pool = urllib3.PoolManager(ca_certs="ca.pem", retries=False, timeout=5)
    return pool.request("GET", url, redirect=False).status

with PracticeSchool.start(domain="practice.test", tls=True, names="{NAME_SERVER}") as school:
    told = school.introduction
    pathlib.Path("ca.pem").write_text(told.ca)
    seen = {{}}
    for fault in ("", "portal-name-gone", "no-names", ""):
        school.heal_all()
        school.break_(fault) if fault else None
        urls = (told.origins["edge"], told.origins["plan-b"], *told.controls)
        seen[fault or "well"] = [look(url) for url in urls]
print(json.dumps(seen))
"""
BOUND = 'mount --bind resolv.conf /etc/resolv.conf && exec "$0" -c "$1"'


def test_removed_name_is_gone_for_this_machine_and_others_stay(tmp_path: Path) -> None:
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode:
        pytest.skip("needs a mount namespace of its own for another /etc/resolv.conf; run this test as root")
    (tmp_path / "resolv.conf").write_text(f"nameserver {NAME_SERVER}\noptions timeout:1 attempts:1\n")
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", BOUND, sys.executable, LOOKUP],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "well": [200, 200, 200, 200],
        "portal-name-gone": ["no such name", 200, 200, 200],
        "no-names": ["no answer"] * 4,
    }
