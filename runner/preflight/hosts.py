"""Checks that the host names of a configuration resolve."""

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

# glibc gives up on a name server after twice 5 s (resolv.conf(5)).
DNS_S = 12.0
AT_ONCE = 16


def check_host_names(config: Config) -> Iterator[CheckFinding]:
    """Resolves each host name. If every location has a proxy, only the proxies are resolved, because they resolve the
    other names. The name server is that of the first location without a proxy."""
    hosts = _hosts_of(config)
    resolvers = (section.resolver for section in config.settings.locations.values() if not section.proxy)
    egress = Egress(resolver=next(resolvers, ""))
    deadline = Deadline.after(DNS_S)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = pool.map(lambda name: resolve(name, egress, deadline), hosts)
        for (name, path), answer in zip(hosts.items(), answers, strict=True):
            yield _finding(config, name, path, answer)


def _hosts_of(config: Config) -> Mapping[str, KeyPath]:
    """Returns each host name with the key that names it."""
    settings = config.settings
    proxies = {name: section.proxy for name, section in settings.locations.items()}
    found: dict[str, KeyPath] = {}
    for name, proxy in proxies.items():
        if host := urlsplit(proxy).hostname:
            found[host] = ("locations", name, "proxy")
    if any(address.startswith("smtp:") for route in settings.alarms.routes for address in route.to):
        found.setdefault(settings.alarms.mail.host, ("alarms", "mail", "host"))
    if proxies and all(proxies.values()):
        return found
    for target in targets_of(services_of(settings, None).values(), settings.diagnosis.controls):
        url = settings.services[target.service].url if target.service else ""
        key = "url" if urlsplit(url).hostname == target.name else "hosts"
        found.setdefault(
            target.name, ("services", target.service, key) if target.service else ("diagnosis", "controls")
        )
    return found


def _finding(config: Config, name: str, path: KeyPath, answer: DnsLookups) -> CheckFinding:
    lookup = answer.system
    if lookup.trouble is None:
        return CheckFinding(area=CheckArea.HOSTS, subject=name, message=", ".join(lookup.addresses[:2]))
    message = f"{name}: {WORDS[lookup.trouble]}; find out more with: firstbell probe {name}"
    return CheckFinding.of_problem(CheckArea.HOSTS, config.problem(path, message))
