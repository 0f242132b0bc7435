"""`firstbell probe`: tests DNS, TCP, TLS, HTTP and STUN of each host, from this machine and now."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from firstbell.journeys.stage.service import Service
from firstbell.runner.app.build import practice_for, services_of
from firstbell.runner.app.build_locations import controls_of, location_named, locations_of
from firstbell.runner.cli.console import console, echo, give_up
from firstbell.runner.cli.opening import open_history
from firstbell.runner.cli.options import CONFIG_OPTION, JSON_OPTION
from firstbell.runner.diagnosis.facts import is_reached
from firstbell.runner.diagnosis.host_changes import HostChange, host_changes
from firstbell.runner.diagnosis.host_check import DEGRADED, WELL, CheckPart, HostCheck
from firstbell.runner.diagnosis.host_check_text import host_check_text
from firstbell.runner.diagnosis.probes.prober import probe as test_hosts
from firstbell.runner.diagnosis.targets import Target, target_of, targets_of
from firstbell.runner.history.runs.host_checks import CHECK, HostCheckHistory

# A certificate that expires sooner is shown in yellow: authorities renew theirs a month before.
SOON_DAYS = 14
STYLES = {WELL: "passed", DEGRADED: "errored"}


@click.command()
@click.argument("hosts", nargs=-1, metavar="[HOST]...")
@click.option("--from", "location", default="", help="The location to test from; the first one by default.")
@JSON_OPTION
@CONFIG_OPTION
def probe(hosts: tuple[str, ...], location: str, as_json: bool, config_file: Path | None) -> None:
    """Test DNS, TCP, TLS and HTTP of every host, now.

    Tested are the hosts of all services and the control hosts, or only each HOST named.

    Exits with 0 if all are reachable, 1 if one is not, 2 if no control host is: then the problem is on this side.
    """
    with open_history(config_file) as (config, database):
        settings = config.settings.diagnosis
        with practice_for(config.settings) as practice:
            introduction = practice.introduction if practice else None
            services = services_of(config.settings, introduction)
            here = location_named(location, locations_of(config, introduction), config)
            targets = _chosen(targets_of(services.values(), controls_of(config, introduction)), hosts)
            checks = test_hosts(targets, here.egress, settings.within)
        history, now = HostCheckHistory(database), datetime.now(UTC)
        before = {check.host: history.latest_well(here.name, check.host, now) for check in checks}
    changed = {check.host: host_changes(last, check) for check in checks if (last := before[check.host])}
    if as_json:
        echo(json.dumps([_as_json(check, changed.get(check.host, ())) for check in checks], indent=1))
    else:
        _print(checks, services, changed)
    raise SystemExit(_exit_code(checks))


def _chosen(targets: Sequence[Target], hosts: Sequence[str]) -> list[Target]:
    """All targets, or the named ones, by host or address; an unknown name is a target of no service."""
    if not hosts:
        return list(targets)
    chosen = []
    for host in hosts:
        known = [target for target in targets if host in (target.host, target.name, target.url, target.service)]
        try:
            chosen += known or [
                target_of(host if "://" in host or host.startswith(("stun:", "turn:")) else f"https://{host}")
            ]
        except ValueError as error:
            give_up(f"{host}: {error}", code=3)
    return chosen


def _exit_code(checks: Sequence[HostCheck]) -> int:
    controls = [check for check in checks if check.is_control]
    if controls and not any(map(is_reached, controls)):
        return 2
    return int(any(check.ending for check in checks if not check.is_control))


def _as_json(check: HostCheck, changed: Sequence[HostChange]) -> dict[str, object]:
    found: dict[str, object] = CHECK.dump_python(check, mode="json")
    changes = [asdict(change) | {"what": change.what.value} for change in changed]
    return found | {
        "verdict": check.verdict,
        "ends_at": check.ends_at,
        "said": host_check_text(check),
        "changed": changes,
    }


def _print(
    checks: Sequence[HostCheck], services: Mapping[str, Service], changed: Mapping[str, Sequence[HostChange]]
) -> None:
    out = console()
    if not checks:
        out.print("No host to test; set url in [services], or name a host.", style="quiet")
        return
    table = Table(box=None, pad_edge=False, header_style="quiet")
    columns = ["host", "service", "dns", "tcp", "tls", "http", *(["stun"] if any(c.stun for c in checks) else [])]
    for column in columns:
        table.add_column(column, no_wrap=True)
    for check in checks:
        service = Text("control", "quiet") if check.is_control else Text(check.service or "none", "actor")
        cells = (Text(check.host, _style(check)), service, _names(check), _tcp(check), _tls(check), _http(check))
        table.add_row(*cells, *([_stun(check)] if len(columns) > len(cells) else []))
    out.print(table)
    for line in _sentences(checks, services, changed):
        out.print(line, soft_wrap=True)


def _sentences(
    checks: Sequence[HostCheck], services: Mapping[str, Service], changed: Mapping[str, Sequence[HostChange]]
) -> Iterator[Text]:
    for check in checks:
        if text := host_check_text(check):
            owner = services[check.service].owner if check.service in services else ""
            service = f" ({check.service}, {owner})" if owner else ""
            yield Text(f"{check.host}{service}: {text}.", _style(check))
        for change in changed.get(check.host, ()):
            yield Text(f'{check.host}: its {change.what.value} was "{change.was}" and is now "{change.now}".', "quiet")
    if _exit_code(checks) == 2:
        yield Text("No control host is reachable: check this machine's own connection first.", "strong")


def _style(check: HostCheck) -> str:
    return STYLES.get(check.verdict, "failed")


def _cell(check: HostCheck, stage: CheckPart, result: str, style: str = "passed") -> Text:
    """The cell of one part of a check: its result, its problem, or a dash where it was not reached."""
    if check.ending and check.ending.stage is stage:
        return Text(check.ending.trouble.value.replace("-", " "), "failed")
    return Text(result, style) if result else Text("-", "quiet")


def _names(check: HostCheck) -> Text:
    return _cell(check, CheckPart.NAMES, "found" if check.names else "")


def _tcp(check: HostCheck) -> Text:
    open_ = [reach.took_ms for reach in check.tcp if reach.trouble is None]
    if open_ and check.is_degraded:
        return Text(f"no {check.dead_families[0]}" if check.dead_families else "partly", "errored")
    return _cell(check, CheckPart.TCP, f"open {min(open_):.0f} ms" if open_ else "")


def _tls(check: HostCheck) -> Text:
    if check.tls is None or check.tls.certificate is None:
        return _cell(check, CheckPart.TLS, "")
    days = (check.tls.certificate.not_after - check.at).days
    return _cell(check, CheckPart.TLS, f"{days} days left", "passed" if days >= SOON_DAYS else "errored")


def _http(check: HostCheck) -> Text:
    page = check.http
    if page is None or not page.status:
        return _cell(check, CheckPart.HTTP, "")
    first = f" {page.first_byte_ms:.0f} ms" if page.first_byte_ms is not None else ""
    return Text(f"{page.status}{first}", "failed" if page.trouble else "passed")


def _stun(check: HostCheck) -> Text:
    if check.stun is None:
        return Text("-", "quiet")
    if check.is_degraded:
        return Text("no UDP", "errored")
    return _cell(check, CheckPart.STUN, "answers")
