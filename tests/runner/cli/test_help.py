"""Tests of `firstbell --help`: sections, the table of short helps, and 80 columns."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from firstbell.runner.cli.main import SECTIONS, main

COLUMNS = 80


def commands(group: click.Group = main, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """All commands and subcommands, by the words that a person types."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{path}{name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path}{name} ")


ALL = dict(commands())


def help_of(words: str) -> str:
    done = CliRunner().invoke(main, [*words.split(), "--help"], terminal_width=COLUMNS)
    assert done.exit_code == 0, done.output
    return done.output


def test_help_has_seven_sections_in_the_order_of_use() -> None:
    titles = [line.removesuffix(":") for line in help_of("").splitlines() if line.endswith(":") and line[0] != " "]
    assert titles == ["Options", "Set up", "Write", "Run", "Look", "Alarms", "Evidence", "Practice"]


@pytest.mark.parametrize("name", [name for section in SECTIONS.values() for name in section])
def test_short_help_in_the_table_equals_that_of_the_command(name: str) -> None:
    (entry,) = (section[name] for section in SECTIONS.values() if name in section)
    assert entry.load().get_short_help_str(COLUMNS) == entry.short_help
    assert entry.load().name == name


@pytest.mark.parametrize("name", [name for section in SECTIONS.values() for name in section])
def test_short_help_is_one_line_at_80_columns(name: str) -> None:
    (line,) = [line for line in help_of("").splitlines() if line.split()[:1] == [name]]
    (entry,) = (section[name] for section in SECTIONS.values() if name in section)
    assert line.endswith(entry.short_help)


@pytest.mark.parametrize("words", sorted(words for words, command in ALL.items() if isinstance(command, click.Group)))
def test_list_of_subcommands_is_not_cut_at_80_columns(words: str) -> None:
    listed = help_of(words).partition("Commands:")[2]
    assert listed.strip()
    assert "..." not in listed


@pytest.mark.parametrize("words", sorted(ALL))
def test_help_of_each_command_fits_80_columns(words: str) -> None:
    assert [line for line in help_of(words).splitlines() if len(line) > COLUMNS] == []


def test_unknown_command_is_refused_with_the_name() -> None:
    done = CliRunner().invoke(main, ["rnu"])
    assert done.exit_code == 2
    assert "rnu" in done.stderr
