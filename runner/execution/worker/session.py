"""The child process: one resident pytest session that collects once and plays what it is handed, again and again.

Not for deciding anything: it plays, records, and says what happened.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from firstbell.compat.playwright import listen_to_calls
from firstbell.compat.pytest import play_item
from firstbell.journeys.stage.ending import Ending, EndingKind
from firstbell.journeys.stage.failures import ending_of, one_line
from firstbell.journeys.stage.stage import Stage
from firstbell.runner.config.browsers import BROWSER_KINDS
from firstbell.runner.execution.district import District
from firstbell.runner.execution.runs.machine_load import LagMeter
from firstbell.runner.execution.supervision import health_probe
from firstbell.runner.execution.supervision.pipe import WorkerEnd
from firstbell.runner.execution.supervision.protocol import (
    HEALTH_PROBE,
    AttemptEnded,
    AttemptJudged,
    BrokenFile,
    JourneyInfo,
    PlayAttempt,
    Ready,
)
from firstbell.runner.execution.worker.collection import (
    broken_file,
    is_asked_for,
    journey_info_of,
    journey_info_of_test,
)
from firstbell.runner.execution.worker.implicit_steps import ImplicitSteps, follow
from firstbell.runner.execution.worker.observer import AttemptRecorder
from firstbell.runner.execution.worker.pytest_ini import pytest_ini_for
from firstbell.runner.execution.worker.stash_keys import ACCOUNTS, BROWSER, DISTRICT, OBSERVER, RUN_TOKEN

SHIPPED = ("sign_in", "class_list", "live_class", "fallback")
"""The journeys that come with First Bell, in the order in which a person would look for what is broken."""
SHIPPED_FILES = tuple(Path(__file__).parents[3] / "journeys" / f"{name}.py" for name in SHIPPED)


@dataclass(slots=True, kw_only=True)
class _CurrentAttempt:
    """The attempt that is being played. `began` is a monotonic second."""

    recording: AttemptRecorder
    lag: LagMeter
    started_at: datetime
    began: float
    relies_on: tuple[str, ...] = ()
    error: BaseException | None = None
    is_judged: bool = False
    is_solo: bool = False
    solo: ImplicitSteps | None = None
    unclosed: str = ""


class WorkerSession:
    """The pytest plugin that makes a session stay and take orders."""

    def __init__(self, end: WorkerEnd, district: District) -> None:
        self._end = end
        self._district = district
        self._items: dict[str, pytest.Function] = {}
        self._cards: dict[str, JourneyInfo] = {}
        self._broken: list[BrokenFile] = []
        self._now: _CurrentAttempt | None = None

    def pytest_exception_interact(self, node: pytest.Item | pytest.Collector, call: pytest.CallInfo[None]) -> None:
        """Remember a file that could not be collected."""
        if isinstance(node, pytest.Collector) and call.excinfo is not None:
            self._broken.append(broken_file(node, call.excinfo.value))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> Iterator[None]:
        """Keep the first exception of the attempt as it was raised; a report holds only its text."""
        report = yield
        if (now := self._now) is None:
            return report
        if call.excinfo is not None and call.when == "teardown":
            now.unclosed = one_line(call.excinfo.value)
        elif call.excinfo is not None:
            now.error = now.error or call.excinfo.value
        if not now.is_judged and (call.when == "call" or call.excinfo is not None):
            self._judge(now)
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Iterator[None]:
        """Hear of what tests without steps of their own ask of Playwright, and which pages they open."""
        made: Any = yield
        if fixturedef.argname == "playwright":
            listen_to_calls(made, self._called)
        elif fixturedef.argname == "browser":
            follow(made, self._solo)
        return made  # type: ignore[no-any-return]

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Iterator[None]:
        """A test that brings nobody on is followed from its fixtures on: a person signs in there."""
        now = self._now
        if now is not None and now.is_solo:
            stage = Stage(run_token=item.nodeid, observer=now.recording, limit_s=self._district.step_limit_s)
            service = now.relies_on[0] if now.relies_on else ""
            now.solo = ImplicitSteps(stage, now.recording, words=_words(item), service=service)
        try:
            return (yield)
        except BaseException as error:
            if now is not None and now.solo is not None:
                now.solo.ended(error)
            raise

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        """The last step of such a test ends as the test does."""
        if (solo := self._solo()) is None:
            return (yield)
        browser = getattr(item, "funcargs", {}).get("browser")
        for context in browser.contexts if browser is not None else ():
            for page in context.pages[:1]:  # Fixtures of a wider scope have opened it for an earlier test.
                solo.opened(page)
        try:
            answer = yield
        except BaseException as error:
            solo.ended(error)
            raise
        solo.ended(None)
        return answer

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self) -> None:
        """Save what was recorded of such a page while it is still open."""
        if self._now is not None and self._now.solo is not None:
            self._now.recording.finished()

    def _called(self, call: Any, message: Any) -> None:
        if (solo := self._solo()) is not None:
            solo.began(call, message)

    def _solo(self) -> ImplicitSteps | None:
        """Whoever plays alone at the moment."""
        return self._now.solo if self._now is not None else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Collect, say so, then play until told to quit or until the parent is gone."""
        for item in session.items:
            self._admit(item)
        shown = tuple(card for card in self._cards.values() if card.id != HEALTH_PROBE)
        self._end.send(Ready(journeys=shown, broken=tuple(self._broken)))
        rest = pytest.Function.from_parent(session, name="rest", callobj=lambda: None)
        while isinstance(order := self._end.receive(), PlayAttempt):
            self._play(order, rest)
        return True

    def _admit(self, item: pytest.Item) -> None:
        card = journey_info_of(item)
        if card is None and is_asked_for(item, self._district.folders):
            card = journey_info_of_test(item)
        if card is None or not isinstance(item, pytest.Function):
            return
        if other := self._cards.get(card.id):
            cause = f"journey '{card.id}' is already defined in {other.file}:{other.line}; give this one another id"
            self._broken.append(BrokenFile(file=card.file, line=card.line, cause=cause))
            return
        self._items[card.id] = item
        self._cards[card.id] = card.model_copy(update={"is_shipped": item.path in SHIPPED_FILES})

    def _play(self, order: PlayAttempt, rest: pytest.Item) -> None:
        item = self._items[order.journey]
        recording = AttemptRecorder(order, self._end)
        item.config.stash[OBSERVER] = recording
        item.config.stash[RUN_TOKEN] = f"{order.run_id}/{order.attempt}"
        item.config.stash[ACCOUNTS] = dict(order.accounts)
        item.config.stash[BROWSER] = order.browser
        with LagMeter() as lag:
            self._now = _CurrentAttempt(
                recording=recording,
                lag=lag,
                started_at=datetime.now(UTC),
                began=time.monotonic(),
                relies_on=order.relies_on,
                is_solo=order.journey != HEALTH_PROBE and "stage" not in item.fixturenames,
            )
            play_item(item, before=rest)
        self._end.send(AttemptEnded(unclosed=self._now.unclosed))
        self._now = None

    def _judge(self, now: _CurrentAttempt) -> None:
        """Say how it ended as soon as that is certain: closing what was opened may hang, and changes nothing."""
        now.is_judged = True
        self._end.send(
            AttemptJudged(
                started_at=now.started_at,
                took_s=time.monotonic() - now.began,
                ending=_ending(now.error, now.recording.broke),
                browser=now.recording.browser,
                lost_share=now.lag.lost_share,
            )
        )


