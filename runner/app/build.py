"""Builds the district of a configuration: services, accounts, classroom, and the practice school beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from firstbell.journeys.adapters.loading import KINDS, adapter_faults
from firstbell.journeys.practice.client import PracticeSchool, SchoolInfo
from firstbell.journeys.stage.school import School
from firstbell.journeys.stage.secret import Secret
from firstbell.journeys.stage.service import Account, Classroom, Service
from firstbell.runner.app.build_locations import locations_of
from firstbell.runner.app.open_config import embedded_district, state_folder
from firstbell.runner.config.errors import ConfigError
from firstbell.runner.config.load import Config, load, parse
from firstbell.runner.config.model import Settings
from firstbell.runner.config.search import find_config
from firstbell.runner.config.secrets import secret
from firstbell.runner.execution.accounts.allocation import AccountCandidate, AccountPool
from firstbell.runner.execution.browsers.ca_store import ca_home
from firstbell.runner.execution.browsers.host_resolver import browser_args
from firstbell.runner.execution.district import District
from firstbell.runner.execution.supervision.protocol import PracticeAddress, WorkerSetup
from firstbell.runner.history.slots.account_allocation import lock_name

PRACTICE_KINDS = {
    "edge": "",
    "sign-in": "redirect",
    "platform": "practice",
    "live-class": "practice",
    "plan-b": "meeting-code",
}
PRACTICE_OWNER = "the practice school"


def config_at(explicit: Path | str | None, start: Path) -> Config:
    """Returns the configuration to use. Raises NoConfig or ConfigError; unknown kinds and options are
    mistakes too."""
    config = load(find_config(start, explicit))
    problems = [
        config.problem(("services", service.name, *path), said)
        for service in services_of(config.settings, None).values()
        if service.name in KINDS and service.kind  # Without a kind, journeys of the district's own know its pages.
        for path, said in adapter_faults(service, config.folder)
    ]
    if problems:
        raise ConfigError(problems)
    return config


@contextmanager
def practice_for(settings: Settings) -> Iterator[PracticeSchool | None]:
    """Runs the practice school for as long as it is needed, if the configuration asks for it."""
    if not settings.school.practice:
        yield None
        return
    given = settings.practice
    named = {"domain": given.domain} if given.domain else {}
    with PracticeSchool.start(tls=given.tls, clock=given.clock, **named) as school:
        yield school


def district_of(config: Config, practice: SchoolInfo | None) -> District:
    """Returns the district of a configuration; the practice school fills what is left out."""
    settings = config.settings
    return District(
        school=School(name=settings.school.name, services=services_of(settings, practice), folder=config.folder),
        classroom=_classroom(settings, practice),
        accounts=_accounts(settings, practice),
        account_pool=account_pool_of(settings, practice),
        browser=settings.browser.executable,
        browser_name=settings.browser.name,
        step_limit_s=settings.browser.step_limit,
        folders=tuple(config.folder / folder for folder in settings.school.journeys),
        guests=settings.privacy.expected_participants,
    )


def services_of(settings: Settings, practice: SchoolInfo | None) -> dict[str, Service]:
    """Returns the services of journeys, as configured; the practice school fills what is left out. Reads no secret."""
    origins = practice.origins if practice else {}
    services = {}
    for name in {**settings.services, **origins}:
        given = settings.services.get(name)
        url = (given.url if given else "") or origins.get(name, "")
        services[name] = Service(
            name=name,
            owner=(given.owner if given else "") or PRACTICE_OWNER,
            contact=given.contact if given else "",
            url=url,
            kind=(given.kind if given else "") or (PRACTICE_KINDS.get(name, "") if settings.school.practice else ""),
            hosts=given.hosts if given else (),
            relays=(given.relays if given else ()) or _practice_relays(name, practice),
            options=given.options if given else {},
        )
    return services


def _practice_relays(service: str, practice: SchoolInfo | None) -> tuple[str, ...]:
    return (practice.relay,) if practice and service == "live-class" else ()


def _accounts(settings: Settings, practice: SchoolInfo | None) -> dict[str, Account]:
    seeded = practice.accounts if practice else {}
    accounts = {
        role: Account(
            username=person.username,
            display_name=person.display_name,
            password=secret(f"practice:{role}#password", practice),
            totp_key=secret(f"practice:{role}#totp", practice) if person.totp_key else None,
        )
        for role, person in seeded.items()
    }
    for role, given in settings.accounts.items():
        accounts[role] = Account(
            username=given.username,
            display_name=given.display_name or given.username,
            password=secret(given.password, practice) if given.password else Secret(str),
            totp_key=secret(given.totp, practice) if given.totp else None,
            passkey=secret(given.passkey, practice) if given.passkey else None,
            browser=given.browser,
            device=given.device,
        )
    return accounts


def account_pool_of(settings: Settings, practice: SchoolInfo | None) -> AccountPool:
    """Returns the accounts. Locks carry the sign-in's address: the same user name in another district is another
    person."""
    services = services_of(settings, practice)
    door = next((services[name].url for name in ("sign-in", "edge") if name in services), "")
    seeded = {name: _role_of(name, person.role) for name, person in (practice.accounts if practice else {}).items()}
    roles = seeded | {name: account.role or name for name, account in settings.accounts.items()}
    return AccountPool(
        candidates=tuple(
            AccountCandidate(
                account=name, role=role, groups=_groups_of(name, settings), lock=lock_name(f"account {name} at {door}")
            )
            for name, role in roles.items()
        ),
        room=lock_name(f"class at {door}"),
    )


def _role_of(account: str, role: str) -> str:
    """Returns an account's role: the practice school's student2 to student8 can each play a student; its locked one
    only itself."""
    return role if account.rstrip("0123456789") == role else account


def _groups_of(account: str, settings: Settings) -> tuple[str, ...]:
    return settings.accounts[account].groups if account in settings.accounts else ()


def _classroom(settings: Settings, practice: SchoolInfo | None) -> Classroom:
    given = settings.classroom
    code = given.meeting_code if given else None
    if practice is not None and not code:
        code = "practice:meeting_code"
    title = given.title if given else (practice.class_title if practice else "")
    return Classroom(title=title, meeting_code=secret(code, practice) if code else None)


def secrets_of(district: District) -> list[Secret]:
    """Returns every secret that a run may read."""
    found = [account.password for account in district.accounts.values()]
    found += [account.totp_key for account in district.accounts.values() if account.totp_key]
    found += [account.passkey for account in district.accounts.values() if account.passkey]
    if district.classroom.meeting_code:
        found.append(district.classroom.meeting_code)
    return found


def district_of_worker(setup: WorkerSetup) -> District:
    """Returns the district of the parent's configuration, and of the practice school that it has started."""
    practice = PracticeSchool.attach(setup.practice.control, setup.practice.token) if setup.practice else None
    config = parse(setup.text, setup.config) if setup.config else embedded_district()
    return district_at(setup.location, config, practice)


def district_at(name: str, config: Config, practice: PracticeSchool | None) -> District:
    """Returns the district at a location, the first one if empty. Raises TrustError."""
    introduction = practice.introduction if practice else None
    locations = locations_of(config, introduction)
    location = locations.get(name) or next(iter(locations.values()))
    home = ca_home(location.egress.cas, state_folder(config)) if location.egress.cas else None
    district = district_of(config, introduction)
    naming = browser_args(district.school.services.values(), location.egress)
    return replace(district, location=replace(location, naming=naming), home=home)


def practice_address(practice: PracticeSchool | None) -> PracticeAddress | None:
    """Returns the address of the practice school for a worker."""
    if practice is None:
        return None
    return PracticeAddress(control=practice.introduction.control, token=practice.introduction.token)
