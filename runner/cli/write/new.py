"""`firstbell new`: creates a journey file in the district's own folder."""

from __future__ import annotations

import os
from pathlib import Path

import click

from firstbell.errors import CONFIG
from firstbell.runner.app.build import PRACTICE_KINDS
from firstbell.runner.authoring.journey_folder import JourneyFolder, journey_folder_of, prepare_folder
from firstbell.runner.authoring.template import NewJourney, refusal_of, text_of
from firstbell.runner.cli.console import console, errors_as_sentences, give_up
from firstbell.runner.cli.options import CONFIG_OPTION
from firstbell.runner.config.load import Config


@click.command()
@click.argument("name")
@click.option(
    "--as",
    "roles",
    multiple=True,
    default=("student",),
    show_default=True,
    help="A role; repeat for more.",
)
@CONFIG_OPTION
def new(name: str, roles: tuple[str, ...], config_file: Path | None) -> None:
    """Create a journey file that already runs.

    The journey is called NAME, and the file is in the folder of your own journeys.
    """
    for word, prefix in ((name, ""), *((role, f"role '{role}': ") for role in roles)):
        if refusal := refusal_of(word):
            give_up(f"{prefix}{refusal}", code=CONFIG)
    with errors_as_sentences():
        config, created = prepare_folder(config_file, Path.cwd())
        folder = journey_folder_of(config)
        journey = NewJourney(
            name=name,
            roles=tuple(dict.fromkeys(roles)),
            services=services_of_config(config),
            has_sign_in=config.settings.school.practice or _has_sign_in(config),
        )
        file = folder.place(name, journey.file_name)
        folder.write(file, text_of(journey))
    print_created(created)
    print_next_steps(file, name, folder, config)


def _has_sign_in(config: Config) -> bool:
    return "sign-in" in config.settings.services and bool(config.settings.services["sign-in"].kind)


def services_of_config(config: Config) -> set[str]:
    """The services that journeys may rely on; does not start the practice school."""
    return {*config.settings.services, *(PRACTICE_KINDS if config.settings.school.practice else ())}


def print_created(folder: Path | None) -> None:
    """Prints that a folder was created, where one was."""
    if folder is not None:
        console().print(f"Created the folder {os.path.relpath(folder)}, which the configuration names.", soft_wrap=True)


def print_next_steps(file: Path, name: str, folder: JourneyFolder, config: Config) -> None:
    """Prints the new file, the line to add to the configuration, and the commands to run the journey."""
    out = console()
    out.print(f"Wrote {os.path.relpath(file)}.", style="strong", soft_wrap=True)
    if folder.to_add:
        out.print(f"Add under \\[school] in {os.path.relpath(config.file)}:")
        out.print(f"  {folder.to_add}")
    out.print(f"  firstbell check{' ' * len(name)}   checks it")
    out.print(f"  firstbell run {name}     runs it")
    out.print(f"  pytest {os.path.relpath(file)} --headed --slowmo 300", soft_wrap=True)
