"""The child process: one resident pytest session that collects once and plays what it is handed, again and again.

Run as `python -m runner.execution.worker`; the parent is `supervisor.py`. Not for deciding anything: it plays,
records, and says what happened. Tried with pytest 9.2: `nextitem` must be another item of the session, or the
function-scoped fixtures stay alive, and `_initrequest()` gives an item that has run before a clean start.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol

from journeys.stage.ending import Ending, EndingKind
from journeys.stage.failures import ending_of
from runner.config.load import ConfigError
from runner.execution.browser import NoBrowser
from runner.execution.collecting import broken_file, card_of
from runner.execution.messages import AttemptEnded, BrokenFile, Hello, JourneyCard, Play, Ready, Unwell
from runner.execution.pipe import WorkerEnd
from runner.execution.recording import Recording
from runner.pytest_plugin import AUDIENCE, DISTRICT, RUN_TOKEN
from runner.wiring import district_of_worker


class Resident:
    """The pytest plugin that makes a session stay and take orders."""

    def __init__(self, end: WorkerEnd) -> None:
        self._end = end
        self._items: dict[str, pytest.Function] = {}
        self._cards: dict[str, JourneyCard] = {}
        self._broken: list[BrokenFile] = []
        self._error: BaseException | None = None

    def pytest_exception_interact(self, node: pytest.Item | pytest.Collector, call: pytest.CallInfo[None]) -> None:
        """Remember a file that could not be collected."""
        if isinstance(node, pytest.Collector) and call.excinfo is not None:
            self._broken.append(broken_file(node, call.excinfo.value))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
        """Keep the first exception of the attempt as it was raised; a report holds only its text."""
        if call.excinfo is not None and self._error is None and call.when != "teardown":
            self._error = call.excinfo.value
        return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Collect, say so, then play until told to quit or until the parent is gone."""
        for item in session.items:
            self._admit(item)
        self._end.send(Ready(journeys=tuple(self._cards.values()), broken=tuple(self._broken)))
        rest = pytest.Function.from_parent(session, name="rest", callobj=lambda: None)
        while isinstance(order := self._end.receive(), Play):
            self._play(order, rest)
        return True

    def _admit(self, item: pytest.Item) -> None:
        card = card_of(item)
        if card is None or not isinstance(item, pytest.Function):
            return
        if other := self._cards.get(card.id):
            cause = f"journey '{card.id}' is already defined in {other.file}:{other.line}; give this one another id"
            self._broken.append(BrokenFile(file=card.file, line=card.line, cause=cause))
            return
        self._items[card.id] = item
        self._cards[card.id] = card

    def _play(self, order: Play, rest: pytest.Item) -> None:
        item = self._items[order.journey]
        recording = Recording(order, self._end)
        item.config.stash[AUDIENCE] = recording
        item.config.stash[RUN_TOKEN] = f"{order.run_id}/{order.attempt}"
        self._error = None
        started_at, began = datetime.now(UTC), time.monotonic()
        item._initrequest()
        runtestprotocol(item, log=False, nextitem=rest)
        self._end.send(
            AttemptEnded(
                started_at=started_at,
                took_s=recording.played_s or time.monotonic() - began,
                ending=_ending(self._error),
                artifacts=recording.artifacts,
                browser=recording.browser,
            )
        )


def _ending(error: BaseException | None) -> Ending | None:
    if error is None:
        return None
    if isinstance(error, pytest.skip.Exception):
        return Ending(kind=EndingKind.SKIPPED, said=str(error) or "the journey skipped itself")
    return ending_of(error)


def journey_files(folders: tuple[Path, ...]) -> list[Path]:
    """The shipped journeys, and every Python file in a district's own folders but conftest and private ones."""
    shipped = sorted((Path(__file__).parents[2] / "journeys").glob("*.py"))
    own = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
    return [path for path in (*shipped, *own) if path.name != "conftest.py" and not path.name.startswith("_")]


def main() -> int:
    """Set up as the parent says, and stay."""
    end = WorkerEnd.take_over_stdio()
    hello = end.receive()
    if not isinstance(hello, Hello):
        return 2
    try:
        with district_of_worker(hello) as district:
            resident = Resident(end)
            options = ["-p", "no:cacheprovider", "-o", "addopts=", "--continue-on-collection-errors", "-q"]
            if hello.headed:
                options.append("--headed")
            plugin = _Handover(district)
            pytest.main([*options, *map(str, journey_files(district.folders))], plugins=[plugin, resident])
    except (ConfigError, NoBrowser) as error:
        end.send(Unwell(said=str(error)))
        return 2
    except Exception as error:
        traceback.print_exc()
        end.send(Unwell(said=f"the worker broke: {type(error).__name__}: {error}"))
        return 2
    return 0


class _Handover:
    """Puts the district where our fixtures look for it."""

    def __init__(self, district: object) -> None:
        self._district = district

    def pytest_configure(self, config: pytest.Config) -> None:
        """Before anything is collected."""
        config.stash[DISTRICT] = self._district


if __name__ == "__main__":
    raise SystemExit(main())
