"""`firstbell new`: a journey to begin with, in the district's own folder."""

from __future__ import annotations

import os
from pathlib import Path

import click

from firstbell.errors import CONFIG
from firstbell.runner.app.build import PRACTICE_KINDS
from firstbell.runner.authoring.journey_folder import JourneyFolder, journey_folder_of, prepare_folder
from firstbell.runner.authoring.template import NewJourney, refusal_of, text_of
from firstbell.runner.cli.console import console, errors_as_sentences, foreseen, give_up
from firstbell.runner.cli.options import CONFIG_OPTION
from firstbell.runner.config.load import Config


@click.command()
@click.argument("name")
@click.option(
    "--as", "roles", multiple=True, default=("student",), show_default=True, help="Who plays; more than once."
)
@CONFIG_OPTION
def new(name: str, roles: tuple[str, ...], config_file: Path | None) -> None:
    """Begin a journey called NAME, in the folder of your own journeys. It is played as it stands."""
    for given, what in ((name, ""), *((role, f"role '{role}': ") for role in roles)):
        if refusal := refusal_of(given):
            give_up(f"{what}{refusal}", code=CONFIG)
    with foreseen():
        with errors_as_sentences():
            config, made = prepare_folder(config_file, Path.cwd())
        desk = journey_folder_of(config)
        wanted = NewJourney(name=name, roles=tuple(dict.fromkeys(roles)), services=services_of_config(config))
        file = desk.place(name, wanted.file_name)
        desk.write(file, text_of(wanted))
    print_created(made)
    print_next_steps(file, name, desk, config)


def services_of_config(config: Config) -> set[str]:
    """What journeys may rely on, without asking the practice school."""
    return {*config.settings.services, *(PRACTICE_KINDS if config.settings.school.practice else ())}


def print_created(folder: Path | None) -> None:
    """Say that a folder was made, where one was."""
    if folder is not None:
        console().print(f"Made the folder {os.path.relpath(folder)}, which the configuration names.", soft_wrap=True)


def print_next_steps(file: Path, name: str, desk: JourneyFolder, config: Config) -> None:
    """Say what was written, what has to be added to the configuration, and how to play it."""
    out = console()
    out.print(f"Wrote {os.path.relpath(file)}.", style="strong", soft_wrap=True)
    if desk.to_add:
        out.print(f"Add under \\[school] in {os.path.relpath(config.file)}:")
        out.print(f"  {desk.to_add}", markup=False)
    out.print(f"  firstbell check{' ' * len(name)}   looks at it", markup=False)
    out.print(f"  firstbell run {name}     plays it", markup=False)
    out.print(f"  pytest {os.path.relpath(file)} --headed --slowmo 300", markup=False, soft_wrap=True)
