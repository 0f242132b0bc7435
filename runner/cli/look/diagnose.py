"""`firstbell diagnose`: the service that broke a run, the reasons, and the services that are known to work."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from firstbell.labels import LABEL_WIDTH, Label
from firstbell.runner.cli.console import console, echo
from firstbell.runner.cli.opening import open_history, zone_of
from firstbell.runner.cli.options import CONFIG_OPTION, JSON_OPTION
from firstbell.runner.cli.render.run_text import UNDER_CONSTRUCTION, fact_line, service_text
from firstbell.runner.config.load import Config
from firstbell.runner.diagnosis.cause import Cause
from firstbell.runner.diagnosis.diagnosis import OF_ACCOUNT, OWN
from firstbell.runner.history.record import RunRow
from firstbell.runner.history.runs.runs import RunHistory
from firstbell.runner.outcome import Outcome

SOURCES = {
    "the picture of the step": "firstbell evidence {run} --open",
    "the network log": "firstbell evidence {run} --open",
    "the page": "firstbell evidence {run} --open",
    "the call in figures": "firstbell evidence {run} --open",
    "the host checks": "firstbell evidence {run} --open",
    "the other locations": "firstbell runs --journey {journey}",
    "this machine": "firstbell show {run}",
}
"""The command that shows the source of a reason."""


@click.command()
@click.argument("run")
@JSON_OPTION
@CONFIG_OPTION
def diagnose(run: str, as_json: bool, config_file: Path | None) -> None:
    """Show the service that broke a run, with reasons.

    RUN is the id of the run, or the last letters of it.
    """
    with open_history(config_file) as (config, database):
        found = RunHistory(database, zone_of(config)).find(run)
    if as_json:
        echo(json.dumps(_document(found, config), indent=1))
        return
    out = console()
    if found.diagnosis is None:
        out.print(Text(f"  {found.journey} {found.outcome}: nothing to diagnose", found.outcome))
        return
    when = f"{found.started_at.astimezone(zone_of(config)):%a %d %b %Y %H:%M %Z}"
    out.print(Text(f"{found.journey} from {found.location}, {when}: {found.outcome}", "strong"))
    for line in lead(found, found.diagnosis, config):
        out.print(line, soft_wrap=True)
    out.print(_reasons(found, found.diagnosis))


def lead(run: RunRow, found: Mapping[str, Any], config: Config) -> Iterator[Text]:
    """The first lines: problem, service, contact and confidence."""
    name = str(found["service"])
    section = config.settings.services.get(name)
    is_own = not name and (Cause(found["cause"]) in OWN | OF_ACCOUNT)
    if found.get("under_construction"):
        yield Text(f"  UNDER CONSTRUCTION: {UNDER_CONSTRUCTION}", "errored")
    service = service_text(name, run.owner if run.outcome == Outcome.FAILED else "") or "unknown"
    blamed = "no service: the problem is on First Bell's own side" if is_own else service
    yield fact_line(Label.PROBLEM, found["words"], style="strong")
    yield fact_line(Label.SERVICE, blamed, style="errored" if is_own or not name else "failed")
    if run.outcome == Outcome.PASSED:
        yield fact_line(Label.CALL, "no call needed: the second attempt passed")
    elif run.outcome == Outcome.FAILED and section and section.contact:
        yield fact_line(Label.CALL, section.contact)
    confidence = f"{found['confidence']} ({_confidence_reason(found, run, config, is_own=is_own)})"
    yield fact_line(Label.CONFIDENCE, confidence)


def _confidence_reason(found: Mapping[str, Any], run: RunRow, config: Config, *, is_own: bool) -> str:
    """The facts that the confidence rests on, and what would raise it."""
    if is_own:
        return "a problem on our side excludes a judgement of services"
    if found["cause"] == "unknown":
        return f"no known cause matches; look at the evidence: firstbell evidence {run.id[-6:]} --open"
    attempts = "seen in both attempts" if found.get("seen_twice") else "seen in one attempt only"
    if found.get("way_proven"):
        return f"{attempts}; our own connection works"
    control = "no control host was reached" if config.settings.diagnosis.controls else "set controls in [diagnosis]"
    return f"{attempts}; our own connection is not proven: {control}"


def _reasons(run: RunRow, found: Mapping[str, Any]) -> Table:
    """The reasons, each with the command that shows its source (once for several of one source), and what works."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, min_width=LABEL_WIDTH)
    label, last = str(Label.REASONS), ""
    for reason in found["because"]:
        source = SOURCES.get(reason["source"], "").format(run=run.id[-6:], journey=run.journey)
        shown = "" if source == last else source
        table.add_row(Text(f"  {label}", "quiet"), Text(reason["said"]), Text(shown, "quiet"))
        label, last = "", source
    label = str(Label.WORKING)
    for service in found["cleared"]:
        table.add_row(Text(f"  {label}", "quiet"), Text(f"{service['name']}: {service['why']}"), Text())
        label = ""
    return table


def _document(run: RunRow, config: Config) -> dict[str, object]:
    section = config.settings.services.get(str((run.diagnosis or {}).get("service", "")))
    return {
        "schema": "firstbell.diagnosis/1",
        "run": run.id,
        "journey": run.journey,
        "location": run.location,
        "outcome": run.outcome,
        "owner": run.owner,
        "contact": section.contact if section else "",
        "diagnosis": run.diagnosis,
    }
