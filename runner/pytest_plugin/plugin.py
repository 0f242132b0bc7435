"""The fixtures and the marker of journeys; inert in projects that use neither.

Heavy modules are imported inside the fixtures, because pytest loads this module in every project that has First Bell
installed, and must not be slower for it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from firstbell.runner.execution.worker.stash_keys import (
    ACCOUNTS,
    BROWSER,
    CURRENT_ITEM,
    DISTRICT,
    JOURNEY_INFO,
    LAUNCH_OPTIONS,
    OBSERVER,
    OUTPUT_FOLDER,
    RUN_TOKEN,
    STAGE,
)
from firstbell.runner.pytest_plugin.browser import (
    ANY_BROWSER,
    apply_options,
    browser_options,
    context_for,
    egress_of,
    launch_arguments,
    session_browser_name,
    uses_first_bell,
)
from firstbell.runner.pytest_plugin.parameter_ids import ParameterIds

if TYPE_CHECKING:
    from firstbell.journeys.stage.actor import Actor
    from firstbell.journeys.stage.school import School
    from firstbell.journeys.stage.service import Classroom
    from firstbell.journeys.stage.stage import Stage
    from firstbell.runner.execution.browsers.per_actor import OtherBrowsers
    from firstbell.runner.execution.district import District
    from firstbell.runner.pytest_plugin.session import DistrictSession

# Annotated rather than subscripted: a subscript would be evaluated, and import what only journeys need.
OPENED: pytest.StashKey[DistrictSession] = pytest.StashKey()
"""The session of plain pytest; absent until a fixture of First Bell is asked for."""
MARKER = (
    "journey(id, relies_on=[...], roles=[...]): a journey that First Bell can run and schedule, the services it relies "
    "on, and who plays, where the fixtures do not say so"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds First Bell's one option; all others are pytest-playwright's."""
    parser.getgroup("firstbell", "First Bell").addoption(
        "--firstbell-config", default=None, metavar="FILE", help="firstbell.toml to use (default: found upwards)"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marker, also for --strict-markers, and selects the browser that a firstbell.toml names."""
    config.addinivalue_line("markers", MARKER)
    config.pluginmanager.register(ParameterIds())
    apply_options(config)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Iterator[None]:
    """Explains an import by an old name in a conftest.py in one sentence."""
    try:
        return (yield)
    except Exception as error:
        from firstbell.runner.execution.worker.renamed_imports import renamed_import

        if renamed := renamed_import(error):
            raise pytest.UsageError(f"First Bell: {renamed}") from error
        raise


def pytest_exception_interact(
    node: pytest.Item | pytest.Collector, call: pytest.CallInfo[Any], report: pytest.CollectReport | pytest.TestReport
) -> None:
    """Explains an import by an old name in a collected file in one sentence."""
    from firstbell.runner.execution.worker.renamed_imports import renamed_import

    if isinstance(node, pytest.Collector) and call.excinfo and (renamed := renamed_import(call.excinfo.value)):
        report.longrepr = f"First Bell: {renamed}"


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> Iterator[None]:
    """Makes pytest-playwright launch the browser that First Bell found, with the options of the signed camera.

    A fixture of First Bell with pytest-playwright's name would shadow theirs and break a project's own override; adding
    to the value of theirs breaks neither. It is added before the browser is launched rather than where the arguments
    are made, because with several --browser they are made once for all.
    """
    if fixturedef.argname == "launch_browser" and uses_first_bell(request):
        launch_args: dict[str, Any] = request.getfixturevalue("browser_type_launch_args")
        original = request.config.stash.setdefault(LAUNCH_OPTIONS, dict(launch_args))
        additions = launch_arguments(request, original)
        launch_args.clear()
        launch_args |= {**additions, **original, "args": [*original.get("args", ()), *additions.get("args", ())]}
    return (yield)


@pytest.fixture(scope="session")
def _firstbell_session(pytestconfig: pytest.Config) -> Iterator[DistrictSession]:
    """The district session; a worker has its district already, and its parent holds the locks."""
    from firstbell.runner.pytest_plugin.output_redaction import OutputRedaction
    from firstbell.runner.pytest_plugin.session import DistrictSession, open_for_pytest

    if DISTRICT in pytestconfig.stash:
        yield DistrictSession(district=pytestconfig.stash[DISTRICT], locks=None)
        return
    with _one_sentence(), ExitStack() as stack:
        start = pytestconfig.invocation_params.dir
        session = stack.enter_context(open_for_pytest(pytestconfig.getoption("--firstbell-config"), start))
        pytestconfig.stash[OPENED] = session
        pytestconfig.pluginmanager.register(OutputRedaction(pytestconfig, session.cleaner))
        yield session


@contextmanager
def _one_sentence() -> Iterator[None]:
    """Fails with the message of a foreseen error alone, without a traceback of First Bell's own lines."""
    from firstbell.errors import FirstBellError

    try:
        yield
    except FirstBellError as error:
        pytest.fail(f"First Bell: {error}", pytrace=False)


@pytest.fixture(scope="session")
def district(_firstbell_session: DistrictSession) -> District:
    """The district as configured; the practice school, started for this session, if there is no firstbell.toml."""
    return _firstbell_session.district


@pytest.fixture
def _firstbell_accounts(
    _firstbell_session: DistrictSession, request: pytest.FixtureRequest, pytestconfig: pytest.Config
) -> Iterator[Mapping[str, str]]:
    """The account of each role, in no other run until this test has been torn down."""
    if DISTRICT in pytestconfig.stash:
        allocated: dict[str, str] = pytestconfig.stash.get(ACCOUNTS, {})
        yield allocated
        return
    from firstbell.runner.execution.worker.collection import journey_info_of, journey_info_of_test

    info = journey_info_of(request.node) or journey_info_of_test(request.node)
    request.node.stash[JOURNEY_INFO] = info
    with _one_sentence(), _firstbell_session.reserve_accounts(info) as accounts:
        yield accounts


@pytest.fixture(scope="session")
def school(district: District) -> School:
    """The district's services, as journeys use them."""
    return district.school


@pytest.fixture(scope="session")
def classroom(district: District) -> Classroom:
    """The synthetic class in which actors meet."""
    return district.classroom


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Fails a journey that ends on an address that answered with an error."""
    answer = yield
    if (stage := item.stash.get(STAGE, None)) is not None:
        stage.settle()
    return answer


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Adds a journey's failing step, pages and trace to its report, and redacts secrets and strangers from it. It is
    the outermost wrapper, so that its changes come last."""
    session = item.config.stash.get(OPENED, None)
    if session is None:
        return (yield)
    from firstbell.runner.pytest_plugin.failure_report import add_failure_section, properties_of
    from firstbell.runner.pytest_plugin.report_redaction import redact_secrets

    stage = item.stash.get(STAGE, None)
    if stage is not None and call.when == "call":
        item.user_properties += properties_of(item.stash[JOURNEY_INFO], stage)
    outcome = yield
    report: pytest.TestReport = outcome  # type: ignore[assignment]  # the hook is typed as returning nothing
    if stage is not None:
        add_failure_section(report, stage, item)
    redact_secrets(report, session.cleaner)
    return outcome


def pytest_unconfigure(config: pytest.Config) -> None:
    """Deletes the recordings of an interrupted test in which a stranger was seen: it has no report."""
    item = config.stash.get(CURRENT_ITEM, None)
    if item is not None and item.stash[STAGE].privacy is not None:
        from firstbell.runner.pytest_plugin.report_redaction import delete_recordings

        delete_recordings(item)


@pytest.fixture(scope="session")
def _firstbell_other_browsers(
    district: District, playwright: Any, browser_type_launch_args: dict[str, Any], pytestconfig: pytest.Config
) -> Iterator[OtherBrowsers]:
    """The browsers of actors who use another one than this session's."""
    from firstbell.runner.execution.browsers.per_actor import OtherBrowsers

    del browser_type_launch_args
    shared = {key: value for key, value in pytestconfig.stash.get(LAUNCH_OPTIONS, {}).items() if key in ANY_BROWSER}
    others = OtherBrowsers(
        playwright=playwright, launching=shared, executable=district.browser, egress=egress_of(pytestconfig)
    )
    yield others
    others.close()


@pytest.fixture
def _firstbell_cleanup() -> Iterator[ExitStack]:
    """Closes, after the stage, the contexts of actors who use another browser."""
    with ExitStack() as leaving:
        yield leaving


@pytest.fixture
def stage(
    district: District,
    request: pytest.FixtureRequest,
    pytestconfig: pytest.Config,
    _firstbell_accounts: Mapping[str, str],
    new_context: Callable[..., Any],
    output_path: str,
    _firstbell_cleanup: ExitStack,
) -> Iterator[Stage]:
    """The stage of this attempt. Requests the contexts only to be torn down before they close, and before that the
    accounts, which are released when the contexts have closed."""
    del new_context, _firstbell_cleanup
    from firstbell.journeys.stage.observer import NoObserver
    from firstbell.journeys.stage.stage import Stage

    observer = pytestconfig.stash.get(OBSERVER, None) or NoObserver()
    token = pytestconfig.stash.get(RUN_TOKEN, None) or secrets.token_hex(8)
    with Stage(run_token=token, observer=observer, limit_s=district.step_limit_s, guests=district.guests) as stage:
        request.node.stash[STAGE], request.node.stash[OUTPUT_FOLDER] = stage, output_path
        pytestconfig.stash[CURRENT_ITEM] = request.node
        yield stage


@pytest.fixture
def actor(
    stage: Stage,
    district: District,
    _firstbell_accounts: Mapping[str, str],
    request: pytest.FixtureRequest,
    pytestconfig: pytest.Config,
) -> Callable[[str], Actor]:
    """Brings a person on by role: `actor("counselor")`. Each has a browser context of their own, in their own browser
    and with their own device."""
    from dataclasses import replace

    from firstbell.runner.execution.browsers.discovery import throttle
    from firstbell.runner.execution.browsers.per_actor import browser_of_actor

    journey = pytestconfig.stash.get(BROWSER, "")

    def enter(role: str) -> Actor:
        account = district.account(_firstbell_accounts.get(role, role))
        choice = browser_of_actor(
            account, journey=journey, usual=session_browser_name(request), overrides=browser_options(pytestconfig)
        )
        account = replace(account, browser=choice.browser, device=choice.device)
        person = stage.enter(role, account, context_for(choice, district, request))
        throttle(person.page, district.location.network)
        return person

    return enter


@pytest.fixture
def teacher(actor: Callable[[str], Actor]) -> Actor:
    """The synthetic teacher."""
    return actor("teacher")


@pytest.fixture
def student(actor: Callable[[str], Actor]) -> Actor:
    """The synthetic student."""
    return actor("student")
