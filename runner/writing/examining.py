"""Looks at all that playing takes, before anything is played, and says of each part whether it is well."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from artifacts.stores import StoreError
from artifacts.stores.asking import refusal
from journeys.auth.totp import totp
from journeys.practice.school import Introduction, PracticeSchoolError
from runner.alarms.channels import BadAddress, open_channel, references_in
from runner.config.engines import held, kinds_of
from runner.config.load import Config
from runner.config.people import channel_options_of
from runner.config.places import KeyPath
from runner.config.problem import ConfigError
from runner.config.secrets import SecretMissing, secret
from runner.execution.browser import NoBrowser, find_browser
from runner.execution.trust import NoTrust
from runner.history.database import Database, HistoryError
from runner.wiring import config_at, history_url, practice_for, store_of
from runner.writing.finding import Area, Finding, Verdict
from runner.writing.hosts import examine_hosts
from runner.writing.journeys import examine_journeys

# How long a store may take to answer somebody who waits.
STORE_S = 5.0


def examine(explicit: Path | None, start: Path) -> Iterator[Finding]:
    """Look at everything, in order. Raises NoConfig; a configuration with mistakes ends it with them."""
    try:
        config = config_at(explicit, start)
    except ConfigError as error:
        yield from (Finding.wrong_at(Area.CONFIGURATION, problem) for problem in error.problems)
        return
    yield Finding(area=Area.CONFIGURATION, what=config.file.name, said=config.settings.school.name)
    try:
        with practice_for(config.settings) as practice:
            introduction = practice.introduction if practice else None
            yield from examine_journeys(config, introduction)
            yield from _secrets(config, introduction)
    except (PracticeSchoolError, NoTrust) as error:
        yield Finding(area=Area.JOURNEYS, what="practice school", verdict=Verdict.WRONG, said=str(error))
    yield _store(config)
    yield _history(config)
    yield from _channels(config)
    yield from _browsers(config)
    yield from examine_hosts(config)


def _secrets(config: Config, practice: Introduction | None) -> Iterator[Finding]:
    for path, reference in _references(config):
        what = ".".join(map(str, path))
        try:
            value = secret(reference, practice).reveal()
            if path[-1] == "totp":
                totp(value, 0.0)
        except SecretMissing as missing:
            yield Finding.wrong_at(Area.SECRETS, config.problem(path, str(missing)))
        except ValueError:
            said = f"{reference} leads to no base32 key; put the key there that the authenticator app was given"
            yield Finding.wrong_at(Area.SECRETS, config.problem(path, said))
        else:
            yield Finding(area=Area.SECRETS, what=what, said=reference)


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


def _store(config: Config) -> Finding:
    path: KeyPath = ("store", "url")
    try:
        store = store_of(config)
        refused = refusal(store, STORE_S)
    except StoreError as error:
        refused = error
    if refused is not None:
        return Finding.wrong_at(Area.STORE, config.problem(path, str(refused)))
    return Finding(area=Area.STORE, what=config.settings.store.url, said="proved by: firstbell store check")


def _history(config: Config) -> Finding:
    try:
        url = history_url(config)
        with closing(Database(url)):
            return Finding(area=Area.HISTORY, what=url.get_backend_name(), said=str(url.database or ""))
    except (HistoryError, SecretMissing, OSError) as error:
        return Finding.wrong_at(Area.HISTORY, config.problem(("history", "url"), str(error)))


def _channels(config: Config) -> Iterator[Finding]:
    """Each address as its channel takes it. Nothing is sent: firstbell alarm test does that."""
    routes = config.settings.alarms.routes
    if not routes:
        said = "nobody is told of a failure; add [[alarms.routes]]"
        yield Finding(area=Area.CHANNELS, what="routes", verdict=Verdict.LOOK, said=said)
        return
    try:
        options = channel_options_of(config.settings)
    except SecretMissing:
        return  # It is told of among the secrets.
    for number, route in enumerate(routes):
        for address in route.to:
            try:
                open_channel(address, options)
            except (BadAddress, SecretMissing) as error:
                path: KeyPath = ("alarms", "routes", number, "to")
                yield Finding.wrong_at(Area.CHANNELS, config.problem(path, f"route '{route.name}': {error}"))
            else:
                kind, references = address.partition(":")[0], ", ".join(references_in(address))
                yield Finding(area=Area.CHANNELS, what=route.name, said=f"{kind} {references}".strip())


def _browsers(config: Config) -> Iterator[Finding]:
    """Each browser that is asked for, told once; and devices that a browser can only look like."""
    executable, kinds = config.settings.browser.executable, kinds_of(config.settings)
    for kind in dict.fromkeys(kinds.values()):
        path = next(path for path, asked in kinds.items() if asked is kind)
        try:
            found = find_browser(executable, kind.name)
        except NoBrowser as error:
            at: KeyPath = ("browser", "executable") if executable else path
            yield Finding.wrong_at(Area.BROWSER, config.problem(at, str(error)))
        else:
            yield Finding(area=Area.BROWSER, what=found.path.name if found.path else kind.name, said=str(found))
    shortfalls = {(path, device.shortfall(kind)): None for path, device, kind in held(config.settings)}
    for path, said in shortfalls:
        if said:
            yield Finding(area=Area.BROWSER, what=".".join(map(str, path)), verdict=Verdict.LOOK, said=said)
