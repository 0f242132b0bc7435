"""`firstbell init` and `firstbell schema`: a configuration to start from, and what an editor needs to help with it."""

from __future__ import annotations

import json
from pathlib import Path

import click

from runner.cli.console import console, give_up
from runner.config.load import FILE_NAME
from runner.config.model import Settings
from runner.config.starter import STARTER

SCHEMA_FILE = Path(".firstbell") / "firstbell.schema.json"


@click.command()
def init() -> None:
    """Write a commented firstbell.toml that runs against the practice school as it stands."""
    try:
        with Path(FILE_NAME).open("x", encoding="utf-8") as file:
            file.write(STARTER)
        SCHEMA_FILE.parent.mkdir(exist_ok=True)
        SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
    except FileExistsError:
        give_up(f"{FILE_NAME} is already here; it was left as it is", code=3)
    except OSError as error:
        give_up(f"{FILE_NAME} cannot be written here ({error.strerror}); go to a folder of your own", code=3)
    out = console()
    out.print(f"Wrote {FILE_NAME}. It plays against the practice school as it stands:", style="told")
    out.print("  firstbell run              plays every journey")
    out.print("  firstbell run live-class   plays one")
    out.print("  firstbell practice         opens the school for your own browser")


@click.command()
def schema() -> None:
    """Print the JSON schema of firstbell.toml."""
    click.echo(schema_text(), nl=False)


def schema_text() -> str:
    """The schema, as editors that know TOML take it."""
    return json.dumps({"title": FILE_NAME, **Settings.model_json_schema()}, indent=1) + "\n"
