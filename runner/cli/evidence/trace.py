"""`firstbell trace`: opens a run's trace in Playwright's viewer, on this machine."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import click

from firstbell.artifacts.bundle.build import build
from firstbell.runner.cli.console import console, give_up
from firstbell.runner.cli.evidence.evidence import ATTEMPT_OPTION, evidence_errors_as_sentences, show
from firstbell.runner.cli.evidence.fetch import bundle_request_of, evidence_of
from firstbell.runner.cli.opening import open_history
from firstbell.runner.cli.options import CONFIG_OPTION

BOTH = "both"


@click.command()
@click.argument("run")
@click.option("--actor", default="", help="The actor; by default all on one time line.")
@ATTEMPT_OPTION
@CONFIG_OPTION
def trace(run: str, actor: str, attempt: int, config_file: Path | None) -> None:
    """Open a run's trace in Playwright's viewer.

    RUN is the last letters of a run's id, or the number of the incident that it opened.
    """
    with (
        open_history(config_file) as (config, database),
        evidence_errors_as_sentences(),
        console().status("fetching the run from the store"),
    ):
        found = evidence_of(config, database, run)
        bag = build(found.files, bundle_request_of(config, found, "", attempt), datetime.now(UTC))
    files = {name.removeprefix("data/"): data for name, data in bag.items() if name.startswith("data/")}
    chosen = chosen_trace(files, actor)
    if not chosen:
        of_actor = f" of '{actor}'" if actor else ""
        give_up(
            f"{found.run.id} has no trace{of_actor}; runs that confirm a failure have one, and all runs with "
            '[evidence] on_pass = "trace"',
            code=2,
        )
    show(files, f"viewer/index.html?trace=../{chosen}")


def chosen_trace(names: Iterable[str], actor: str) -> str:
    """The name of the trace: of one actor, or of all on one time line, or the only one; empty where there is none."""
    traces = {
        (BOTH if path.stem == BOTH else path.parent.name): name
        for name in sorted(names)
        if name.startswith("attempt-") and name.endswith(".zip") and (path := PurePosixPath(name))
    }
    return traces.get(actor or BOTH, "" if actor else next(iter(traces.values()), ""))
