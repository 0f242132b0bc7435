"""Fills the ports of playing: configuration in, a district, a store, a history and a running worker out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from firstbell.artifacts.policy import Lifetime
from firstbell.artifacts.retention import SHARED_DAYS, Retention
from firstbell.artifacts.spool import Spool
from firstbell.artifacts.stores import Store, StoreOptions, open_store
from firstbell.journeys.practice.client import PracticeSchool, SchoolInfo
from firstbell.journeys.stage.school import KINDS, School, UnknownKind, load_adapter
from firstbell.journeys.stage.secret import Secret
from firstbell.journeys.stage.service import Account, Classroom, Service
from firstbell.runner.app.open_config import embedded_district, state_folder
from firstbell.runner.config.errors import ConfigError
from firstbell.runner.config.load import Config, load, parse
from firstbell.runner.config.model import Settings
from firstbell.runner.config.search import find_config
from firstbell.runner.config.secrets import secret
from firstbell.runner.config.sections.locations import LocationSection
from firstbell.runner.diagnosis.location import NETWORK_PROFILES, Location, NetworkProfile
from firstbell.runner.diagnosis.targets import Egress
from firstbell.runner.execution.accounts.allocation import AccountCandidate, AccountPool
from firstbell.runner.execution.browsers.ca_store import ca_home
from firstbell.runner.execution.browsers.host_resolver import browser_args
from firstbell.runner.execution.district import District
from firstbell.runner.execution.supervision.protocol import PracticeAddress, WorkerSetup

PRACTICE_KINDS = {
    "edge": "",
    "sign-in": "redirect",
    "platform": "practice",
    "live-class": "practice",
    "plan-b": "meeting-code",
}
PRACTICE_OWNER = "the practice school"


def config_at(explicit: Path | str | None, start: Path) -> Config:
    """The configuration to use. Raises NoConfig or ConfigError; kinds that do not exist are mistakes too."""
    config = load(find_config(start, explicit))
    problems = []
    for name, service in config.settings.services.items():
        if name not in KINDS or not service.kind:  # Without a kind, journeys of the district's own know its pages.
            continue
        try:
            load_adapter(Service(name=name, owner="", url="", kind=service.kind), KINDS[name])
        except UnknownKind as unknown:
            problems.append(config.problem(("services", name, "kind"), str(unknown)))
    if problems:
        raise ConfigError(problems)
    return config


@contextmanager
def practice_for(settings: Settings) -> Iterator[PracticeSchool | None]:
    """The practice school for as long as it is needed, where the configuration asks for it."""
    if not settings.school.practice:
        yield None
        return
    given = settings.practice
    named = {"domain": given.domain} if given.domain else {}
    with PracticeSchool.start(tls=given.tls, clock=given.clock, **named) as school:
        yield school


def district_of(config: Config, practice: SchoolInfo | None) -> District:
    """The district that a configuration describes, the practice school filling what is left out."""
    settings = config.settings
    return District(
        school=School(name=settings.school.name, services=services_of(settings, practice)),
        classroom=_classroom(settings, practice),
        accounts=_accounts(settings, practice),
        company=_account_pool(settings, practice),
        browser=settings.browser.executable,
        browser_name=settings.browser.name,
        step_limit_s=settings.browser.step_limit,
        folders=tuple(config.folder / folder for folder in settings.school.journeys),
        guests=settings.privacy.expected_participants,
    )


def services_of(settings: Settings, practice: SchoolInfo | None) -> dict[str, Service]:
    """What journeys rely on: as configured, the practice school filling what is left out. Asks for no secret."""
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
            kind=(given.kind if given else "") or PRACTICE_KINDS.get(name, ""),
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
            password=secret(given.password, practice),
            totp_key=secret(given.totp, practice) if given.totp else None,
            browser=given.browser,
            device=given.device,
        )
    return accounts


def _account_pool(settings: Settings, practice: SchoolInfo | None) -> AccountPool:
    """Who can be cast. Locks carry the sign-in's address: the same user name in another district is another person."""
    services = services_of(settings, practice)
    door = next((services[name].url for name in ("sign-in", "edge") if name in services), "")
    seeded = {name: _role_of(name, person.role) for name, person in (practice.accounts if practice else {}).items()}
    roles = seeded | {name: account.role or name for name, account in settings.accounts.items()}
    return AccountPool(
        candidates=tuple(
            AccountCandidate(
                account=name, role=role, groups=_groups_of(name, settings), lock=f"account {name} at {door}"
            )
            for name, role in roles.items()
        ),
        room=f"class at {door}",
    )


