"""Checks before a rehearsal: criteria that exist, an account for each participant, and one browser for all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from firstbell.errors import CONFIG
from firstbell.runner.cli.console import give_up
from firstbell.runner.config.browsers import CHROMIUM
from firstbell.runner.config.errors import ConfigError, Problem
from firstbell.runner.config.load import Config
from firstbell.runner.execution.browsers.discovery import Browser, NoBrowser
from firstbell.runner.execution.browsers.per_actor import browser_of_actor
from firstbell.runner.execution.district import District
from firstbell.runner.rehearsal.arrivals import STUDENT, TEACHER, Arrival, arrivals
from firstbell.runner.rehearsal.criteria import Criteria, unknown_steps
from firstbell.runner.rehearsal.scenario import STEPS


def check_is_chromium(found: Browser) -> None:
    """Raises NoBrowser for a browser that a rehearsal cannot use."""
    if not found.kind.is_chromium:
        advice = f'set [browser] name = "{CHROMIUM}", or run single journeys in {found.kind.name}'
        raise NoBrowser(f"a rehearsal is measured and played in Chromium; {advice}")


def criteria_of(config: Config) -> Criteria:
    """The criteria of the configuration. Raises ConfigError for a step that no student plays."""
    section = config.settings.rehearsal
    criteria = Criteria(
        success=section.success, steps_s=section.steps, latency_ms=section.latency_ms, frames_per_s=section.frames_per_s
    )
    if unknown := unknown_steps(criteria):
        known = ", ".join(f'"{title}"' for title in STEPS)
        message = f'a student has no step "{unknown[0]}"; there are: {known}'
        raise ConfigError([config.problem(("rehearsal", "steps", unknown[0]), message)])
    return criteria


def arrivals_of(district: District, students: int, *, ramp_s: float, workers: int) -> tuple[Arrival, ...]:
    """The arrivals, each with an account of its own: most products sign out an account that signs in twice."""
    accounts = {
        role: [candidate.account for candidate in district.account_pool.candidates if candidate.role == role]
        for role in (TEACHER, STUDENT)
    }
    for role, number in ((TEACHER, 1), (STUDENT, students)):
        if len(accounts[role]) < number:
            give_up(
                f"{number} accounts with the role {role} are needed, and there are {len(accounts[role])}; "
                f'add [accounts.NAME] with role = "{role}"' + (", or ask for fewer" if accounts[role] else ""),
                code=CONFIG,
            )
    return arrivals(accounts[TEACHER][0], accounts[STUDENT][:students], ramp_s=ramp_s, workers=workers)


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
