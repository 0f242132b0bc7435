"""The pytest session of a player process: it collects the journeys as a run does, and has one of them played."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from firstbell.errors import FirstBellError
from firstbell.runner.execution.worker.collection import is_asked_for, journey_info_of, journey_info_of_test
from firstbell.runner.execution.worker.pytest_ini import pytest_ini_for
from firstbell.runner.execution.worker.session import SHIPPED_FILES, run_session
from firstbell.runner.rehearsal.plays.importing import RewritingFinder

if TYPE_CHECKING:
    from firstbell.runner.execution.district import District

Play = Callable[[pytest.Function, Callable[[Path], bool]], None]


class NoSuchJourney(FirstBellError):
    """The journey that is to be rehearsed has not been collected."""


def play_in_session(district: District, journey: str, play: Play, *, folder: Path) -> None:
    """Collects the journeys of a district, and calls `play` with the one to rehearse and a test whether a file is among
    those that were rewritten. Raises what `play` raises, and NoSuchJourney."""
    project = pytest_ini_for(district.folders, folder).root
    finder = RewritingFinder([*SHIPPED_FILES, *([project] if district.folders else [])])
    session = _RehearsalSession(district, journey, play, finder)
    run_session(district, plays=session, folder=folder, headed=False)
    if session.error is not None:
        raise session.error


class _RehearsalSession:
    """The plugin of the session."""

    def __init__(self, district: District, journey: str, play: Play, finder: RewritingFinder) -> None:
        self._district = district
        self._journey = journey
        self._play = play
        self._finder = finder
        self.error: BaseException | None = None

    @pytest.hookimpl(wrapper=True)
    def pytest_load_initial_conftests(self) -> Iterator[None]:
        """Rewrites conftest.py too: helpers and fixtures often are there."""
        self._finder.install()
        return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Plays. pytest would report an error as its own."""
        try:
            item = next(
                (
                    item
                    for item in session.items
                    if isinstance(item, pytest.Function) and self._id_of(item) == self._journey
                ),
                None,
            )
            if item is None:
                raise NoSuchJourney(f"the journey '{self._journey}' could not be collected; run: firstbell check")
            self._play(item, self._finder.covers)
        except BaseException as error:  # it is raised again, after pytest's own end
            self.error = error
        return True

    def _id_of(self, item: pytest.Item) -> str:
        info = journey_info_of(item)
        if info is None and is_asked_for(item, self._district.folders):
            info = journey_info_of_test(item)
        return info.id if info else ""
