"""An installation of an earlier version works as it is: its commands tell the same facts, what waited is delivered, and
its own journeys play. tests/old_installation/make.md says how the archive was made."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import subprocess
import tarfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, inspect, text

from tests.old_installation.running import Installation, at_school, environment_of, practice_school, until
from tests.old_installation.told import missing, told
from tests.support.plain_pytest import by_pytest
from tests.support.receivers import Receiver, http_receiver
from tests.support.servers import Postgres
from tests.support.warm_command import run_warm

pytestmark = pytest.mark.browser

ARCHIVES = sorted((Path(__file__).parents[1] / "old_installation").glob("*.tar.xz"))
HISTORIES = ("sqlite", "postgres")
# For tests in which the kind of database makes no difference.
files_only = pytest.mark.parametrize(
    "old", [(archive, "sqlite") for archive in ARCHIVES], ids=["sqlite"] * len(ARCHIVES), indirect=True
)
# After any run's time, whatever the configuration says.
LATER = timedelta(days=11 * 365)
WAITING = "SELECT key FROM notifications WHERE state = 'waiting' AND address LIKE 'webhook:%'"
BARE = '[school]\nname = "Bare"\ntimezone = "America/New_York"\npractice = true\n'


@dataclass(frozen=True, kw_only=True)
class WarmInstallation(Installation):
    """An installation whose commands are forked from a process that has loaded them: there are some hundred."""

    def command(self, *arguments: str, at: datetime | None = None) -> subprocess.CompletedProcess[str]:
        return run_warm(
            arguments, cwd=self.folder, environment={**os.environ, "COLUMNS": "300", **self.environment}, at=at
        )


@dataclass(frozen=True, kw_only=True)
class Old:
    """An unpacked installation. `facts` is what the version that made it told at `at`; `database` is its history."""

    place: Installation
    facts: dict[str, Any]
    database: str
    hook: Receiver

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.facts["at"])

    def run(self, outcome: str) -> str:
        """The latest run with an outcome, when the facts were told."""
        return str(next(run["id"] for run in self.facts["runs"] if run["outcome"] == outcome))


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with practice_school(tmp_path_factory.mktemp("practice") / "school") as introduced:
        yield introduced


@pytest.fixture(
    params=[(archive, history) for archive in ARCHIVES for history in HISTORIES], ids=lambda param: param[1]
)
def old(request: pytest.FixtureRequest, tmp_path: Path, school: dict[str, Any]) -> Iterator[Old]:
    archive, history = request.param
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path, filter="data")
    folder = tmp_path / history
    database = f"sqlite:///{folder}/.firstbell/history.db"
    if history == "postgres":
        server: Postgres = request.getfixturevalue("postgres")
        database = restored(server, (folder / "history.sql").read_text())
    config = folder / "firstbell.toml"
    config.write_text(at_school(config.read_text(), school, database))
    with http_receiver() as hook:
        place = WarmInstallation(folder=folder, environment=environment_of(school, hook.url))
        yield Old(place=place, facts=json.loads((folder / "facts.json").read_text()), database=database, hook=hook)


def restored(server: Postgres, dump: str) -> str:
    """A database of its own with what was dumped; its address."""
    url = made(server)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(dump.replace("%", "%%"))
    engine.dispose()
    return url


def made(server: Postgres) -> str:
    """An empty database; its address."""
    name = f"old_{uuid.uuid4().hex[:12]}"
    engine = create_engine(server.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return f"{server.url.rpartition('/')[0]}/{name}"


def set_clock(url: str, at: datetime) -> None:
    """Has a PostgreSQL database tell another time: history asks it, not the command, what time it is."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        ago = connection.execute(text("SELECT pg_catalog.clock_timestamp() - :at"), {"at": at}).scalar_one()
        connection.execute(
            text(
                "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS "
                f"$$ SELECT pg_catalog.clock_timestamp() - interval '{ago.total_seconds()} seconds' $$"
            )
        )
        connection.execute(text(f"ALTER DATABASE {url.rpartition('/')[2]} SET search_path = public, pg_catalog"))
    engine.dispose()


def test_every_command_prints_the_facts_of_the_old_version(old: Old) -> None:
    if old.database.startswith("postgresql"):
        set_clock(old.database, old.at)
    assert missing(old.facts, {"at": old.facts["at"], **told(old.place, old.at)}) == []