def _role_of(account: str, role: str) -> str:
    """The practice school's student2 to student8 can each play a student; its locked one only itself."""
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
    """Every secret that a run may come to know."""
    found = [account.password for account in district.accounts.values()]
    found += [account.totp_key for account in district.accounts.values() if account.totp_key]
    if district.classroom.meeting_code:
        found.append(district.classroom.meeting_code)
    return found


def store_of(config: Config) -> Store:
    """Where this configuration keeps evidence. Raises StoreError."""
    given = config.settings.store
    url = given.url if "://" in given.url or given.url == "memory:" else str(config.folder / given.url)
    options = StoreOptions(
        endpoint_url=given.endpoint_url,
        region=given.region,
        sse=given.sse,
        kms_key_id=given.kms_key_id,
        checksums=given.checksums,
        tags=given.tags,
        lock_days=given.lock_days,
    )
    return open_store(url, options)


def retention_of(config: Config) -> Retention:
    """For how long this configuration keeps what."""
    given = config.settings.evidence
    days = {Lifetime.PASSES: given.pass_days, Lifetime.FAILURES: given.fail_days, Lifetime.SHARED: SHARED_DAYS}
    return Retention(days=days)


def locations_of(config: Config, practice: SchoolInfo | None) -> dict[str, Location]:
    """From where journeys are played: the locations of the file, or this machine as it is."""
    given = config.settings.locations or {config.settings.watch.location: LocationSection()}
    cas = _practice_cas(config, practice)
    return {
        name: Location(
            name=name,
            egress=Egress(
                proxy=practice.outside if practice and section.proxy == "practice:outside" else section.proxy,
                resolver=section.resolver,
                second=config.settings.diagnosis.resolver,
                cas=(*cas, *(config.folder / file for file in section.ca)),
            ),
            inside=section.inside,
            network=NETWORK_PROFILES.get(section.network, NetworkProfile()),
        )
        for name, section in given.items()
    }


def location_named(name: str, locations: Mapping[str, Location], config: Config) -> Location:
    """A location by its name, the first one where none is named. Raises ConfigError."""
    if name and name not in locations:
        said = f"no location is called '{name}'; there are: {', '.join(locations)}"
        raise ConfigError([config.problem(("locations",), said)])
    return locations[name] if name else next(iter(locations.values()))


def _practice_cas(config: Config, practice: SchoolInfo | None) -> tuple[Path, ...]:
    """The practice school's own authority, as a file, where it has one."""
    if practice is None or not practice.ca:
        return ()
    file = state_folder(config) / "practice-ca.pem"
    file.parent.mkdir(exist_ok=True, mode=0o700)
    file.write_text(practice.ca)
    return (file,)


def controls_of(config: Config, practice: SchoolInfo | None) -> tuple[str, ...]:
    """Addresses that have nothing to do with the district; beside the practice school, its neighbours."""
    return config.settings.diagnosis.controls or (practice.controls if practice else ())


def spool_of(config: Config) -> Spool:
    """The shelf between runs and the store."""
    return Spool(state_folder(config) / "spool", config.settings.evidence.spool_mib)


def district_of_worker(hello: WorkerSetup) -> District:
    """The district as the parent sees it: its configuration, and the practice school that it has started."""
    practice = PracticeSchool.attach(hello.practice.control, hello.practice.token) if hello.practice else None
    config = parse(hello.text, hello.config) if hello.config else embedded_district()
    return district_at(hello.location, config, practice)


def district_at(name: str, config: Config, practice: PracticeSchool | None) -> District:
    """The district as it is seen from a location, the first one where none is named. Raises NoTrust."""
    introduction = practice.introduction if practice else None
    locations = locations_of(config, introduction)
    location = locations.get(name) or next(iter(locations.values()))
    home = ca_home(location.egress.cas, state_folder(config)) if location.egress.cas else None
    district = district_of(config, introduction)
    naming = browser_args(district.school.services.values(), location.egress)
    return replace(district, location=replace(location, naming=naming), home=home)


def practice_address(practice: PracticeSchool | None) -> PracticeAddress | None:
    """How a worker finds the practice school."""
    if practice is None:
        return None
    return PracticeAddress(control=practice.introduction.control, token=practice.introduction.token)
