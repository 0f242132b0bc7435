"""The fixtures and the marker that journeys are written with; silent in projects that use neither.

Everything heavy is imported inside the fixtures, because pytest loads this module in every project that has
First Bell installed, and must not be slower for it.
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
    """One option of ours; all others are pytest-playwright's."""
    parser.getgroup("firstbell", "First Bell").addoption(
        "--firstbell-config", default=None, metavar="FILE", help="firstbell.toml to use (default: found upwards)"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, also under --strict-markers, and play in the browser that a firstbell.toml names."""
    config.addinivalue_line("markers", MARKER)
    apply_options(config)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> Iterator[None]:
    """Let pytest-playwright launch the browser that First Bell found, with what the signed camera needs.

    A fixture of ours with pytest-playwright's name would shadow theirs and break a project's own override;
    adding to what theirs returns breaks neither. It is added before the browser is launched rather than where the
    arguments are made, because with several --browser they are made once for all.
    """
    if fixturedef.argname == "launch_browser" and uses_first_bell(request):
        given: dict[str, Any] = request.getfixturevalue("browser_type_launch_args")
        original = request.config.stash.setdefault(LAUNCH_OPTIONS, dict(given))
        wanted = launch_arguments(request, original)
        given.clear()
        given |= {**wanted, **original, "args": [*original.get("args", ()), *wanted.get("args", ())]}
    return (yield)


@pytest.fixture(scope="session")
def _opened(pytestconfig: pytest.Config) -> Iterator[DistrictSession]:
    """What this session plays in; a worker of ours has it already, and its parent holds the locks."""
    from firstbell.runner.pytest_plugin.session import DistrictSession, open_for_pytest

    if DISTRICT in pytestconfig.stash:
        yield DistrictSession(district=pytestconfig.stash[DISTRICT], locks=None)
        return
    with _one_sentence(), ExitStack() as stack:
        start = pytestconfig.invocation_params.dir
        opened = stack.enter_context(open_for_pytest(pytestconfig.getoption("--firstbell-config"), start))
        pytestconfig.stash[OPENED] = opened
        yield opened


@contextmanager
def _one_sentence() -> Iterator[None]:
    """Say what a person can mend as they read it on the command line, without our own lines around it."""
    from firstbell.errors import FirstBellError

    try:
        yield
    except FirstBellError as error:
        pytest.fail(f"First Bell: {error}", pytrace=False)


@pytest.fixture(scope="session")
def district(_opened: DistrictSession) -> District:
    """The district as configured; the practice school, started for this session, where there is no firstbell.toml."""
    return _opened.district


@pytest.fixture
def _cast(
    _opened: DistrictSession, request: pytest.FixtureRequest, pytestconfig: pytest.Config
) -> Iterator[Mapping[str, str]]:
    """The account of each role, in no other run until this test has been torn down."""
    if DISTRICT in pytestconfig.stash:
        given: dict[str, str] = pytestconfig.stash.get(ACCOUNTS, {})
        yield given
        return
    from firstbell.runner.execution.worker.collection import journey_info_of, journey_info_of_test

    card = journey_info_of(request.node) or journey_info_of_test(request.node)
    request.node.stash[JOURNEY_INFO] = card
    with _one_sentence(), _opened.reserve_accounts(card) as accounts:
        yield accounts


@pytest.fixture(scope="session")
def school(district: District) -> School:
    """The district's services, as journeys speak to them."""
    return district.school


@pytest.fixture(scope="session")
def classroom(district: District) -> Classroom:
    """The synthetic class that our people meet in."""
    return district.classroom


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Tell of a journey that failed what a person asks first: which step, whose page, what it said, what opens it;
    and let no report hold a secret, or anything of a stranger. First of all wrappers, so that it has the last word."""
    opened = item.config.stash.get(OPENED, None)
    if opened is None:
        return (yield)
    from firstbell.runner.pytest_plugin.failure_report import add_failure_section, properties_of
    from firstbell.runner.pytest_plugin.report_redaction import redact_secrets

    stage = item.stash.get(STAGE, None)
    if stage is not None and call.when == "call":
        item.user_properties += properties_of(item.stash[JOURNEY_INFO], stage)
    answer = yield
    report: pytest.TestReport = answer  # type: ignore[assignment]  # the hook is typed as returning nothing
    if stage is not None:
        add_failure_section(report, stage, item)
    redact_secrets(report, opened.known)
    return answer


def pytest_unconfigure(config: pytest.Config) -> None:
    """Keep nothing of a stranger of a test that was interrupted either: of such a one no report is made."""
    item = config.stash.get(CURRENT_ITEM, None)
    if item is not None and item.stash[STAGE].privacy is not None:
        from firstbell.runner.pytest_plugin.report_redaction import delete_recordings

        delete_recordings(item)


@pytest.fixture(scope="session")
def _firstbell_others(
    district: District, playwright: Any, browser_type_launch_args: dict[str, Any], pytestconfig: pytest.Config
) -> Iterator[OtherBrowsers]:
    """The browsers of people who play in another one than this session's."""
    from firstbell.runner.execution.browsers.per_actor import OtherBrowsers

    del browser_type_launch_args
    given = {key: value for key, value in pytestconfig.stash.get(LAUNCH_OPTIONS, {}).items() if key in ANY_BROWSER}
    others = OtherBrowsers(
        playwright=playwright, launching=given, executable=district.browser, way=egress_of(pytestconfig)
    )
    yield others
    others.close()


@pytest.fixture
def _firstbell_leaving() -> Iterator[ExitStack]:
    """Closes, after the stage, the contexts of people who play in another browser."""
    with ExitStack() as leaving:
        yield leaving


@pytest.fixture
def stage(
    district: District,
    request: pytest.FixtureRequest,
    pytestconfig: pytest.Config,
    _cast: Mapping[str, str],
    new_context: Callable[..., Any],
    output_path: str,
    _firstbell_leaving: ExitStack,
) -> Iterator[Stage]:
    """Where this attempt is played. Asks for the contexts only to be torn down before they close, and before that for
    its people, who are given back when the contexts have closed."""
    del new_context, _firstbell_leaving
    from firstbell.journeys.stage.observer import NoObserver
    from firstbell.journeys.stage.stage import Stage

    audience = pytestconfig.stash.get(OBSERVER, None) or NoObserver()
    token = pytestconfig.stash.get(RUN_TOKEN, None) or secrets.token_hex(8)
    with Stage(run_token=token, observer=audience, limit_s=district.step_limit_s, guests=district.guests) as stage:
        request.node.stash[STAGE], request.node.stash[OUTPUT_FOLDER] = stage, output_path
        pytestconfig.stash[CURRENT_ITEM] = request.node
        yield stage


@pytest.fixture
def actor(
    stage: Stage,
    district: District,
    _cast: Mapping[str, str],
    request: pytest.FixtureRequest,
    pytestconfig: pytest.Config,
) -> Callable[[str], Actor]:
    """Brings a person on by role: `actor("counselor")`. Each has a browser context of their own, in the browser and
    with the device that are theirs."""
    from dataclasses import replace

    from firstbell.runner.execution.browsers.discovery import throttle
    from firstbell.runner.execution.browsers.per_actor import browser_of_actor

    journey = pytestconfig.stash.get(BROWSER, "")

    def enter(role: str) -> Actor:
        account = district.account(_cast.get(role, role))
        has = browser_of_actor(
            account, journey=journey, usual=session_browser_name(request), told=browser_options(pytestconfig)
        )
        account = replace(account, browser=has.browser, device=has.device)
        person = stage.enter(role, account, context_for(has, district, request))
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
