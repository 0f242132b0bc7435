"""`firstbell check`: problems of the set-up before any run, each with the line to correct."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from firstbell.errors import CONFIG
from firstbell.runner.cli.console import console, counted, echo, errors_as_sentences
from firstbell.runner.cli.options import CONFIG_OPTION, JSON_OPTION
from firstbell.runner.cli.play.run import run
from firstbell.runner.preflight.adapters import JOURNEYS, check_adapter
from firstbell.runner.preflight.finding import CheckArea, CheckFinding, FindingLevel, has_no_errors
from firstbell.runner.preflight.run import check_all

MARKS = {FindingLevel.OK: ("✓", "passed"), FindingLevel.WARNING: ("!", "errored"), FindingLevel.ERROR: ("✗", "failed")}
SCHEMA = "firstbell.check/1"


@click.command()
@click.option("--adapter", default="", metavar="SERVICE", help="Check the adapter of one service instead.")
@click.option("--play", is_flag=True, help="With --adapter: play it against the service, by the shipped journey.")
@JSON_OPTION
@CONFIG_OPTION
@click.pass_context
def check(context: click.Context, adapter: str, play: bool, as_json: bool, config_file: Path | None) -> None:
    """Check everything that runs depend on; runs nothing.

    Checked are configuration, journeys, secrets, store, history, channels, browser and host names; with --adapter, the
    parts that an adapter of your own must have.

    Exits with 0 if there is no error, 1 if there is one, 3 if the configuration cannot be used.
    """
    out = console()
    found: list[CheckFinding] = []
    with errors_as_sentences(), out.status("checking") if not as_json else Console(quiet=True).status("") as status:
        findings = check_adapter(config_file, Path.cwd(), adapter) if adapter else check_all(config_file, Path.cwd())
        for finding in findings:
            found.append(finding)
            status.update(f"checking: {finding.area.value}")
    if as_json:
        echo(json.dumps(_document(found), indent=1))
    else:
        _print(out, found)
    if adapter and play and has_no_errors(found):
        context.invoke(run, journeys=(JOURNEYS[adapter],), config_file=config_file, once=True, as_json=as_json)
    raise SystemExit(_exit_code(found))


def _exit_code(found: Sequence[CheckFinding]) -> int:
    if has_no_errors(found):
        return 0
    return CONFIG if _is_unusable(found) else 1


def _is_unusable(found: Sequence[CheckFinding]) -> bool:
    return any(finding.area is CheckArea.CONFIGURATION and finding.level is FindingLevel.ERROR for finding in found)


def _document(found: Sequence[CheckFinding]) -> dict[str, object]:
    findings = [
        {
            "area": finding.area.value,
            "what": finding.subject,
            "verdict": finding.level.value,
            "said": finding.message,
            "file": str(finding.file) if finding.file else None,
            "line": finding.line or None,
        }
        for finding in found
    ]
    return {"schema": SCHEMA, "holds": has_no_errors(found), "findings": findings}


def _print(out: Console, found: Sequence[CheckFinding]) -> None:
    """Prints one table by area: in each area first what is ok, then each problem with its file and line."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", max_width=44)
    table.add_column(overflow="fold")
    for area in CheckArea:
        of_area = sorted((finding for finding in found if finding.area is area), key=_order)
        for number, finding in enumerate(of_area):
            mark, style = MARKS[finding.level]
            is_ok = finding.level is FindingLevel.OK
            subject = Text(finding.subject) if is_ok else Text(_position(finding) or finding.subject, style)
            message = Text(finding.message, "quiet" if is_ok else "")
            table.add_row(Text("" if number else area.value, "strong"), Text(mark, style), subject, message)
    out.print(table)
    out.print(_summary(found))


def _order(finding: CheckFinding) -> tuple[bool, str, int]:
    """The sort key: ok findings as they were found, then problems by file and line."""
    return (False, "", 0) if finding.level is FindingLevel.OK else (True, str(finding.file or ""), finding.line)


def _position(finding: CheckFinding) -> str:
    """The file and line to correct, relative to the current folder."""
    if finding.file is None:
        return ""
    return f"{os.path.relpath(finding.file)}:{finding.line}" if finding.line else os.path.relpath(finding.file)


def _summary(found: Sequence[CheckFinding]) -> Text:
    errors = sum(finding.level is FindingLevel.ERROR for finding in found)
    warnings = sum(finding.level is FindingLevel.WARNING for finding in found)
    parts = [f"{len(found) - errors - warnings} ok"]
    parts += [counted(warnings, "warning")] if warnings else []
    parts += [counted(errors, "error")] if errors else []
    parts += ["the rest was not checked"] if _is_unusable(found) else []
    return Text("\n" + ", ".join(parts), "failed" if errors else "errored" if warnings else "passed")
