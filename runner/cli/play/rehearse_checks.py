"""What a rehearsal needs before anybody plays: criteria that can be met, a place for each, and one browser for all."""

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
    """Raise NoBrowser for a browser in which a rehearsal can be neither measured nor played."""
    if not found.kind.is_chromium:
        said = "a rehearsal is measured and played in Chromium"
        raise NoBrowser(f'{said}; with [browser] name = "{found.kind.name}" play journeys, or give {CHROMIUM} there')


def criteria_of(config: Config) -> Criteria:
    """What the configuration wants. Raises ConfigError for a step that no student plays."""
    given = config.settings.rehearsal
    wanted = Criteria(
        success=given.success, steps_s=given.steps, latency_ms=given.latency_ms, frames_per_s=given.frames_per_s
    )
    if unknown := unknown_steps(wanted):
        known = ", ".join(f'"{title}"' for title in STEPS)
        said = f'a student has no step "{unknown[0]}"; there are: {known}'
        raise ConfigError([config.problem(("rehearsal", "steps", unknown[0]), said)])
    return wanted


def arrivals_of(district: District, students: int, *, ramp_s: float, workers: int) -> tuple[Arrival, ...]:
    """Everybody with an account of their own; two with one would throw each other out of most products."""
    accounts = {
        role: [one.account for one in district.account_pool.candidates if one.role == role]
        for role in (TEACHER, STUDENT)
    }
    for role, number in ((TEACHER, 1), (STUDENT, students)):
        if len(accounts[role]) < number:
            give_up(
                f"{number} with the role {role} need as many accounts, and there are {len(accounts[role])}; "
                f'add [accounts.NAME] with role = "{role}"' + (", or ask for fewer" if accounts[role] else ""),
                code=CONFIG,
            )
    return arrivals(accounts[TEACHER][0], accounts[STUDENT][:students], ramp_s=ramp_s, workers=workers)


def too_many_text(students: int, can: int) -> str:
    fewer = f"ask for {can} or fewer" if can else "end what else it does"
    return (
        f"by a cautious forecast this machine carries about {can} students who come that fast, and {students} are "
        f"asked for: more might measure the machine and not the platform; {fewer}, let them come more slowly "
        "(--ramp), take a larger machine, or play them all the same (--anyway): the report will say whether the "
        "machine was the limit"
    )


def check_shared_browser(config: Config, district: District, journey: str, places: Sequence[Arrival]) -> None:
    """Raise ConfigError where anybody would play in a browser of their own: a rehearsal has one for all."""
    if problems := list(_own_browsers(config, district, journey, places)):
        raise ConfigError(problems)


def _own_browsers(config: Config, district: District, journey: str, places: Sequence[Arrival]) -> Iterator[Problem]:
    section = config.settings.journeys.get(journey)
    asked = section.browser if section else ""
    people = {seat.account: district.account(seat.account) for seat in places}
    others = {
        name: account
        for name, account in people.items()
        if not browser_of_actor(account, journey=asked, usual=district.browser_name).is_usual
    }
    said = f'a rehearsal plays everybody in the browser of [browser], which is "{district.browser_name}"; '
    for name, account in others.items():
        if account.browser:
            said_here = f'{said}leave this out, or rehearse with accounts that ask for no "{account.browser}"'
            yield config.problem(("accounts", name, "browser"), said_here)
    if any(not account.browser for account in others.values()):
        yield config.problem(("journeys", journey, "browser"), f"{said}leave this out for a rehearsal")
