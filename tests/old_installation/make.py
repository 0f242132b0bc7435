"""Makes an old installation: lives through a district's day with the commands of the version at hand.

    python -m tests.old_installation.make tests/old_installation/VERSION.tar.xz

Two districts are made, one with SQLite and one with PostgreSQL. Each has runs that passed, failed and errored,
incidents that are closed, acknowledged and open, slots that ran, were missed and skipped, a silence, an undelivered
notice, a hold, a hand-over, a rehearsal, host checks and a run in the spool. What its commands tell in the end is
kept beside it as facts.json. It takes ten minutes, a browser and a PostgreSQL server.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.old_installation.district import CONFIG, FILES, SILENCED_UNTIL
from tests.old_installation.running import Installation, environment_of, practice_school, until
from tests.old_installation.told import told
from tests.support.receivers import Receiver, http_receiver
from tests.support.servers import INSTALLED, Postgres

BUILDING = "building.toml"
LEFT_OUT = (BUILDING, "watch.log", ".firstbell/worker.log", ".firstbell/rehearsal.log", ".firstbell/work")


class Day:
    """One district, and what happens to it."""

    def __init__(self, place: Installation, school: Path, introduced: Mapping[str, Any], history: str) -> None:
        self.place, self.school = place, school
        self._names = {**introduced["origins"], "relay": introduced["relay"], "control": introduced["controls"][0]}
        self._history = f'url = "{history}"\n' if history else ""

    def settle(self) -> None:
        """Writes the district's files, and makes the key that signs bags."""
        for name, text in FILES.items():
            file = self.place.folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        text = CONFIG.format(**self._names, history=self._history, often="15m", deadline="60s", minutes="30")
        (self.place.folder / "firstbell.toml").write_text(text)
        public = re.search(r"RW\S+", self.says(0, "evidence", "keygen", "signing.key"))
        assert public is not None
        (self.place.folder / "signing.pub").write_text(public[0])
        self.says(0, "check")

    def build(self, **changes: str) -> list[str]:
        """Writes the configuration with which the day is lived through: journeys come often and leave little."""
        text = CONFIG.format(**self._names, history=self._history, often="20s", deadline="20s", minutes="*")
        for old, new in {'"screenshots"': '"figures"', '"trace"': '"screenshots"', **changes}.items():
            text = text.replace(old, new)
        (self.place.folder / BUILDING).write_text(text)
        return ["--config", BUILDING]

    def says(self, code: int, *arguments: str) -> str:
        """Runs a command that must end with `code`."""
        done = self.place.command(*arguments)
        assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        sys.stderr.write(f"{self.place.folder.name}: firstbell {' '.join(arguments)}\n")
        return done.stdout

    def breaks(self, *arguments: str) -> None:
        """Breaks or heals the practice school."""
        done = Installation(folder=self.school, environment={}).command("practice", *arguments)
        assert done.returncode == 0, done.stderr

    def by_hand(self, *, is_whole: bool) -> None:
        """Runs by hand: passed, failed with all recordings, and errored; the failed one is held and handed out."""
        self.says(0, "run", "portal", "class-page", "bus-times", "login", *(["greeting"] if is_whole else []))
        self.breaks("break", "sessions-empty")
        slowly = {'deadline = "20s"': 'deadline = "60s"', 'every = "20s"': 'every = "5m"'}
        self.says(1, "run", "class-page", *([] if is_whole else self.build(**slowly)))
        self.breaks("heal")
        with self.without("buses.json"):
            self.says(2, "run", "bus-times")
        failed = self.place.json("runs", "--outcome", "failed", "--json")[0]["id"]
        self.says(0, "evidence", "hold", failed, "--why", "claim 2026-11")
        self.says(0, "evidence", failed, "--for", "platform", "--to", "Contoso support", "--out", "handed-out")
        shutil.rmtree(self.place.folder / "handed-out")
        passed = self.place.json("runs", "--journey", "portal", "--json")[0]["id"]
        self.says(0, "evidence", passed, "--out", "bag")

    def watched(self, hook: Receiver) -> None:
        """Two outages under `watch`, one over and one acknowledged; then the bus office, and nobody who hears of it."""
        with self.place.watching(*self.build()):
            places = len(("portal", "class-page", "bus-times")) * len(("school", "home"))
            until(lambda: len({(run["journey"], run["location"]) for run in self.passed()}) >= places, "all pass")
            self.breaks("break", "portal-cut")
            until(lambda: self.incident("edge"), "an incident of the edge")
            self.breaks("heal")
            until(lambda: self.incident("edge")["closed_at"], "the end of it")
            self.breaks("break", "platform-500")
            number = until(lambda: self.incident("platform"), "an incident of the platform")["number"]
            heard = len(hook.posts)
            self.says(0, "ack", str(number), "--why", "calling Contoso", "--by", "ana")
            until(lambda: len(hook.posts) > heard, "the notice that it is in hand")
            hook.answers = [(503, {})] * 10_000
            with self.without("buses.json"):
                until(lambda: self.incident("bus-times"), "an incident of what cannot be judged")
                until(self.is_waiting, "a notice of it waits")
        self.breaks("heal")

    def goes_on(self) -> None:
        """A rehearsal, then `watch` once more: what was due meanwhile was missed."""
        self.says(0, "rehearse", "live-class", "--students", "1", "--ramp", "2s", "--stay", "1s", "--anyway")
        before = len(self.passed())
        with self.place.watching(*self.build(**{'grace = "60s"': 'grace = "5s"'})):
            until(lambda: len(self.passed()) > before, "a run passes")
        self.says(
            0, "silence", "add", "--until", SILENCED_UNTIL, "--why", "moved", "--service", "plan-b", "--by", "ana"
        )

    def store_goes_away(self) -> None:
        """A run whose evidence waits in the spool."""
        nowhere = '[store]\nurl = "s3://bayfront/bell"\nendpoint_url = "http://127.0.0.1:9"\nregion = "us-east-1"'
        self.says(0, "run", "portal", *self.build(**{'[store]\nurl = "./evidence"': nowhere}))
        (waits,) = (self.place.folder / ".firstbell" / "spool").glob("*~*")
        sys.stderr.write(f"{waits.name} waits\n")

    def passed(self) -> list[dict[str, Any]]:
        """The runs of `watch` that passed."""
        found = self.place.json("runs", "--outcome", "passed", "--limit", "1000", "--json")
        return [run for run in found if run["due_at"]]

    def incident(self, subject: str) -> dict[str, Any]:
        """The latest incident of a service, or of a journey that cannot be judged."""
        found = self.place.json("incidents", "--json")
        of_it = [one for one in found if subject in (one["service"], *(each["journey"] for each in one["symptoms"]))]
        return max(of_it, key=lambda one: one["number"], default={})

    def is_waiting(self) -> bool:
        """Whether a notice was not delivered: status --format json tells since when."""
        return bool(self.place.json("status", "--format", "json")["waiting_since"])

    def without(self, name: str) -> ExitStack:
        """A file that is away meanwhile."""
        file, away = self.place.folder / name, self.place.folder / f"{name}.away"
        file.rename(away)
        stack = ExitStack()
        stack.callback(away.rename, file)
        return stack

    def tell(self) -> None:
        """Writes down what the commands tell now, and leaves out what is no part of an installation."""
        moment = datetime.now(UTC)
        for name in LEFT_OUT:
            file = self.place.folder / name
            shutil.rmtree(file) if file.is_dir() else file.unlink(missing_ok=True)
        facts = {"at": moment.isoformat(), **told(self.place, moment)}
        (self.place.folder / "facts.json").write_text(json.dumps(facts, indent=1))


