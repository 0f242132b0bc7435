"""Asks the name server of this machine for the hosts that a configuration names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from firstbell.runner.app.build import services_of
from firstbell.runner.config.load import Config
from firstbell.runner.config.toml_positions import KeyPath
from firstbell.runner.diagnosis.host_check import DnsLookups
from firstbell.runner.diagnosis.host_check_text import WORDS
from firstbell.runner.diagnosis.probes.deadline import Deadline
from firstbell.runner.diagnosis.probes.dns_lookup import resolve
from firstbell.runner.diagnosis.targets import Egress, targets_of
from firstbell.runner.preflight.finding import CheckArea, CheckFinding

# glibc gives a name server up after twice 5 s (resolv.conf(5)).
NAMES_S = 12.0
AT_ONCE = 16


def check_host_names(config: Config) -> Iterator[CheckFinding]:
    """Whether each host's name leads to an address. Where every location has a proxy, only the proxies are asked for:
    the rest is their business. The name server is that of the first location that has none."""
    named = _named(config)
    direct = (section.resolver for section in config.settings.locations.values() if not section.proxy)
    way = Egress(resolver=next(direct, ""))
    deadline = Deadline.after(NAMES_S)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = pool.map(lambda name: resolve(name, way, deadline), named)
        for (name, path), answer in zip(named.items(), answers, strict=True):
            yield _finding(config, name, path, answer)


def _named(config: Config) -> Mapping[str, KeyPath]:
    """Each name, and where the configuration says it."""
    given = config.settings
    proxies = {name: section.proxy for name, section in given.locations.items()}
    behind = {urlsplit(proxy).hostname or "": ("locations", name, "proxy") for name, proxy in proxies.items() if proxy}
    behind.pop("", None)
    found: dict[str, KeyPath] = dict(behind)
    if any(route.startswith("smtp:") for section in given.alarms.routes for route in section.to):
        found.setdefault(given.alarms.mail.host, ("alarms", "mail", "host"))
    if proxies and all(proxies.values()):
        return found
    for target in targets_of(services_of(given, None).values(), given.diagnosis.controls):
        door = given.services[target.service].url if target.service else ""
        key = "url" if urlsplit(door).hostname == target.name else "hosts"
        found.setdefault(
            target.name, ("services", target.service, key) if target.service else ("diagnosis", "controls")
        )
    return found


def _finding(config: Config, name: str, path: KeyPath, answer: DnsLookups) -> CheckFinding:
    asked = answer.system
    if asked.trouble is None:
        return CheckFinding(area=CheckArea.HOSTS, what=name, said=", ".join(asked.addresses[:2]))
    said = f"{name}: {WORDS[asked.trouble]}; look closer with: firstbell probe {name}"
    return CheckFinding.wrong_at(CheckArea.HOSTS, config.problem(path, said))
