"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

CONFIG_OPTION = click.option(
    "--config",
    "config_file",
    type=Path,
    default=None,
    help="The configuration file; by default the nearest firstbell.toml, here or above.",
)
JSON_OPTION = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
LIMIT_OPTION = click.option(
    "--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="The largest number of lines."
)
GROUP_OPTION = click.option("--group", default="", help="Only journeys of this group.")
JOURNEY_OPTION = click.option("--journey", default="", help="Only this journey.")
