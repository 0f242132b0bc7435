"""Checks everything that a run needs, without playing anything: configuration, journeys, secrets, store, hosts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

from firstbell.artifacts.stores import StoreError, SupportsLinks
from firstbell.artifacts.stores.availability import unavailable_reason
from firstbell.journeys.auth.passkey import read_passkey
from firstbell.journeys.auth.totp import totp
from firstbell.journeys.practice.client import PracticeSchoolError, SchoolInfo
from firstbell.journeys.stage.ending import JourneyError
from firstbell.runner.alarms.channels import BadAddress, WebChannel, open_channel, references_in
from firstbell.runner.app.alerting import heartbeat_of
from firstbell.runner.app.build import config_at, practice_for
from firstbell.runner.app.build_storage import store_of, web_access_of
from firstbell.runner.app.history_address import history_url
from firstbell.runner.config.browser_checks import browser_kinds_of, devices_and_browsers
from firstbell.runner.config.errors import ConfigError
from firstbell.runner.config.load import Config
from firstbell.runner.config.secrets import MissingSecret, secret
from firstbell.runner.config.to_alarms import channel_options_of
from firstbell.runner.config.toml_positions import KeyPath
from firstbell.runner.execution.browsers.ca_store import TrustError
from firstbell.runner.execution.browsers.discovery import NoBrowser, find_browser
from firstbell.runner.history.database import Database, HistoryError
from firstbell.runner.history.runs.context import journeys_that_passed
from firstbell.runner.preflight.finding import CheckArea, CheckFinding, FindingLevel
from firstbell.runner.preflight.hosts import check_host_names
from firstbell.runner.preflight.journeys import check_journeys
from firstbell.runner.preflight.rooms import check_rooms
from firstbell.web_access import BadWebAccess, WebAccess

# The longest wait for a store, because a person waits for the result.
STORE_S = 5.0


def check_all(explicit: Path | None, start: Path) -> Iterator[CheckFinding]:
    """Yields the findings of all areas, in order. Raises NoConfig. Mistakes in the configuration end the check."""
    try:
        config = config_at(explicit, start)
    except ConfigError as error:
        yield from (CheckFinding.of_problem(CheckArea.CONFIGURATION, problem) for problem in error.problems)
        return
    yield CheckFinding(area=CheckArea.CONFIGURATION, subject=config.file.name, message=config.settings.school.name)
    journeys: list[CheckFinding] = []
    try:
        with practice_for(config.settings) as practice:
            school = practice.introduction if practice else None
            journeys = list(check_journeys(config, school))
            yield from journeys
            yield from check_rooms(config)
            yield from _secrets(config, school)
    except (PracticeSchoolError, TrustError) as error:
        yield CheckFinding(
            area=CheckArea.JOURNEYS, subject="practice school", level=FindingLevel.ERROR, message=str(error)
        )
    yield _store(config)
    is_well = [finding.subject for finding in journeys if finding.level is FindingLevel.OK]
    yield from _history(config, is_well)
    yield from _channels(config)
    yield from _browsers(config)
    yield from check_host_names(config)


def _secrets(config: Config, practice: SchoolInfo | None) -> Iterator[CheckFinding]:
    for path, reference in _references(config):
        try:
            value = secret(reference, practice).reveal()
            if path[-1] == "totp":
                totp(value, 0.0)
            if path[-1] == "passkey":
                read_passkey(value)
        except MissingSecret as missing:
            yield CheckFinding.of_problem(CheckArea.SECRETS, config.problem(path, str(missing)))
        except JourneyError as error:
            yield CheckFinding.of_problem(CheckArea.SECRETS, config.problem(path, str(error)))
        except ValueError:
            message = f"{reference} is no base32 key; put the authenticator app's key there"
            yield CheckFinding.of_problem(CheckArea.SECRETS, config.problem(path, message))
        else:
            yield CheckFinding(area=CheckArea.SECRETS, subject=".".join(map(str, path)), message=reference)


def _references(config: Config) -> Iterator[tuple[KeyPath, str]]:
    """Yields every reference to a secret with its key, except those in addresses of channels."""
    settings = config.settings
    for name, account in settings.accounts.items():
        if account.password:
            yield ("accounts", name, "password"), account.password
        if account.totp:
            yield ("accounts", name, "totp"), account.totp
        if account.passkey:
            yield ("accounts", name, "passkey"), account.passkey
    single: dict[KeyPath, str | None] = {
        ("classroom", "meeting_code"): settings.classroom.meeting_code if settings.classroom else None,
        ("history", "password"): settings.history.password,
        ("evidence", "signing_key"): settings.evidence.signing_key,
        ("alarms", "mail", "password"): settings.alarms.mail.password,
    }
    heartbeat = settings.alarms.heartbeat
    if heartbeat and not heartbeat.url.startswith("http"):
        single["alarms", "heartbeat", "url"] = heartbeat.url
    yield from ((path, reference) for path, reference in single.items() if reference)


def _store(config: Config) -> CheckFinding:
    way = ""
    try:
        store = store_of(config)
        problem = unavailable_reason(store, STORE_S)
        way = f"{store.way()}; " if isinstance(store, SupportsLinks) else ""
    except StoreError as error:
        problem = error
    if problem is not None:
        return CheckFinding.of_problem(CheckArea.STORE, config.problem(("store", "url"), str(problem)))
    message = f"{way}test it with: firstbell store check"
    return CheckFinding(area=CheckArea.STORE, subject=config.settings.store.url, message=message)


def _history(config: Config, journeys: Iterable[str]) -> Iterator[CheckFinding]:
    """Yields whether the database can be used, and which journeys have never passed."""
    try:
        url = history_url(config)
        with closing(Database(url)) as database:
            new = ", ".join(sorted(set(journeys) - journeys_that_passed(database)))
    except (HistoryError, MissingSecret, OSError) as error:
        yield CheckFinding.of_problem(CheckArea.HISTORY, config.problem(("history", "url"), str(error)))
        return
    yield CheckFinding(area=CheckArea.HISTORY, subject=url.get_backend_name(), message=str(url.database or ""))
    if new:
        message = f"{new}: blame no service and alarm nobody until they have passed once"
        yield CheckFinding(area=CheckArea.HISTORY, subject="under construction", message=message)


def _channels(config: Config) -> Iterator[CheckFinding]:
    """Yields whether each channel accepts its address. Sends nothing: firstbell alarm test does that."""
    routes = config.settings.alarms.routes
    if not routes:
        message = "no route is notified of a failure; add [[alarms.routes]]"
        yield CheckFinding(area=CheckArea.CHANNELS, subject="routes", level=FindingLevel.WARNING, message=message)
        return
    try:
        web = web_access_of(config)
        options = channel_options_of(config.settings, web)
        heartbeat = heartbeat_of(config)
    except MissingSecret:
        return  # Reported with the secrets.
    if heartbeat is not None:
        try:
            yield CheckFinding(area=CheckArea.CHANNELS, subject="heartbeat", message=_way(web, heartbeat.url))
        except BadWebAccess as error:
            yield CheckFinding.of_problem(CheckArea.CHANNELS, config.problem(("network", "proxy"), str(error)))
    for number, route in enumerate(routes):
        for address in route.to:
            try:
                opened = open_channel(address, options)
                way = f": {_way(web, opened.url)}" if isinstance(opened, WebChannel) else ""
            except (BadAddress, BadWebAccess, MissingSecret) as error:
                path: KeyPath = ("alarms", "routes", number, "to")
                yield CheckFinding.of_problem(
                    CheckArea.CHANNELS, config.problem(path, f"route '{route.name}': {error}")
                )
            else:
                kind, references = address.partition(":")[0], ", ".join(references_in(address))
                yield CheckFinding(
                    area=CheckArea.CHANNELS, subject=route.name, message=f"{kind} {references}".strip() + way
                )


def _way(web: WebAccess, url: str) -> str:
    """Returns the host of an address, whose path may be a secret, and the way to it. Raises BadWebAccess."""
    return f"{urlsplit(url).hostname or url} {web.way_of(url)}"


def _browsers(config: Config) -> Iterator[CheckFinding]:
    """Yields each requested browser once, and the devices that a browser emulates only in part."""
    executable, kinds = config.settings.browser.executable, browser_kinds_of(config.settings)
    for kind in dict.fromkeys(kinds.values()):
        path = next(path for path, requested in kinds.items() if requested is kind)
        try:
            found = find_browser(executable, kind.name)
        except NoBrowser as error:
            key: KeyPath = ("browser", "executable") if executable else path
            yield CheckFinding.of_problem(CheckArea.BROWSER, config.problem(key, str(error)))
        else:
            yield CheckFinding(
                area=CheckArea.BROWSER, subject=found.path.name if found.path else kind.name, message=str(found)
            )
    shortfalls = ((path, device.shortfall(kind)) for path, device, kind in devices_and_browsers(config.settings))
    for path, message in dict.fromkeys(shortfalls):
        if message:
            yield CheckFinding(
                area=CheckArea.BROWSER, subject=".".join(map(str, path)), level=FindingLevel.WARNING, message=message
            )
