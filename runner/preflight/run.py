"""Looks at all that playing takes, before anything is played, and says of each part whether it is well."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from firstbell.artifacts.stores import StoreError
from firstbell.artifacts.stores.availability import unavailable_reason
from firstbell.journeys.auth.totp import totp
from firstbell.journeys.practice.client import PracticeSchoolError, SchoolInfo
from firstbell.runner.alarms.channels import BadAddress, open_channel, references_in
from firstbell.runner.app.build import config_at, practice_for, store_of
from firstbell.runner.app.open_config import history_url
from firstbell.runner.config.browser_checks import browser_kinds_of, devices_and_browsers
from firstbell.runner.config.errors import ConfigError
from firstbell.runner.config.load import Config
from firstbell.runner.config.secrets import MissingSecret, secret
from firstbell.runner.config.to_alarms import channel_options_of
from firstbell.runner.config.toml_positions import KeyPath
from firstbell.runner.execution.browsers.ca_store import TrustError
from firstbell.runner.execution.browsers.discovery import NoBrowser, find_browser
from firstbell.runner.history.database import Database, HistoryError
from firstbell.runner.preflight.finding import CheckArea, CheckFinding, FindingLevel
from firstbell.runner.preflight.hosts import check_host_names
from firstbell.runner.preflight.journeys import check_journeys

# How long a store may take to answer somebody who waits.
STORE_S = 5.0


def check_all(explicit: Path | None, start: Path) -> Iterator[CheckFinding]:
    """Look at everything, in order. Raises NoConfig; a configuration with mistakes ends it with them."""
    try:
        config = config_at(explicit, start)
    except ConfigError as error:
        yield from (CheckFinding.wrong_at(CheckArea.CONFIGURATION, problem) for problem in error.problems)
        return
    yield CheckFinding(area=CheckArea.CONFIGURATION, what=config.file.name, said=config.settings.school.name)
    try:
        with practice_for(config.settings) as practice:
            introduction = practice.introduction if practice else None
            yield from check_journeys(config, introduction)
            yield from _secrets(config, introduction)
    except (PracticeSchoolError, TrustError) as error:
        yield CheckFinding(area=CheckArea.JOURNEYS, what="practice school", verdict=FindingLevel.WRONG, said=str(error))
    yield _store(config)
    yield _history(config)
    yield from _channels(config)
    yield from _browsers(config)
    yield from check_host_names(config)


def _secrets(config: Config, practice: SchoolInfo | None) -> Iterator[CheckFinding]:
    for path, reference in _references(config):
        what = ".".join(map(str, path))
        try:
            value = secret(reference, practice).reveal()
            if path[-1] == "totp":
                totp(value, 0.0)
        except MissingSecret as missing:
            yield CheckFinding.wrong_at(CheckArea.SECRETS, config.problem(path, str(missing)))
        except ValueError:
            said = f"{reference} leads to no base32 key; put the key there that the authenticator app was given"
            yield CheckFinding.wrong_at(CheckArea.SECRETS, config.problem(path, said))
        else:
            yield CheckFinding(area=CheckArea.SECRETS, what=what, said=reference)


def _references(config: Config) -> Iterator[tuple[KeyPath, str]]:
    """Every reference to a secret but those in the addresses of channels."""
    given = config.settings
    for name, account in given.accounts.items():
        yield ("accounts", name, "password"), account.password
        if account.totp:
            yield ("accounts", name, "totp"), account.totp
    alone: dict[KeyPath, str | None] = {
        ("classroom", "meeting_code"): given.classroom.meeting_code if given.classroom else None,
        ("history", "password"): given.history.password,
        ("evidence", "signing_key"): given.evidence.signing_key,
        ("alarms", "mail", "password"): given.alarms.mail.password,
    }
    heartbeat = given.alarms.heartbeat
    if heartbeat and not heartbeat.url.startswith("http"):
        alone["alarms", "heartbeat", "url"] = heartbeat.url
    yield from ((path, reference) for path, reference in alone.items() if reference)


def _store(config: Config) -> CheckFinding:
    path: KeyPath = ("store", "url")
    try:
        store = store_of(config)
        refused = unavailable_reason(store, STORE_S)
    except StoreError as error:
        refused = error
    if refused is not None:
        return CheckFinding.wrong_at(CheckArea.STORE, config.problem(path, str(refused)))
    return CheckFinding(area=CheckArea.STORE, what=config.settings.store.url, said="proved by: firstbell store check")


def _history(config: Config) -> CheckFinding:
    try:
        url = history_url(config)
        with closing(Database(url)):
            return CheckFinding(area=CheckArea.HISTORY, what=url.get_backend_name(), said=str(url.database or ""))
    except (HistoryError, MissingSecret, OSError) as error:
        return CheckFinding.wrong_at(CheckArea.HISTORY, config.problem(("history", "url"), str(error)))


def _channels(config: Config) -> Iterator[CheckFinding]:
    """Each address as its channel takes it. Nothing is sent: firstbell alarm test does that."""
    routes = config.settings.alarms.routes
    if not routes:
        said = "nobody is told of a failure; add [[alarms.routes]]"
        yield CheckFinding(area=CheckArea.CHANNELS, what="routes", verdict=FindingLevel.LOOK, said=said)
        return
    try:
        options = channel_options_of(config.settings)
    except MissingSecret:
        return  # It is told of among the secrets.
    for number, route in enumerate(routes):
        for address in route.to:
            try:
                open_channel(address, options)
            except (BadAddress, MissingSecret) as error:
                path: KeyPath = ("alarms", "routes", number, "to")
                yield CheckFinding.wrong_at(CheckArea.CHANNELS, config.problem(path, f"route '{route.name}': {error}"))
            else:
                kind, references = address.partition(":")[0], ", ".join(references_in(address))
                yield CheckFinding(area=CheckArea.CHANNELS, what=route.name, said=f"{kind} {references}".strip())


def _browsers(config: Config) -> Iterator[CheckFinding]:
    """Each browser that is asked for, told once; and devices that a browser can only look like."""
    executable, kinds = config.settings.browser.executable, browser_kinds_of(config.settings)
    for kind in dict.fromkeys(kinds.values()):
        path = next(path for path, asked in kinds.items() if asked is kind)
        try:
            found = find_browser(executable, kind.name)
        except NoBrowser as error:
            at: KeyPath = ("browser", "executable") if executable else path
            yield CheckFinding.wrong_at(CheckArea.BROWSER, config.problem(at, str(error)))
        else:
            yield CheckFinding(
                area=CheckArea.BROWSER, what=found.path.name if found.path else kind.name, said=str(found)
            )
    shortfalls = {(path, device.shortfall(kind)): None for path, device, kind in devices_and_browsers(config.settings)}
    for path, said in shortfalls:
        if said:
            yield CheckFinding(
                area=CheckArea.BROWSER, what=".".join(map(str, path)), verdict=FindingLevel.LOOK, said=said
            )