def _ending(error: BaseException | None, broke: Ending | None) -> Ending | None:
    """How an attempt ended: as its first bad step did, or as what was raised outside of any step says."""
    if error is None:
        return None
    if broke is not None:
        return broke
    if isinstance(error, pytest.skip.Exception):
        return Ending(kind=EndingKind.SKIPPED, said=str(error) or "the journey skipped itself")
    return ending_of(error)


def _words(item: pytest.Item) -> str:
    """A test's name as a step has it."""
    name = getattr(item, "originalname", None) or item.name
    return str(name).removeprefix("test_").replace("_", " ")


def journey_files(folders: tuple[Path, ...]) -> list[Path]:
    """The shipped journeys, and a district's own: every Python file in its folders but conftest and private ones, and
    single tests as pytest names them."""
    own = [path for given in folders for path in (sorted(given.rglob("*.py")) if given.is_dir() else [given])]
    return [*SHIPPED_FILES, *(path for path in own if path.name != "conftest.py" and not path.name.startswith("_"))]


def run_session(end: WorkerEnd, district: District, *, folder: Path, headed: bool) -> None:
    """Hold a pytest session over all journeys of a district until the parent ends it. `folder` is that of its
    configuration."""
    # A project's own ini file is in force (markers, base URL) but for what is meant for its test runs.
    overrides = ["-o", "addopts=", "-o", "filterwarnings=", "-o", "strict_config=false"]
    options = ["-q", "-p", "no:cacheprovider", *overrides, "--continue-on-collection-errors"]
    options += pytest_ini_for(district.folders, folder).options
    kind = BROWSER_KINDS[district.browser_name]
    options += ["--browser", kind.engine, *(["--browser-channel", kind.channel] if kind.channel else [])]
    if headed:
        options.append("--headed")
    files = [str(path) for path in (*journey_files(district.folders), Path(health_probe.__file__))]
    pytest.main([*options, *files], plugins=[_DistrictPlugin(district), WorkerSession(end, district)])


class _DistrictPlugin:
    """Puts the district where our fixtures look for it."""

    def __init__(self, district: District) -> None:
        self._district = district

    def pytest_configure(self, config: pytest.Config) -> None:
        """Before anything is collected. A project that calls its tests otherwise still has First Bell's journeys."""
        config.addinivalue_line("python_functions", "test")
        config.stash[DISTRICT] = self._district
