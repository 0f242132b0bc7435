"""`firstbell status`: the present state of every journey, for people and for other monitors."""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from pathlib import Path

import click

from firstbell.runner.alarms.monitor_formats import FORMATS
from firstbell.runner.alarms.status import Level
from firstbell.runner.cli.console import echo
from firstbell.runner.cli.opening import open_history, zone_of
from firstbell.runner.cli.options import CONFIG_OPTION
from firstbell.runner.config.to_alarms import alarm_policy_of
from firstbell.runner.history.alarms.incidents import IncidentService
from firstbell.runner.history.alarms.silences import SilenceHistory
from firstbell.runner.history.alarms.status import status_of

UNKNOWN_LINES: Mapping[str | None, Callable[[str], str]] = {
    "nagios": lambda reason: f"FIRSTBELL UNKNOWN - {reason}",
    "prtg": lambda reason: json.dumps({"prtg": {"error": 1, "text": reason}}),
}
"""The line that a monitor shows where the status cannot be read."""


@click.command()
@click.option("--format", "format_", type=click.Choice(sorted(FORMATS)), default=None, help="For another monitor.")
@click.option("--out", type=Path, default=None, help="Write to this file, in one step, as a textfile collector needs.")
@CONFIG_OPTION
def status(format_: str | None, out: Path | None, config_file: Path | None) -> None:
    """Show the present state of every journey.

    Exits as Nagios plug-ins do: 0 ok, 1 warning, 2 critical, 3 unknown (First Bell is not running, or could not judge a
    service). With --format prometheus it exits with 0: the collector reads the figures.
    """
    with _unknown_at_worst(format_), open_history(config_file, to_read=True) as (config, database):
        settings = config.settings
        incidents = IncidentService(database, alarm_policy_of(settings))
        silences = SilenceHistory(database).now() if format_ is None else []
        found = status_of(database, incidents, settings.location_names, settings.alarms.silent_after)
    if format_ is None:
        from firstbell.runner.cli.render.status_text import print_status  # noqa: PLC0415  # rich, for people only

        print_status(found, silences, zone_of(config))
    else:
        _write(FORMATS[format_](found, zone_of(config)), out)
    raise SystemExit(Level.OK if format_ == "prometheus" else found.level)


@contextmanager
def _unknown_at_worst(format_: str | None) -> Iterator[None]:
    """Ends with 3 (unknown) whatever goes wrong: monitors read the reason on standard output, and nothing else."""
    errors = io.StringIO() if format_ in UNKNOWN_LINES else sys.stderr
    try:
        with redirect_stderr(errors):
            yield
    except SystemExit:
        reason = errors.getvalue() if isinstance(errors, io.StringIO) else ""
    except Exception as error:
        if format_ not in UNKNOWN_LINES:
            raise
        reason = f"the status cannot be read ({type(error).__name__})"
    else:
        return
    if format_ in UNKNOWN_LINES:
        echo(UNKNOWN_LINES[format_](" ".join(reason.split()).replace("|", "/")))
    raise SystemExit(Level.UNKNOWN)


def _write(text: str, out: Path | None) -> None:
    if out is None:
        echo(text)
        return
    with tempfile.NamedTemporaryFile("w", dir=out.absolute().parent, prefix=f".{out.name}.", delete=False) as file:
        file.write(f"{text}\n")
    os.chmod(file.name, 0o644)  # noqa: PTH101  # another user's collector reads it
    os.replace(file.name, out)  # noqa: PTH105
