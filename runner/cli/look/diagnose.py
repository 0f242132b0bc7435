"""`firstbell diagnose`: whose part of the chain broke in a run, why we think so, and what was checked and is fine."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from firstbell.runner.cli.console import console
from firstbell.runner.cli.look.runs import CONFIG_OPTION, find_run, open_history, zone_of
from firstbell.runner.config.load import Config
from firstbell.runner.history.record import RunRow
from firstbell.runner.outcome import Outcome

SURE_OF_OURSELVES = "it lies with us, so nothing else that was seen counts"
WHERE = {
    "the picture of the step": "firstbell evidence {run} --open",
    "the network log": "firstbell evidence {run} --open",
    "the page": "firstbell evidence {run} --open",
    "the call in figures": "firstbell evidence {run} --open",
    "the host checks": "firstbell evidence {run} --open",
    "the other locations": "firstbell runs --journey {journey}",
    "this machine": "firstbell show {run}",
}
"""Where a person can look each kind of reason up."""


@click.command()
@click.argument("run")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@CONFIG_OPTION
def diagnose(run: str, as_json: bool, config_file: Path | None) -> None:
    """Tell whose part of the chain broke in RUN, and why. RUN is its id, or the last letters of it."""
    with open_history(config_file) as (config, database):
        found = find_run(run, config, database)
    if as_json:
        click.echo(json.dumps(_document(found, config), indent=1))
        return
    out = console()
    if found.diagnosis is None:
        out.print(Text(f"  {found.journey} {found.outcome}: there is nothing to diagnose", found.outcome))
        return
    when = f"{found.started_at.astimezone(zone_of(config)):%a %d %b %Y %H:%M}"
    out.print(Text(f"{found.journey} from {found.location}, {when}: {found.outcome}", "told"))
    for line in lead(found, found.diagnosis, config):
        out.print(line, soft_wrap=True)
    out.print(_reasons(found, found.diagnosis))


def lead(run: RunRow, found: Mapping[str, Any], config: Config) -> Iterator[Text]:
    """Whose, what, how sure, and who is to be called: the lines that everybody reads."""
    service = str(found["service"])
    given = config.settings.services.get(service)
    whose = ", ".join(part for part in (service, run.owner if run.outcome == Outcome.FAILED else "") if part)
    is_own = found["cause"].startswith("own-") or found["cause"] == "stranger"
    name = "First Bell itself, no service is blamed" if is_own else whose or "nobody can be named"
    yield Text.assemble(("  whose    ", "quiet"), (name, "errored" if is_own or not service else "failed"))
    yield Text.assemble(("  what     ", "quiet"), (found["words"], "told"))
    why = SURE_OF_OURSELVES if is_own else _sure(found, run, config)
    yield Text.assemble(("  sure     ", "quiet"), f"{found['confidence']}: {why}")
    if run.outcome == Outcome.PASSED:
        yield Text.assemble(("  call     ", "quiet"), "nobody: it passed when it was tried again")
    elif run.outcome == Outcome.FAILED and given and given.contact:
        yield Text.assemble(("  call     ", "quiet"), given.contact)


def _sure(found: Mapping[str, Any], run: RunRow, config: Config) -> str:
    """What makes it sure, and what would make it surer."""
    if found["cause"] == "unknown":
        return f"nothing that we know of explains it; look for yourself: firstbell evidence {run.id[-6:]} --open"
    twice = "seen twice" if found.get("seen_twice") else "seen once: a first attempt is confirmed by a second"
    controls = "no control was reached" if config.settings.diagnosis.controls else "name controls in [diagnosis]"
    way = "our own way out is proven" if found.get("way_proven") else f"our own way out is not proven: {controls}"
    return f"{twice}; {way}"


def _reasons(run: RunRow, found: Mapping[str, Any]) -> Table:
    """Each reason with where it can be looked up, which is said once for several that stand in the same place."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    label, told = "because", ""
    for one in found["because"]:
        where = _where(run, one["source"])
        table.add_row(Text(f"  {label:<7}", "quiet"), Text(one["said"]), Text("" if where == told else where, "quiet"))
        label, told = "", where
    label = "fine"
    for one in found["cleared"]:
        table.add_row(Text(f"  {label:<7}", "quiet"), Text(f"{one['name']}: {one['why']}"), Text())
        label = ""
    return table


def _where(run: RunRow, source: str) -> str:
    return WHERE.get(source, "").format(run=run.id[-6:], journey=run.journey)


def _document(run: RunRow, config: Config) -> dict[str, object]:
    found = run.diagnosis or {}
    given = config.settings.services.get(str(found.get("service", "")))
    return {
        "schema": "firstbell.diagnosis/1",
        "run": run.id,
        "journey": run.journey,
        "location": run.location,
        "outcome": run.outcome,
        "owner": run.owner,
        "contact": given.contact if given else "",
        "diagnosis": run.diagnosis,
    }
