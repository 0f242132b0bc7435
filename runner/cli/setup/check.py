"""`firstbell check`: checks everything that a run needs, and prints each finding with the line to correct."""

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
from firstbell.runner.cli.console import console
from firstbell.runner.cli.look.runs import CONFIG_OPTION
from firstbell.runner.cli.play.run import errors_as_sentences
from firstbell.runner.preflight.finding import CheckArea, CheckFinding, FindingLevel, has_no_errors
from firstbell.runner.preflight.run import check_all

MARKS = {FindingLevel.OK: ("✓", "passed"), FindingLevel.WARNING: ("!", "errored"), FindingLevel.ERROR: ("✗", "failed")}
SCHEMA = "firstbell.check/1"


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of the table.")
@CONFIG_OPTION
def check(as_json: bool, config_file: Path | None) -> None:
    """Check configuration, journeys, secrets, store, history, channels, browser and host names. Plays nothing.

    Exits with 0 without errors, 1 with errors, 3 if the configuration itself cannot be used.
    """
    out = console()
    found: list[CheckFinding] = []
    with errors_as_sentences(), out.status("checking") if not as_json else Console(quiet=True).status("") as status:
        for finding in check_all(config_file, Path.cwd()):
            found.append(finding)
            status.update(f"checking: {finding.area.value}")
    if as_json:
        click.echo(json.dumps(_document(found), indent=1))
    else:
        _print(out, found)
    raise SystemExit(_exit_code(found))


def _exit_code(found: Sequence[CheckFinding]) -> int:
    if has_no_errors(found):
        return 0
    return CONFIG if _is_unusable(found) else 1


def _is_unusable(found: Sequence[CheckFinding]) -> bool:
    return any(one.area is CheckArea.CONFIGURATION and one.level is FindingLevel.ERROR for one in found)


def _document(found: Sequence[CheckFinding]) -> dict[str, object]:
    findings = [
        {
            "area": one.area.value,
            "what": one.subject,
            "verdict": one.level.value,
            "said": one.message,
            "file": str(one.file) if one.file else None,
            "line": one.line or None,
        }
        for one in found
    ]
    return {"schema": SCHEMA, "holds": has_no_errors(found), "findings": findings}


def _print(out: Console, found: Sequence[CheckFinding]) -> None:
    """Prints one table by area: in each area what is ok, then warnings and errors with file, line and message."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", max_width=44)
    table.add_column(overflow="fold")
    for area in CheckArea:
        of_area = sorted((one for one in found if one.area is area), key=_order)
        for number, one in enumerate(of_area):
            mark, style = MARKS[one.level]
            is_ok = one.level is FindingLevel.OK
            subject = Text(one.subject) if is_ok else Text(_where(one) or one.subject, style)
            message = Text(one.message, "quiet" if is_ok else "")
            table.add_row(Text("" if number else area.value, "told"), Text(mark, style), subject, message)
    out.print(table)
    out.print(_sum(found))


def _order(one: CheckFinding) -> tuple[bool, str, int]:
    """Sorts ok findings first, as they were found, and the rest by file and line."""
    return (False, "", 0) if one.level is FindingLevel.OK else (True, str(one.file or ""), one.line)


def _where(one: CheckFinding) -> str:
    """Returns file and line to correct, relative to the current folder."""
    if one.file is None:
        return ""
    return f"{os.path.relpath(one.file)}:{one.line}" if one.line else os.path.relpath(one.file)


def _sum(found: Sequence[CheckFinding]) -> Text:
    errors = sum(one.level is FindingLevel.ERROR for one in found)
    warnings = sum(one.level is FindingLevel.WARNING for one in found)
    parts = [f"{len(found) - errors - warnings} ok"]
    parts += [_count(warnings, "warning")] if warnings else []
    parts += [_count(errors, "error")] if errors else []
    parts += ["the rest was not checked"] if _is_unusable(found) else []
    return Text("\n" + ", ".join(parts), "failed" if errors else "errored" if warnings else "passed")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
