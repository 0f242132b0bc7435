"""Tests that a problem of the probing machine never blames a service: starved, full, without names."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from firstbell.runner.app.local_runner import LocalRunner, open_local_runner
from firstbell.runner.config.load import load
from firstbell.runner.execution.runs.reporter import SilentReporter
from firstbell.runner.outcome import Outcome

pytestmark = [pytest.mark.browser, pytest.mark.faults]

CONFIG = '[school]\nname = "P"\ntimezone = "America/New_York"\npractice = true\n[browser]\nstep_limit = "5s"\n'
OTHER_LOCATION = """\
[school]
name = "Elsewhere"
timezone = "America/New_York"

[services.edge]
owner = "Network team"
url = "http://portal.nowhere-at-all.example"

[services.sign-in]
owner = "Somebody"
url = "http://portal.nowhere-at-all.example"
kind = "redirect"

[services.platform]
owner = "Somebody"
url = "http://portal.nowhere-at-all.example"
kind = "practice"

[accounts.student]
username = "zz"
password = "env:ZZ"

[classroom]
title = "x"
"""
FIRSTBELL = "from firstbell.runner.cli.main import main; main()"
BOUND = f"mount --bind {{file}} /etc/resolv.conf && exec {{python}} -c '{FIRSTBELL}' run class-list --once"


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[LocalRunner]:
    (tmp_path / "firstbell.toml").write_text(CONFIG)
    with open_local_runner(load(tmp_path / "firstbell.toml"), headed=False, quiet=True) as opened:
        yield opened


@contextmanager
def starving(pid: int) -> Iterator[None]:
    """Gives a worker and its descendants a tenth of the time, as an overbooked host does."""
    fed = threading.Event()

    def starve() -> None:
        while not fed.is_set():
            family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
            for deed, rest_s in (("suspend", 0.27), ("resume", 0.03)):
                for process in family:
                    try:
                        getattr(process, deed)()
                    except psutil.NoSuchProcess:
                        continue
                fed.wait(rest_s)

    thread = threading.Thread(target=starve)
    thread.start()
    yield
    fed.set()
    thread.join()
    for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        process.resume()


def test_failure_on_a_starved_machine_blames_no_service(opened: LocalRunner) -> None:
    assert opened.practice is not None
    opened.practice.break_("sign-in-503")
    (entry,) = opened.chosen(["class-list"])
    assert opened.play(entry, SilentReporter(), confirm=False).run.outcome is Outcome.FAILED, (
        "fed, it fails: the control"
    )
    opened.worker.prepare()
    with starving(opened.worker.worker.pid):
        result = opened.play(entry, SilentReporter(), confirm=False)
    assert result.run.outcome is Outcome.ERRORED, result.document
    assert "this machine was starved" in result.document.attempts[0].said


def test_lag_meter_measures_only_a_stopped_process() -> None:
    assert lost_share(stopped_share=0.9) > 0.5 > lost_share(stopped_share=0.0)


def lost_share(*, stopped_share: float) -> float:
    """Returns the meter's share of a process that is stopped for a share of each 0.2 s, over half a second."""
    code = (
        "import sys, time; from firstbell.runner.execution.runs.machine_load import LagMeter\n"
        "with LagMeter() as lag:\n"
        "    print('x', flush=True); time.sleep(0.5)\n"
        "print(lag.lost_share)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        tick = threading.Event()
        while process.poll() is None:
            if stopped_share:
                os.kill(process.pid, signal.SIGSTOP)
                tick.wait(0.2 * stopped_share)
                os.kill(process.pid, signal.SIGCONT)
            tick.wait(0.2 * (1 - stopped_share))
        return float(process.stdout.read())


def test_full_disk_costs_evidence_and_never_the_outcome(opened: LocalRunner) -> None:
    assert opened.practice is not None
    with full_disk(opened.run_context.work):
        (entry,) = opened.chosen(["class-list"])
        result = opened.play(entry, SilentReporter(), confirm=False)
        assert result.run.outcome is Outcome.PASSED, result.document
        assert any("No space left on device" in line for line in result.problems), result.problems
        opened.practice.break_("sign-in-503")
        result = opened.play(entry, SilentReporter(), confirm=False)
    assert result.run.outcome is Outcome.ERRORED
    assert "the disk of this machine is full" in result.document.attempts[0].said


@contextmanager
def full_disk(folder: Path) -> Iterator[None]:
    """Mounts a file system with no room left."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "full", folder], capture_output=True, check=False, text=True
    )
    if done.returncode:
        pytest.skip(f"a small file system cannot be mounted ({done.stderr.strip()}); run this test as root")
    try:
        (folder / "ballast").write_bytes(bytes(40 * 1024))
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.parametrize(
    ("is_answering", "code", "said"),
    [
        pytest.param(False, 2, "this machine's name server does not answer", id="no name server: the probe's own"),
        pytest.param(True, 1, "cannot be reached (ERR_NAME_NOT_RESOLVED)", id="the name is gone: the service's"),
    ],
)
def test_silent_name_server_blames_no_service(tmp_path: Path, *, is_answering: bool, code: int, said: str) -> None:
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode:
        pytest.skip("needs a mount namespace of its own for another /etc/resolv.conf; run this test as root")
    (tmp_path / "firstbell.toml").write_text(OTHER_LOCATION)
    (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.53\noptions timeout:1 attempts:1\n")
    command = BOUND.format(file=tmp_path / "resolv.conf", python=sys.executable)
    with no_such_name() if is_answering else no_name_server():
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", command],
            cwd=tmp_path,
            env={**os.environ, "ZZ": "not-a-secret"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert said in done.stdout, done.stdout + done.stderr
    assert done.returncode == code


@contextmanager
def no_name_server() -> Iterator[None]:
    """A port without a name server."""
    yield


@contextmanager
def no_such_name() -> Iterator[None]:
    """A name server that knows no name, and answers so (RFC 1035, 4.1.1: QR, RD, RA, RCODE 3)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        try:
            line.bind(("127.0.0.53", 53))
        except OSError as error:
            pytest.skip(f"port 53 of 127.0.0.53 cannot be had ({error.strerror}); stop the name server there")

        def answer() -> None:
            while True:
                try:
                    asked, whom = line.recvfrom(512)
                except OSError:
                    return
                line.sendto(asked[:2] + b"\x81\x83" + asked[4:6] + bytes(6) + asked[12:], whom)

        threading.Thread(target=answer, daemon=True).start()
        yield
