"""`firstbell check`: all that could be wrong before anything is played, each with the line where it is mended."""

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
from firstbell.runner.cli.console import console, errors_as_sentences
from firstbell.runner.cli.options import CONFIG_OPTION
from firstbell.runner.preflight.finding import CheckArea, CheckFinding, FindingLevel, all_usable
from firstbell.runner.preflight.run import check_all

MARKS = {FindingLevel.WELL: ("✓", "passed"), FindingLevel.LOOK: ("!", "errored"), FindingLevel.WRONG: ("✗", "failed")}
SCHEMA = "firstbell.check/1"


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of the table.")
@CONFIG_OPTION
def check(as_json: bool, config_file: Path | None) -> None:
    """Look at configuration, journeys, secrets, store, history, channels, browser and host names. Plays nothing.

    Exits with 0 when nothing is wrong, 1 when something is, 3 when the configuration itself cannot be used.
    """
    out = console()
    found: list[CheckFinding] = []
    with errors_as_sentences(), out.status("looking") if not as_json else Console(quiet=True).status("") as status:
        for finding in check_all(config_file, Path.cwd()):
            found.append(finding)
            status.update(f"looking: {finding.area.value}")
    if as_json:
        click.echo(json.dumps(_document(found), indent=1))
    else:
        _tell(out, found)
    raise SystemExit(_exit_code(found))


def _exit_code(found: Sequence[CheckFinding]) -> int:
    if all_usable(found):
        return 0
    return CONFIG if _is_unusable(found) else 1


def _is_unusable(found: Sequence[CheckFinding]) -> bool:
    return any(one.area is CheckArea.CONFIGURATION and one.verdict is FindingLevel.WRONG for one in found)


def _document(found: Sequence[CheckFinding]) -> dict[str, object]:
    told = [
        {
            "area": one.area.value,
            "what": one.what,
            "verdict": one.verdict.value,
            "said": one.said,
            "file": str(one.file) if one.file else None,
            "line": one.line or None,
        }
        for one in found
    ]
    return {"schema": SCHEMA, "holds": all_usable(found), "findings": told}


def _tell(out: Console, found: Sequence[CheckFinding]) -> None:
    """One table by area, in each what is well first; what is not has its place and sentence, whole."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", max_width=44)
    table.add_column(overflow="fold")
    for area in CheckArea:
        of_area = sorted((one for one in found if one.area is area), key=_order)
        for number, one in enumerate(of_area):
            mark, style = MARKS[one.verdict]
            is_well = one.verdict is FindingLevel.WELL
            what = Text(one.what) if is_well else Text(_where(one) or one.what, style)
            said = Text(one.said, "quiet" if is_well else "")
            table.add_row(Text("" if number else area.value, "strong"), Text(mark, style), what, said)
    out.print(table)
    out.print(_sum(found))


def _order(one: CheckFinding) -> tuple[bool, str, int]:
    """What is well as it was found; the rest by file and line."""
    return (False, "", 0) if one.verdict is FindingLevel.WELL else (True, str(one.file or ""), one.line)


def _where(one: CheckFinding) -> str:
    """Where it is to be mended, from the folder that one stands in."""
    if one.file is None:
        return ""
    return f"{os.path.relpath(one.file)}:{one.line}" if one.line else os.path.relpath(one.file)


def _sum(found: Sequence[CheckFinding]) -> Text:
    wrong = sum(one.verdict is FindingLevel.WRONG for one in found)
    look = sum(one.verdict is FindingLevel.LOOK for one in found)
    parts = [f"{len(found) - wrong - look} well"]
    parts += [f"{look} worth a look"] if look else []
    parts += [f"{wrong} wrong"] if wrong else []
    parts += ["the rest was not looked at"] if _is_unusable(found) else []
    return Text("\n" + ", ".join(parts), "failed" if wrong else "errored" if look else "passed")
