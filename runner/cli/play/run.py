"""`firstbell run`: play journeys now, tell what happens, and exit with what it means."""

from __future__ import annotations

import json
from pathlib import Path

import click

from firstbell.errors import ERRORED
from firstbell.runner.app.build import config_at
from firstbell.runner.app.local_runner import open_local_runner
from firstbell.runner.cli.console import console, foreseen, give_up
from firstbell.runner.cli.options import CONFIG_OPTION
from firstbell.runner.cli.render.run_text import ConsoleReporter
from firstbell.runner.execution.run import exit_code
from firstbell.runner.execution.runs.reporter import Reporter, SilentReporter
from firstbell.runner.execution.runs.run_result import RunResult

# How long a run by hand waits for its evidence to reach the store, after everything has been told.
FINISH_S = 20.0


@click.command()
@click.argument("journeys", nargs=-1)
@CONFIG_OPTION
@click.option("--headed", is_flag=True, help="Show the browser.")
@click.option("--once", is_flag=True, help="Do not play a failed first attempt again.")
@click.option("--from", "location", default="", help="The location to play from; the first one if left out.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of telling.")
def run(
    journeys: tuple[str, ...], config_file: Path | None, headed: bool, once: bool, location: str, as_json: bool
) -> None:
    """Play journeys now: those named, or all.

    A first attempt that fails is played once more by a fresh browser with every recorder on.

    Exits with 0 if all passed, 1 if a service failed, 2 if something could not be judged, 3 for a configuration
    that cannot be used.
    """
    with errors_as_sentences():
        config = config_at(config_file, Path.cwd())
        with open_local_runner(config, headed=headed, location=location) as opened:
            reporter: Reporter = SilentReporter() if as_json else ConsoleReporter(console())
            performed = [opened.play(piece, reporter, confirm=not once) for piece in opened.chosen(journeys)]
            if as_json:
                click.echo(json.dumps(_documents(performed), indent=1))
            for broken in opened.broken:
                click.echo(f"firstbell: {broken.file}:{broken.line}: {broken.cause}", err=True)
            code = exit_code(one.run.outcome for one in performed)
            if waits := opened.uploader.finish(FINISH_S):
                click.echo(
                    f"firstbell: evidence waits in the spool: {waits}; send it: firstbell store deliver", err=True
                )
    raise SystemExit(code or (ERRORED if opened.broken else 0))


def _documents(performed: list[RunResult]) -> dict[str, object]:
    runs = [one.document.model_dump(mode="json") | {"evidence": one.where} for one in performed]
    return {"schema": "firstbell.runs/1", "runs": runs}