def test_migrations_give_the_old_history_the_new_schema(
    old: Old, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    assert old.place.command("runs").returncode == 0
    folder = tmp_path / "new"
    folder.mkdir()
    url, section = f"sqlite:///{folder}/.firstbell/history.db", ""
    if old.database.startswith("postgresql"):
        url = made(request.getfixturevalue("postgres"))
        section = f'[history]\nurl = "{url}"\n'
    (folder / "firstbell.toml").write_text(BARE + section)
    assert Installation(folder=folder, environment={}).command("runs").returncode == 0
    assert schema_of(old.database) == schema_of(url)


def schema_of(url: str) -> dict[str, list[tuple[str, str, bool]]]:
    """The columns of each table."""
    engine: Engine = create_engine(url)
    found = inspect(engine)
    tables = {
        name: sorted((one["name"], str(one["type"]), bool(one["nullable"])) for one in found.get_columns(name))
        for name in found.get_table_names()
    }
    engine.dispose()
    return tables


@files_only
def test_a_waiting_run_of_the_spool_is_delivered(old: Old) -> None:
    (waiting,) = (old.place.folder / ".firstbell" / "spool").glob("*~*")
    run = waiting.name.rpartition("%2F")[2]
    assert not list(old.place.folder.glob(f"evidence/runs/*/*/{run}"))
    assert old.place.command("store", "deliver").returncode == 0
    (there,) = old.place.folder.glob(f"evidence/runs/*/*/{run}")
    assert json.loads((there / "run.json").read_text())["id"] == run
    assert not waiting.exists()
    assert old.place.command("evidence", run, "--out", "late").returncode == 0


def test_a_waiting_notice_is_delivered_and_later_slots_are_missed(old: Old) -> None:
    waiting = waiting_notices(old.database)
    assert waiting
    was_missed = missed_by_portal(old)
    with old.place.watching():
        until(lambda: {headers.get("webhook-id") for headers, _ in old.hook.posts} >= waiting, "the waiting notices")
        until(lambda: missed_by_portal(old) > was_missed, "what was due since is missed")
    headers, body = next(post for post in old.hook.posts if post[0].get("webhook-id") in waiting)
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = old.place.environment["BAYFRONT_HOOK_KEY"].encode()
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{signature}"
    assert json.loads(body)["data"]["incident"] in {one["number"] for one in old.facts["incidents"]}
    assert not waiting & waiting_notices(old.database)


def missed_by_portal(old: Old) -> int:
    """The number of missed slots of the journey `portal`."""
    (portal,) = old.place.json("uptime", "--days", "3660", "--journey", "portal", "--json")
    return int(portal["missed"])


def waiting_notices(url: str) -> set[str]:
    """The keys of notices that were not delivered to the webhook."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = set(connection.execute(text(WAITING)).scalars())
    engine.dispose()
    return found


@files_only
def test_evidence_is_bagged_and_bags_are_verified(old: Old) -> None:
    key = (old.place.folder / "signing.pub").read_text().strip()
    assert old.place.command("evidence", "verify", "bag", "--key", key).returncode == 0
    for outcome in ("passed", "failed", "errored"):
        run = old.run(outcome)
        assert old.place.command("evidence", run, "--out", run).returncode == 0
        assert old.place.command("evidence", "verify", run, "--key", key).returncode == 0
        assert list((old.place.folder / run).rglob("run.json"))
    page = next(iter((old.place.folder / "bag" / "data").glob("index.html")))
    page.write_text(page.read_text() + " ")
    assert old.place.command("evidence", "verify", "bag", "--key", key).returncode == 1


@files_only
def test_held_evidence_stays_and_expired_evidence_is_removed(old: Old) -> None:
    kept = {folder.name for folder in old.place.folder.glob("evidence/runs/*/*/*")}
    held = {run for one in old.facts["held"] for run in one["runs"]}
    assert old.place.command("store", "sweep", at=old.at).returncode == 0
    assert {folder.name for folder in old.place.folder.glob("evidence/runs/*/*/*")} == kept
    assert old.place.command("store", "sweep", at=old.at + LATER).returncode == 0
    assert {folder.name for folder in old.place.folder.glob("evidence/runs/*/*/*")} == held
    (run,) = held
    assert old.place.command("evidence", run, "--out", "held").returncode == 0


@files_only
def test_the_districts_own_journeys_play_and_pass(old: Old) -> None:
    played = old.place.json("run", "portal", "class-page", "bus-times", "login", "greeting", "--json")
    assert {run["journey"]: run["outcome"] for run in played["runs"]} == {
        "portal": "passed",
        "class-page": "passed",
        "bus-times": "passed",
        "login": "passed",
        "greeting": "passed",
    }
    listed = {run["id"] for run in old.place.json("runs", "--limit", "1000", "--json")}
    assert listed >= {run["id"] for run in (*old.facts["runs"], *played["runs"])}
    done = by_pytest(old.place.folder, "my_journeys", "-k", "portal or class", within=old.place.environment)
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


@files_only
def test_a_rehearsal_is_compared_with_one_of_the_old_version(old: Old) -> None:
    (before,) = (old.place.folder / ".firstbell" / "rehearsals").glob("*.json")
    asked = ("rehearse", "live-class", "--students", "1", "--ramp", "2s", "--stay", "1s", "--anyway", "--json")
    document = old.place.json(*asked)
    assert document["comparison"]["previous"] == before.stem


@files_only
def test_a_different_fact_is_found(old: Old) -> None:
    """The comparison can fail."""
    otherwise = json.loads(json.dumps(old.facts))
    otherwise["incidents"][0]["openings"] += 1
    del otherwise["runs"][0]["journey"]
    assert [said.partition(" ")[0] for said in missing(old.facts, otherwise)] == [
        ".runs[0].journey",
        ".incidents[0].openings:",
    ]
