"""A command group that imports a command when it runs, and lists its commands in sections."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import ClassVar

import click


@dataclass(frozen=True, slots=True)
class LazyCommand:
    """The module and attribute of a command, and the line that stands for it in the list of commands."""

    module: str
    attribute: str
    short_help: str

    def load(self) -> click.Command:
        """Imports the command, without the garbage collector: imports leave nearly no garbage, and it costs a tenth."""
        gc.disable()
        try:
            command: click.Command = getattr(import_module(self.module), self.attribute)
        finally:
            gc.enable()
        return command


Sections = Mapping[str, Mapping[str, LazyCommand]]


class LazyGroup(click.Group):
    """A group whose help is printed from a table, so that it imports none of its commands."""

    sections: ClassVar[Sections] = {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names of all commands, section by section."""
        del ctx
        return [name for section in self.sections.values() for name in section]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports and returns a command; None for an unknown name."""
        del ctx
        found = (section[cmd_name] for section in self.sections.values() if cmd_name in section)
        return next((command.load() for command in found), None)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes one list for each section, all with the same width of the first column."""
        width = max(map(len, self.list_commands(ctx)))
        for title, section in self.sections.items():
            with formatter.section(title):
                formatter.write_dl([(f"{name:<{width}}", command.short_help) for name, command in section.items()])
