"""The fixtures and the marker that journeys are written with; silent in projects that use neither.

Everything heavy is imported inside the fixtures, because pytest loads this module in every project that has
First Bell installed, and must not be slower for it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runner.execution.stash import ACCOUNTS, AUDIENCE, BROWSER, DISTRICT, LAUNCHING, RUN_TOKEN, STAGE, TOLD

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

    from journeys.stage.actor import Actor
    from journeys.stage.school import School
    from journeys.stage.service import Classroom
    from journeys.stage.stage import Stage
    from runner.diagnosis.location import Location
    from runner.execution.district import District
    from runner.execution.holding import Held, Others

# Of what a session's browser is launched with, what any other one is too.
ANY_BROWSER = frozenset({"headless", "slow_mo", "timeout"})

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
    options = {"browser": ("browser", "browser_channel"), "device": ("device",)}
    config.stash[TOLD] = frozenset(
        what for what, names in options.items() if any(config.getoption(name, None) for name in names)
    )
    if "browser" not in config.stash[TOLD] and (name := _named_browser(config)):
        from runner.config.browsers import KINDS

        if kind := KINDS.get(name):
            config.option.browser, config.option.browser_channel = [kind.engine], kind.channel or None


def _named_browser(config: pytest.Config) -> str:
    """The name in [browser] of the nearest configuration. What is wrong in it is told when the district is opened."""
    file = config.getoption("--firstbell-config") or _nearest_config(config)
    if file is None:
        return ""
    import tomllib

    try:
        return str(tomllib.loads(Path(file).read_text(encoding="utf-8-sig"))["browser"]["name"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> Iterator[None]:
    """Let pytest-playwright launch the browser that First Bell found, with what the signed camera needs.

    A fixture of ours with pytest-playwright's name would shadow theirs and break a project's own override;
    adding to what theirs returns breaks neither. It is added before the browser is launched rather than where the
    arguments are made, because with several --browser they are made once for all.
    """
    if fixturedef.argname == "launch_browser" and _is_ours(request):
        given: dict[str, Any] = request.getfixturevalue("browser_type_launch_args")
        original = request.config.stash.setdefault(LAUNCHING, dict(given))
        wanted = _launching(request, original)
        given.clear()
        given |= {**wanted, **original, "args": [*original.get("args", ()), *wanted.get("args", ())]}
    return (yield)


def _launching(request: pytest.FixtureRequest, given: dict[str, Any]) -> dict[str, Any]:
    """What First Bell adds for the engine that is launched next. Raises NoBrowser."""
    from runner.config.browsers import KINDS
    from runner.execution.browser import Browser, find_browser, launch_options

    channel, engine = given.get("channel"), str(request.getfixturevalue("browser_name"))
    if channel or given.get("executable_path"):  # Somebody knows better, and Playwright says what is wrong with it.
        found = Browser(path=None, origin="given", kind=KINDS[engine])
    else:
        found = find_browser(_configured_browser(request.config) if engine == "chromium" else "", engine)
    return launch_options(found, _way_of(request.config))


def _is_ours(request: pytest.FixtureRequest) -> bool:
    """Whether this session plays for us: in a worker, beside a firstbell.toml, or where an item uses our stage."""
    if DISTRICT in request.config.stash or _nearest_config(request.config):
        return True
    return any("stage" in getattr(item, "fixturenames", ()) for item in request.session.items)


def _nearest_config(config: pytest.Config) -> Path | None:
    start = config.invocation_params.dir
    return next((path for folder in (start, *start.parents) if (path := folder / "firstbell.toml").is_file()), None)


def _configured_browser(config: pytest.Config) -> str:
    """The path in [browser], without opening a whole district for it."""
    if DISTRICT in config.stash:
        return config.stash[DISTRICT].browser
    file = config.getoption("--firstbell-config") or _nearest_config(config)
    if file is None:
        return ""
    from runner.config.load import load

    return load(Path(file)).settings.browser.executable


def _way_of(config: pytest.Config) -> tuple[Location, Path | None] | None:
    """The way out that this session's browser takes, and where it finds whom to trust; None where nothing says so."""
    opened = config.stash.get(DISTRICT, None)
    return (opened.location, opened.home) if opened else None


