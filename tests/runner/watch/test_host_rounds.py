"""Rounds keep what they find and delay nobody; `firstbell probe` tells the same to a person."""

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
def open_() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def history(tmp_path: Path) -> Iterator[HostCheckHistory]:
    with closing(Database(f"sqlite:///{tmp_path}/.firstbell/history.db")) as database:
        yield HostCheckHistory(database)


def look(*urls: str, within_s: float = 1.0) -> HostCheckJob:
    return HostCheckJob(targets=[target_of(url, service="edge") for url in urls], way=Egress(), within_s=within_s)


def kept(history: HostCheckHistory) -> list[str]:
    now = datetime.now(UTC)
    return [check.verdict for check in history.between("here", now - timedelta(minutes=5), now)]


def test_a_round_keeps_what_it_finds_and_goes_by_todays_configuration(
    open_: ExitStack, history: HostCheckHistory
) -> None:
    well = f"http://portal.localhost:{open_.enter_context(server(answering(page())))}/"
    looks = [look(well), look(f"http://portal.localhost:{closed_port()}/"), look()]
    rounds = PeriodicHostChecks(history, "here", lambda: looks.pop(0))
    rounds.ring()
    rounds.ring()
    rounds.ring()
    assert kept(history) == ["well", "refused"]


def test_what_is_found_while_first_bell_stops_is_no_news(history: HostCheckHistory) -> None:
    """The practice school goes away then, and its doors refuse."""
    gone = look(f"http://portal.localhost:{closed_port()}/")

    def told_to_stop() -> HostCheckJob:
        rounds.end()
        return gone

    rounds = PeriodicHostChecks(history, "here", told_to_stop)
    rounds.ring()
    assert kept(history) == []


def test_a_slow_network_delays_no_other_bell_and_no_rounds_pile_up(open_: ExitStack, history: HostCheckHistory) -> None:
    hole = f"http://portal.localhost:{open_.enter_context(blackhole())}/"
    going, most, rang = [0], [0], threading.Event()
    others: list[int] = []
    rounds = PeriodicHostChecks(history, "here", lambda: look(hole, within_s=0.2))

    def ring() -> None:
        going[0] += 1
        most[0] = max(most[0], going[0])
        rounds.ring()
        going[0] -= 1
        if len(kept(history)) >= 2:
            rang.set()

    def other() -> None:
        others.append(going[0])

    clock = JobClock(
        [PeriodicJob(name="rounds", every_s=0.02, ring=ring), PeriodicJob(name="plan", every_s=0.02, ring=other)]
    )
    clock.start()
    assert rang.wait(5)
    clock.stop()
    assert most == [1]
    assert sum(others) >= 3, "the other bell rings while a round goes on"


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
def told(tmp_path: Path, open_: ExitStack) -> tuple[Path, int, int]:
    """A configuration to fill in, a port that is well, and one that refuses."""
    return tmp_path / "firstbell.toml", open_.enter_context(server(answering(page()))), closed_port()


def probe(config: Path, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["probe", "--config", str(config), *arguments])
    return done.exit_code, done.output


def test_a_person_is_told_what_is_wrong_and_whose_it_is(told: tuple[Path, int, int]) -> None:
    config, well, gone = told
    config.write_text(CONFIG.format(edge=gone, plan_b=well, control=well))
    code, output = probe(config)
    assert code == 1
    assert output.splitlines()[-1] == (
        f"portal.localhost:{gone} (edge, District network team): it refuses connections (127.0.0.1)."
    )
    assert probe(config, "plan-b")[0] == 0
    assert probe(config, f"http://stranger.localhost:{gone}/")[0] == 1
    assert probe(config, "ftp://files.example")[0] == 3


def test_when_no_control_is_reached_nobody_is_blamed(told: tuple[Path, int, int]) -> None:
    config, _, gone = told
    config.write_text(CONFIG.format(edge=gone, plan_b=gone, control=gone))
    code, output = probe(config)
    assert code == 2
    assert output.splitlines()[-1].startswith("No control host is reachable")


def test_programs_are_told_the_same_and_what_has_changed_since_it_was_well(
    tmp_path: Path, open_: ExitStack, history: HostCheckHistory
) -> None:
    titles = ["Portal"]

    def talk(client: socket.socket) -> None:
        client.recv(65536)
        client.sendall(page(body=f"<title>{titles[-1]}</title>"))

    port, config = open_.enter_context(server(talk)), tmp_path / "firstbell.toml"
    config.write_text(CONFIG.format(edge=port, plan_b=port, control=port))
    PeriodicHostChecks(history, "here", lambda: look(f"http://portal.localhost:{port}/")).ring()
    titles.append("Parked domain")
    code, output = probe(config, "edge", "--json")
    (check,) = json.loads(output)
    assert (code, check["verdict"], check["ends_at"], check["said"]) == (0, "well", "", "")
    assert check["changed"] == [{"what": "title", "was": "Portal", "now": "Parked domain"}]
