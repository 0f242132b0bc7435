"""`firstbell init` and `firstbell schema`: a first configuration, and the JSON schemas for editors and tools."""

from __future__ import annotations

import json
from pathlib import Path

import click

from firstbell.private_files import private_folder
from firstbell.runner.cli.console import console, echo, give_up
from firstbell.runner.config.model import Settings
from firstbell.runner.config.search import FILE_NAME
from firstbell.runner.config.starter import STARTER
from firstbell.runner.execution.runs.run_json import RunDocument

SCHEMA_FILE = Path(".firstbell") / "firstbell.schema.json"


@click.command()
def init() -> None:
    """Write a commented firstbell.toml to start from.

    Unchanged, it runs against the practice school.
    """
    try:
        with Path(FILE_NAME).open("x", encoding="utf-8") as file:
            file.write(STARTER)
        private_folder(SCHEMA_FILE.parent)
        SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
    except FileExistsError:
        give_up(f"{FILE_NAME} exists here; it was left as it is", code=3)
    except OSError as error:
        give_up(f"{FILE_NAME} cannot be written here ({error.strerror}); change to a folder of your own", code=3)
    out = console()
    out.print(f"Wrote {FILE_NAME}. Unchanged, it runs against the practice school:", style="strong")
    out.print("  firstbell run              runs every journey")
    out.print("  firstbell run live-class   runs one journey")
    out.print("  firstbell practice         opens the school for your own browser")


@click.command()
@click.argument("file", type=click.Choice(["config", "run"]), default="config")
def schema(file: str) -> None:
    """Print the JSON schema of firstbell.toml or run.json."""
    echo(schema_text() if file == "config" else run_schema_text(), ends_line=False)


def schema_text() -> str:
    """The schema of the configuration, for editors that support TOML."""
    return json.dumps({**Settings.model_json_schema(), "title": FILE_NAME}, indent=1) + "\n"


def run_schema_text() -> str:
    """The schema of run.json."""
    return json.dumps({**RunDocument.model_json_schema(), "title": "run.json"}, indent=1) + "\n"
