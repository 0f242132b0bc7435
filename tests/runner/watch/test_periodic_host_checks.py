"""Periodic host checks are recorded and delay no other job; `firstbell probe` shows the same results."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from firstbell.runner.cli.main import main
from firstbell.runner.diagnosis.targets import Egress, target_of
from firstbell.runner.history.database import Database
from firstbell.runner.history.runs.host_checks import HostCheckHistory
from firstbell.runner.watch.clock import JobClock, PeriodicJob
from firstbell.runner.watch.host_checks import HostCheckJob, PeriodicHostChecks
from tests.support.hosts import answering, blackhole, closed_port, page, server

pytestmark = pytest.mark.browser  # Servers of their own, and time limits: with those that take as long.


@pytest.fixture
def resources() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def history(tmp_path: Path) -> Iterator[HostCheckHistory]:
    with closing(Database(f"sqlite:///{tmp_path}/.firstbell/history.db")) as database:
        yield HostCheckHistory(database)


def job(*urls: str, within_s: float = 1.0) -> HostCheckJob:
    return HostCheckJob(targets=[target_of(url, service="edge") for url in urls], egress=Egress(), within_s=within_s)


def recorded(history: HostCheckHistory) -> list[str]:
    now = datetime.now(UTC)
    return [check.verdict for check in history.between("here", now - timedelta(minutes=5), now)]


def test_host_checks_are_recorded_and_follow_the_configuration(resources: ExitStack, history: HostCheckHistory) -> None:
    up = f"http://portal.localhost:{resources.enter_context(server(answering(page())))}/"
    jobs = [job(up), job(f"http://portal.localhost:{closed_port()}/"), job()]
    checks = PeriodicHostChecks(history, "here", lambda: jobs.pop(0))
    checks.run_once()
    checks.run_once()
    checks.run_once()
    assert recorded(history) == ["well", "refused"]


def test_host_checks_are_not_recorded_while_the_service_stops(history: HostCheckHistory) -> None:
    """The practice school stops then, and its ports refuse connections."""
    down = job(f"http://portal.localhost:{closed_port()}/")

    def stop_first() -> HostCheckJob:
        checks.stop()
        return down

    checks = PeriodicHostChecks(history, "here", stop_first)
    checks.run_once()
    assert recorded(history) == []


def test_slow_host_checks_neither_pile_up_nor_delay_other_jobs(resources: ExitStack, history: HostCheckHistory) -> None:
    hole = f"http://portal.localhost:{resources.enter_context(blackhole())}/"
    running, most, twice = [0], [0], threading.Event()
    others: list[int] = []
    checks = PeriodicHostChecks(history, "here", lambda: job(hole, within_s=0.2))

    def check() -> None:
        running[0] += 1
        most[0] = max(most[0], running[0])
        checks.run_once()
        running[0] -= 1
        if len(recorded(history)) >= 2:
            twice.set()

    def other() -> None:
        others.append(running[0])

    clock = JobClock(
        [
            PeriodicJob(name="checks", every_s=0.02, run_once=check),
            PeriodicJob(name="plan", every_s=0.02, run_once=other),
        ]
    )
    clock.start()
    assert twice.wait(5)
    clock.stop()
    assert most == [1]
    assert sum(others) >= 3, "the other job runs while a check does"


CONFIG = """
[school]
name = "Bayfront"
timezone = "America/New_York"
[classroom]
title = "Grade 3 Reading"
[services.edge]
owner = "District network team"
url = "http://portal.localhost:{edge}/"
[services.plan-b]
owner = "District IT"
url = "http://meet.localhost:{plan_b}/"
kind = "meeting-code"
[diagnosis]
controls = ["http://control.localhost:{control}/"]
within = "2s"
"""


@pytest.fixture
def probe_setup(tmp_path: Path, resources: ExitStack) -> tuple[Path, int, int]:
    """The path of a configuration, a port that answers, and one that refuses."""
    return tmp_path / "firstbell.toml", resources.enter_context(server(answering(page()))), closed_port()


def probe(config: Path, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["probe", "--config", str(config), *arguments])
    return done.exit_code, done.output


def test_probe_names_the_failure_and_the_owner(probe_setup: tuple[Path, int, int]) -> None:
    config, up, down = probe_setup
    config.write_text(CONFIG.format(edge=down, plan_b=up, control=up))
    code, output = probe(config)
    assert code == 1
    assert output.splitlines()[-1] == (
        f"portal.localhost:{down} (edge, District network team): it refuses connections (127.0.0.1)."
    )
    assert probe(config, "plan-b")[0] == 0
    assert probe(config, f"http://stranger.localhost:{down}/")[0] == 1
    assert probe(config, "ftp://files.example")[0] == 3


def test_probe_blames_no_owner_if_no_control_is_reached(probe_setup: tuple[Path, int, int]) -> None:
    config, _, down = probe_setup
    config.write_text(CONFIG.format(edge=down, plan_b=down, control=down))
    code, output = probe(config)
    assert code == 2
    assert output.splitlines()[-1].startswith("No control host is reachable")


def test_probe_json_lists_changes_since_the_last_good_check(
    tmp_path: Path, resources: ExitStack, history: HostCheckHistory
) -> None:
    titles = ["Portal"]

    def talk(client: socket.socket) -> None:
        client.recv(65536)
        client.sendall(page(body=f"<title>{titles[-1]}</title>"))

    port, config = resources.enter_context(server(talk)), tmp_path / "firstbell.toml"
    config.write_text(CONFIG.format(edge=port, plan_b=port, control=port))
    PeriodicHostChecks(history, "here", lambda: job(f"http://portal.localhost:{port}/")).run_once()
    titles.append("Parked domain")
    code, output = probe(config, "edge", "--json")
    (check,) = json.loads(output)
    assert (code, check["verdict"], check["ends_at"], check["said"]) == (0, "well", "", "")
    assert check["changed"] == [{"what": "title", "was": "Portal", "now": "Parked domain"}]
