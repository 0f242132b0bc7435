"""`firstbell run`: runs journeys now, prints their progress, and exits with a code for the outcome."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from firstbell.errors import ERRORED
from firstbell.runner.app.build import config_at
from firstbell.runner.app.local_runner import open_local_runner
from firstbell.runner.cli.console import console, echo, errors_as_sentences
from firstbell.runner.cli.opening import zone_of
from firstbell.runner.cli.options import CONFIG_OPTION, JSON_OPTION
from firstbell.runner.cli.render.run_text import ConsoleReporter
from firstbell.runner.execution.run import exit_code
from firstbell.runner.execution.runs.reporter import Reporter, SilentReporter
from firstbell.runner.execution.runs.run_result import RunResult

# The longest wait for the evidence to reach the store, after the results have been printed.
FINISH_S = 20.0


@click.command()
@click.argument("journeys", nargs=-1)
@CONFIG_OPTION
@click.option("--headed", is_flag=True, help="Show the browser.")
@click.option("--once", is_flag=True, help="Do not confirm a failure with a second attempt.")
@click.option("--from", "location", default="", help="The location to run from; the first one by default.")
@JSON_OPTION
def run(
    journeys: tuple[str, ...], config_file: Path | None, headed: bool, once: bool, location: str, as_json: bool
) -> None:
    """Run journeys now: the named ones, or all.

    A failed first attempt is confirmed by a second one, in a fresh browser and with every recorder on.

    Exits with 0 if all passed, 1 if a service failed, 2 if a service could not be judged, 3 for a configuration that
    cannot be used.
    """
    with errors_as_sentences():
        config = config_at(config_file, Path.cwd())
        with open_local_runner(config, headed=headed, location=location) as opened:
            reporter: Reporter = SilentReporter() if as_json else ConsoleReporter(console(), zone_of(config))
            results = [opened.play(entry, reporter, confirm=not once) for entry in opened.chosen(journeys)]
            if as_json:
                echo(json.dumps(_document(results), indent=1))
            for broken in opened.broken:
                echo(f"firstbell: {broken.file}:{broken.line}: {broken.cause}", stderr=True)
            code = exit_code(result.run.outcome for result in results)
            if waiting := opened.uploader.finish(FINISH_S):
                echo(
                    f"firstbell: evidence waits in the spool: {waiting}; send it: firstbell store deliver", stderr=True
                )
    raise SystemExit(code or (ERRORED if opened.broken else 0))


def _document(results: Sequence[RunResult]) -> dict[str, object]:
    runs = [result.document.model_dump(mode="json") | {"evidence": result.evidence} for result in results]
    return {"schema": "firstbell.runs/1", "runs": runs}
