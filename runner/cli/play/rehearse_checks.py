"""Checks before a rehearsal: the journey and its people, criteria that exist, accounts, and one browser for all."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path

from firstbell.errors import CONFIG
from firstbell.runner.authoring.step_titles import StepTitles, step_titles
from firstbell.runner.cli.console import give_up
from firstbell.runner.config.browsers import CHROMIUM
from firstbell.runner.config.errors import ConfigError, Problem
from firstbell.runner.config.load import Config
from firstbell.runner.execution.accounts.allocation import EVERY_ROLE
from firstbell.runner.execution.browsers.discovery import Browser, NoBrowser
from firstbell.runner.execution.browsers.per_actor import browser_of_actor
from firstbell.runner.execution.district import District
from firstbell.runner.execution.journey_catalog import journey_catalog
from firstbell.runner.execution.supervision.protocol import JourneyInfo, Ready
from firstbell.runner.execution.worker.session import journey_files
from firstbell.runner.rehearsal.arrivals import Arrival, Cast, arrivals
from firstbell.runner.rehearsal.criteria import Criteria


def check_is_chromium(found: Browser) -> None:
    """Raises NoBrowser for a browser that a rehearsal cannot use."""
    if not found.kind.is_chromium:
        advice = f'set [browser] name = "{CHROMIUM}", or run single journeys in {found.kind.name}'
        raise NoBrowser(f"a rehearsal is measured and played in Chromium; {advice}")


def journey_of(name: str, ready: Ready, config: Config) -> JourneyInfo:
    """The journey of a name. Ends the command if there is none."""
    entries = journey_catalog(ready.journeys, config.settings)
    entry = entries.get(name)
    if entry is None or entry.journey_info is None:
        near = difflib.get_close_matches(name, entries, n=1)
        hint = f'did you mean "{near[0]}"?' if near else f"there are: {', '.join(sorted(entries))}"
        for broken in ready.broken[:1]:
            hint = f"{broken.file}:{broken.line} cannot be read: {broken.cause}"
        give_up(f'there is no journey "{name}"; {hint}', code=CONFIG)
    return entry.journey_info


def cast_of(journey: JourneyInfo) -> Cast:
    """The roles of a journey. Ends the command for a journey whose people are not known."""
    if EVERY_ROLE in journey.roles:
        give_up(
            f'"{journey.id}" may bring on anybody; name its people in the marker to rehearse it: '
            f'@pytest.mark.journey("{journey.id}", roles=["teacher", "student"])',
            code=CONFIG,
        )
    if not journey.roles:
        give_up(
            f'"{journey.id}" has no people of First Bell, so each would need the same page; '
            "use the fixture student instead of page to rehearse it",
            code=CONFIG,
        )
    return Cast.of(journey.roles)


def titles_of(journey: JourneyInfo, folders: Sequence[Path]) -> StepTitles:
    """The step titles of a journey: those in its own file; with helpers in other files, those of all own files."""
    own = step_titles([Path(journey.file)])
    if own.titles or journey.is_shipped:
        return own
    return step_titles(path for path in journey_files(tuple(folders)) if path.is_file())


def criteria_of(config: Config, known: StepTitles | None = None) -> Criteria:
    """The criteria of the configuration. Raises ConfigError for a step that is not among the `known`. Steps that only
    the defaults name are left out of a journey that has none of that name."""
    section = config.settings.rehearsal
    steps_s = dict(section.steps)
    if known is not None and "steps" not in section.model_fields_set:
        steps_s = {title: limit_s for title, limit_s in steps_s.items() if title in known.titles}
    problems = [
        config.problem(("rehearsal", "steps", title), fault)
        for title in steps_s
        if known is not None and (fault := known.fault_of(title))
    ]
    if problems:
        raise ConfigError(problems)
    return Criteria(
        success=section.success, steps_s=steps_s, latency_ms=section.latency_ms, frames_per_s=section.frames_per_s
    )


def arrivals_of(district: District, cast: Cast, students: int, *, ramp_s: float, workers: int) -> tuple[Arrival, ...]:
    """The arrivals, each with an account of its own: most products sign out an account that signs in twice."""
    accounts = {
        role: [candidate.account for candidate in district.account_pool.candidates if candidate.role == role]
        for role in (*cast.hosts, cast.guest)
    }
    for role, number in (*((host, 1) for host in cast.hosts), (cast.guest, students)):
        if len(accounts[role]) < number:
            give_up(
                f"{number} accounts with the role {role} are needed, and there are {len(accounts[role])}; "
                f'add [accounts.NAME] with role = "{role}"' + (", or ask for fewer" if accounts[role] else ""),
                code=CONFIG,
            )
    hosts = {role: accounts[role][0] for role in cast.hosts}
    return arrivals(hosts, accounts[cast.guest][:students], guest=cast.guest, ramp_s=ramp_s, workers=workers)


def too_many_text(students: int, can: int) -> str:
    """The refusal of more students than this machine can carry."""
    fewer = f"ask for {can} or fewer" if can else "end its other programs"
    return (
        f"this machine is forecast to carry about {can} students who arrive that fast, not {students}: more would "
        f"measure the machine and not the platform; {fewer}, let them arrive more slowly (--ramp), use a larger "
        "machine, or run it all the same (--anyway): the report then says whether the machine was the limit"
    )


def check_shared_browser(config: Config, district: District, journey: str, arrivals_: Sequence[Arrival]) -> None:
    """Raises ConfigError for participants with a browser of their own: a rehearsal has one browser for all."""
    if problems := list(_own_browsers(config, district, journey, arrivals_)):
        raise ConfigError(problems)


def _own_browsers(config: Config, district: District, journey: str, arrivals_: Sequence[Arrival]) -> Iterator[Problem]:
    section = config.settings.journeys.get(journey)
    browser = section.browser if section else ""
    people = {arrival.account: district.account(arrival.account) for arrival in arrivals_}
    others = {
        name: account
        for name, account in people.items()
        if not browser_of_actor(account, journey=browser, usual=district.browser_name).is_usual
    }
    message = f'a rehearsal runs in one browser, that of [browser], which is "{district.browser_name}"; '
    for name, account in others.items():
        if account.browser:
            advice = f'remove this key, or rehearse with accounts that do not need "{account.browser}"'
            yield config.problem(("accounts", name, "browser"), f"{message}{advice}")
    if any(not account.browser for account in others.values()):
        yield config.problem(("journeys", journey, "browser"), f"{message}remove this key for a rehearsal")
