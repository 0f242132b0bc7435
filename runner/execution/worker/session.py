"""The worker process: one resident pytest session that collects once and plays attempts, again and again.

It decides nothing: it plays, records, and reports events.
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
from firstbell.compat.pytest import ConftestImportFailure, play_item
from firstbell.errors import CONFIG, FirstBellError
from firstbell.hostile_text import cleaned_by
from firstbell.journeys.stage.ending import Ending, EndingKind
from firstbell.journeys.stage.failures import ending_of, one_line
from firstbell.journeys.stage.stage import Stage
from firstbell.runner.config.browsers import BROWSER_KINDS
from firstbell.runner.execution.district import District
from firstbell.runner.execution.runs.machine_load import LagMeter, page_wait_share
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
from firstbell.runner.execution.worker.page_secrets import ReportingCleaner
from firstbell.runner.execution.worker.pytest_ini import pytest_ini_for
from firstbell.runner.execution.worker.stash_keys import ACCOUNTS, BROWSER, DISTRICT, OBSERVER, RUN_TOKEN

SHIPPED = ("sign_in", "class_list", "live_class", "room_class", "fallback")
"""The shipped journeys, in the order in which a person would search for what is broken."""
SHIPPED_FILES = tuple(Path(__file__).parents[3] / "journeys" / f"{name}.py" for name in SHIPPED)

# Nothing is kept between sessions. Hypothesis' plug-in loads the whole library at the end, and pytest looks for objects
# that nobody has collected: a third of a second each, for reports that nobody reads here.
NOT_FOR_JOURNEYS = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p", "no:unraisableexception")


class UnusableConftest(FirstBellError):
    """A conftest.py could not be read, so no journey can be collected. The message says where and why."""

    exit_code = CONFIG


@dataclass(slots=True, kw_only=True)
class _CurrentAttempt:
    """The attempt in progress. `began` is a monotonic second."""

    recorder: AttemptRecorder
    lag: LagMeter
    started_at: datetime
    began: float
    relies_on: tuple[str, ...] = ()
    error: BaseException | None = None
    is_judged: bool = False
    has_no_actors: bool = False
    steps: ImplicitSteps | None = None
    unclosed: str = ""


class WorkerSession:
    """The pytest plugin that makes a session stay and take orders."""

    def __init__(self, end: WorkerEnd, district: District, secrets: tuple[str, ...] = ()) -> None:
        self._end = end
        self._secrets = secrets
        self._district = district
        self._items: dict[str, pytest.Function] = {}
        self._journeys: dict[str, JourneyInfo] = {}
        self._broken: list[BrokenFile] = []
        self._current: _CurrentAttempt | None = None

    def pytest_exception_interact(self, node: pytest.Item | pytest.Collector, call: pytest.CallInfo[None]) -> None:
        """Records a file that could not be collected."""
        if isinstance(node, pytest.Collector) and call.excinfo is not None:
            self._broken.append(broken_file(node.path, call.excinfo.value))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> Iterator[None]:
        """Keeps the first exception of the attempt as it was raised; a report holds only its text."""
        report = yield
        if (attempt := self._current) is None:
            return report
        if call.excinfo is not None and call.when == "teardown":
            attempt.unclosed = one_line(call.excinfo.value)
        elif call.excinfo is not None:
            attempt.error = attempt.error or call.excinfo.value
        if not attempt.is_judged and (call.when == "call" or call.excinfo is not None):
            self._judge(attempt)
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Iterator[None]:
        """Listens to Playwright calls and new pages, for tests without steps of their own."""
        fixture_value: Any = yield
        if fixturedef.argname == "playwright":
            listen_to_calls(fixture_value, self._on_call)
        elif fixturedef.argname == "browser":
            follow(fixture_value, self._steps_in_progress)
        return fixture_value  # type: ignore[no-any-return]

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Iterator[None]:
        """Follows a test without actors from its fixtures on: a person signs in there."""
        attempt = self._current
        if attempt is not None and attempt.has_no_actors:
            stage = Stage(run_token=item.nodeid, observer=attempt.recorder, limit_s=self._district.step_limit_s)
            service = attempt.relies_on[0] if attempt.relies_on else ""
            attempt.steps = ImplicitSteps(stage, attempt.recorder, title=_title(item), service=service)
        try:
            return (yield)
        except BaseException as error:
            if attempt is not None and attempt.steps is not None:
                attempt.steps.ended(error)
            raise

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        """Ends the last step of such a test as the test ends."""
        if (steps := self._steps_in_progress()) is None:
            return (yield)
        browser = getattr(item, "funcargs", {}).get("browser")
        for context in browser.contexts if browser is not None else ():
            for page in context.pages[:1]:  # A fixture of a wider scope opened it for an earlier test.
                steps.page_opened(page)
        try:
            answer = yield
        except BaseException as error:
            steps.ended(error)
            raise
        steps.ended(None)
        return answer

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self) -> None:
        """Saves the recordings of such a page while it is still open."""
        if self._current is not None and self._current.steps is not None:
            self._current.recorder.finished()

    def _on_call(self, call: Any, message: Any) -> None:
        if (steps := self._steps_in_progress()) is not None:
            steps.began(call, message)

    def _steps_in_progress(self) -> ImplicitSteps | None:
        """Returns the implicit steps of the attempt in progress, if it has no actors."""
        return self._current.steps if self._current is not None else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Collects, sends Ready, then plays until Quit or until the parent is gone."""
        for item in session.items:
            self._add(item)
        journeys = tuple(info for info in self._journeys.values() if info.id != HEALTH_PROBE)
        self._end.send(Ready(journeys=journeys, broken=tuple(self._broken)))
        idle_item = pytest.Function.from_parent(session, name="idle", callobj=lambda: None)
        while isinstance(order := self._end.receive(), PlayAttempt):
            self._play(order, idle_item)
        return True

    def _add(self, item: pytest.Item) -> None:
        info = journey_info_of(item)
        if info is None and is_asked_for(item, self._district.folders):
            info = journey_info_of_test(item)
        if info is None or not isinstance(item, pytest.Function):
            return
        if first := self._journeys.get(info.id):
            cause = f"journey '{info.id}' is already defined in {first.file}:{first.line}; give this one another id"
            self._broken.append(BrokenFile(file=info.file, line=info.line, cause=cause))
            return
        self._items[info.id] = item
        self._journeys[info.id] = info.model_copy(update={"is_shipped": item.path in SHIPPED_FILES})

    def _play(self, order: PlayAttempt, idle_item: pytest.Item) -> None:
        item = self._items[order.journey]
        recorder = AttemptRecorder(order, self._end)
        item.config.stash[OBSERVER] = recorder
        item.config.stash[RUN_TOKEN] = f"{order.run_id}/{order.attempt}"
        item.config.stash[ACCOUNTS] = dict(order.accounts)
        item.config.stash[BROWSER] = order.browser
        with LagMeter() as lag, cleaned_by(ReportingCleaner(self._end, self._secrets)):
            self._current = _CurrentAttempt(
                recorder=recorder,
                lag=lag,
                started_at=datetime.now(UTC),
                began=time.monotonic(),
                relies_on=order.relies_on,
                has_no_actors=order.journey != HEALTH_PROBE and "stage" not in item.fixturenames,
            )
            play_item(item, before=idle_item)
        self._end.send(AttemptEnded(unclosed=self._current.unclosed))
        self._current = None

    def _judge(self, attempt: _CurrentAttempt) -> None:
        """Reports the ending as soon as it is certain: closing may hang, and changes nothing."""
        attempt.is_judged = True
        self._end.send(
            AttemptJudged(
                started_at=attempt.started_at,
                took_s=time.monotonic() - attempt.began,
                ending=_ending(attempt.error, attempt.recorder.failure),
                browser=attempt.recorder.browser,
                lost_share=max(attempt.lag.lost_share, page_wait_share() if attempt.error else 0.0),
            )
        )