@pytest.fixture(scope="session")
def district(pytestconfig: pytest.Config) -> Iterator[District]:
    """The district as configured; the practice school, started for this session, where there is no firstbell.toml."""
    if DISTRICT in pytestconfig.stash:
        yield pytestconfig.stash[DISTRICT]
        return
    from runner.wiring import open_district

    with open_district(
        pytestconfig.getoption("--firstbell-config"), start=pytestconfig.invocation_params.dir
    ) as opened:
        yield opened


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
    """Tell of a journey that failed what a person asks first: which step, whose page, what it said, what opens it."""
    answer = yield
    report: pytest.TestReport = answer  # type: ignore[assignment]  # the hook is typed as returning nothing
    if STAGE not in item.stash or DISTRICT in item.config.stash:
        return answer
    from runner.execution.telling_pytest import AT_TEARDOWN, SECTION, told_by_stage, told_of_traces, without_trace

    if call.when == "call" and report.failed:
        lines = [*told_by_stage(item.stash[STAGE]), without_trace(item.config.getoption("--tracing"))]
        report.sections.append((SECTION, "\n".join(line for line in lines if line)))
    if call.when == "teardown" and (traces := told_of_traces(report.user_properties)):
        report.sections.append((AT_TEARDOWN, "\n".join(traces)))
    return answer


@pytest.fixture(scope="session")
def _firstbell_others(
    district: District, playwright: Any, browser_type_launch_args: dict[str, Any], pytestconfig: pytest.Config
) -> Iterator[Others]:
    """The browsers of people who play in another one than this session's."""
    from runner.execution.holding import Others

    del browser_type_launch_args
    given = {key: value for key, value in pytestconfig.stash.get(LAUNCHING, {}).items() if key in ANY_BROWSER}
    others = Others(playwright=playwright, launching=given, executable=district.browser, way=_way_of(pytestconfig))
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
    new_context: Callable[..., Any],
    _firstbell_leaving: ExitStack,
) -> Iterator[Stage]:
    """Where this attempt is played. Asks for the contexts only to be torn down before they close."""
    del new_context, _firstbell_leaving
    from journeys.stage.stage import Stage
    from journeys.stage.step import Nobody

    audience = pytestconfig.stash.get(AUDIENCE, None) or Nobody()
    token = pytestconfig.stash.get(RUN_TOKEN, None) or secrets.token_hex(8)
    with Stage(run_token=token, audience=audience, limit_s=district.step_limit_s, guests=district.guests) as stage:
        request.node.stash[STAGE] = stage
        yield stage


@pytest.fixture
def actor(
    stage: Stage, district: District, request: pytest.FixtureRequest, pytestconfig: pytest.Config
) -> Callable[[str], Actor]:
    """Brings a person on by role: `actor("counselor")`. Each has a browser context of their own, in the browser and
    with the device that are theirs."""
    from dataclasses import replace

    from runner.execution.browser import throttle
    from runner.execution.holding import held

    cast, journey = pytestconfig.stash.get(ACCOUNTS, {}), pytestconfig.stash.get(BROWSER, "")

    def enter(role: str) -> Actor:
        account = district.account(cast.get(role, role))
        has = held(account, journey=journey, usual=_usual(request), told=_told(pytestconfig))
        account = replace(account, browser=has.browser, device=has.device)
        person = stage.enter(role, account, _context_for(has, district, request))
        throttle(person.page, district.location.network)
        return person

    return enter


def _context_for(has: Held, district: District, request: pytest.FixtureRequest) -> BrowserContext:
    """A context in what a person plays with. What a project or the command line sets for contexts holds besides."""
    from runner.execution.holding import look_of, opener

    given: dict[str, Any] = request.getfixturevalue("browser_context_args")
    marker = request.node.get_closest_marker("browser_context_args")
    fixed = {**given, **(marker.kwargs if marker else {})}
    more = look_of(has.device, request.getfixturevalue("playwright").devices, fixed) | district.location.context_options
    open_context: Callable[..., BrowserContext] = request.getfixturevalue("new_context")
    if not has.is_usual:
        browser = request.getfixturevalue("_firstbell_others").browser(has.browser)
        open_context = opener(browser, fixed, request.getfixturevalue("_firstbell_leaving"))
    return open_context(**more)


def _told(config: pytest.Config) -> frozenset[str]:
    """What a person has asked for on the command line; a worker's command line is the district's own word."""
    return frozenset() if DISTRICT in config.stash else config.stash[TOLD]


def _usual(request: pytest.FixtureRequest) -> str:
    """The name of the browser that this session has open."""
    channel = request.getfixturevalue("browser_type_launch_args").get("channel")
    return str(channel or request.getfixturevalue("browser_name"))


@pytest.fixture
def teacher(actor: Callable[[str], Actor]) -> Actor:
    """The synthetic teacher."""
    return actor("teacher")


@pytest.fixture
def student(actor: Callable[[str], Actor]) -> Actor:
    """The synthetic student."""
    return actor("student")