def live(work: Path, name: str, history: str) -> None:
    """One district's day, from its first file to its facts."""
    folder = work / name
    folder.mkdir()
    with practice_school(work / f"school-{name}") as introduced, http_receiver() as hook:
        nobody = {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nobody"}
        environment = environment_of(introduced, hook.url) | nobody
        place = Installation(folder=folder, environment=environment)
        day = Day(place, work / f"school-{name}", introduced, history)
        day.settle()
        day.by_hand(is_whole=not history)
        day.watched(hook)
        day.goes_on()
        day.store_goes_away()
        day.tell()


def dumped(server: Postgres) -> str:
    """The database as plain SQL; what psql alone understands is left out."""
    tool = INSTALLED[-1].parent / "pg_dump"
    url = server.url.replace("postgresql+psycopg", "postgresql")
    done = subprocess.run(
        [tool, "--inserts", "--no-owner", "--no-privileges", url], check=True, capture_output=True, text=True
    )
    return "".join(line for line in done.stdout.splitlines(keepends=True) if not line.startswith("\\"))


def main(out: Path) -> None:
    """Both districts, packed."""
    work = Path(tempfile.mkdtemp(prefix="bayfront-"))
    with Postgres() as server, ThreadPoolExecutor(2) as both:
        days = [both.submit(live, work, "sqlite", ""), both.submit(live, work, "postgres", server.url)]
        for day in days:
            day.result()
        (work / "postgres" / "history.sql").write_text(dumped(server))
    with tarfile.open(out, "w:xz", preset=9) as archive:
        for name in ("sqlite", "postgres"):
            archive.add(work / name, name)
    sys.stderr.write(f"{out}: {out.stat().st_size} bytes, of {work}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