def _ending(error: BaseException | None, failure: Ending | None) -> Ending | None:
    """Returns the ending of an attempt: its first failing step's, or that of an exception outside of any step."""
    if error is None:
        return None
    if failure is not None:
        return failure
    if isinstance(error, pytest.skip.Exception):
        return Ending(kind=EndingKind.SKIPPED, said=str(error) or "the journey skipped itself")
    return ending_of(error)


def _title(item: pytest.Item) -> str:
    """Returns a test's name as a step title."""
    name = getattr(item, "originalname", None) or item.name
    return str(name).removeprefix("test_").replace("_", " ")


def journey_files(folders: tuple[Path, ...]) -> list[Path]:
    """Returns the shipped journeys, and a district's own: every Python file in its folders but conftest and private
    ones, and single tests as pytest names them."""
    own = [path for given in folders for path in (sorted(given.rglob("*.py")) if given.is_dir() else [given])]
    return [*SHIPPED_FILES, *(path for path in own if path.name != "conftest.py" and not path.name.startswith("_"))]


def run_session(district: District, *, plays: object, folder: Path, headed: bool) -> None:
    """Runs a pytest session over all journeys of a district until `plays`, the plugin that plays them, ends it.
    `folder` is that of the configuration."""
    # A project's own ini file applies (markers, base URL), without options that are meant for its test runs.
    overrides = ["-o", "addopts=", "-o", "filterwarnings=", "-o", "strict_config=false"]
    options = ["-q", *NOT_FOR_JOURNEYS, *overrides, "--continue-on-collection-errors"]
    options += pytest_ini_for(district.folders, folder).options
    kind = BROWSER_KINDS[district.browser_name]
    options += ["--browser", kind.engine, *(["--browser-channel", kind.channel] if kind.channel else [])]
    if headed:
        options.append("--headed")
    files = [str(path) for path in (*journey_files(district.folders), Path(health_probe.__file__))]
    plugin = _DistrictPlugin(district)
    pytest.main([*options, *files], plugins=[plugin, plays])
    if broken := plugin.broken_conftest:
        raise UnusableConftest(f"{broken.file}:{broken.line}: {broken.cause}")


class _DistrictPlugin:
    """Puts the district into pytest's stash for the fixtures."""

    def __init__(self, district: District) -> None:
        self._district = district
        self.broken_conftest: BrokenFile | None = None

    @pytest.hookimpl(wrapper=True)
    def pytest_load_initial_conftests(self) -> Iterator[None]:
        """Records a conftest.py that could not be read: pytest ends without a word to its plugins."""
        try:
            return (yield)
        except ConftestImportFailure as error:
            self.broken_conftest = broken_file(error.path, error)
            raise

    def pytest_configure(self, config: pytest.Config) -> None:
        """Runs before collection. Projects with other names for tests still collect First Bell's journeys."""
        config.addinivalue_line("python_functions", "test")
        config.stash[DISTRICT] = self._district
