"""Tests of README and docs/ against the code: links, commands, options, configuration examples, generated tables."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from docs.generate import GENERATED, REGION, current
from firstbell.journeys.media.proof import MediaFault
from firstbell.runner.cli.main import main
from firstbell.runner.config.load import parse

ROOT = Path(__file__).parents[1]
PAGES = {page.relative_to(ROOT).as_posix(): page.read_text() for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]}
ALL = "\n".join(PAGES.values())
FENCED = re.compile(r"^[ ]*```(\w+)\n(.*?)^[ ]*```", re.DOTALL | re.MULTILINE)
QUOTED = re.compile(r"`(firstbell [^`]+)`")
COMMAND = re.compile(r"(?:sudo )?(?:\S*/bin/)?(firstbell [^;']+)")


def blocks(language: str) -> Iterator[tuple[str, str]]:
    """The fenced blocks of a language, each with its page."""
    for page, text in PAGES.items():
        yield from ((page, block) for found, block in FENCED.findall(text) if found == language)


def to_copy() -> list[str]:
    """The command lines of First Bell in blocks that a person copies."""
    lines = [line for text in PAGES.values() for line in FENCED.sub("", text).splitlines() if line.startswith("    ")]
    found = [COMMAND.fullmatch(line.partition("#")[0].strip()) for line in lines]
    return sorted({one[1].strip() for one in found if one})


def quoted() -> list[str]:
    """The commands of First Bell that sentences quote, with or without their arguments."""
    found = [" ".join(one.split()) for text in PAGES.values() for one in QUOTED.findall(FENCED.sub("", text))]
    return sorted({*found} - {*to_copy()})


def context_of(line: str) -> click.Context:
    """The command of a line, parsed and not run. Raises click's UsageError."""
    command: click.Command = main
    found: str | None
    found, *words = shlex.split(line)
    context = click.Context(main, info_name=found)
    while isinstance(command, click.Group):
        _, words, _ = command.make_parser(context).parse_args(words)
        if not words:
            return context
        found, below, words = command.resolve_command(context, words)
        assert below is not None
        context, command = click.Context(below, info_name=found, parent=context), below
    return command.make_context(found or "", words, parent=context.parent)


def links() -> list[tuple[str, str]]:
    """Relative links and pictures, each with its page."""
    found = [(page, link) for page, text in PAGES.items() for link in re.findall(r"\]\(([^)\s]+)\)", text)]
    return [(page, link) for page, link in found if "://" not in link]


@pytest.mark.parametrize(("document", "link"), links())
def test_each_relative_link_leads_to_a_file(document: str, link: str) -> None:
    assert (ROOT / document).parent.joinpath(link.partition("#")[0]).exists()


def test_each_page_is_linked_from_the_readme() -> None:
    linked = {link for page, link in links() if page == "README.md"}
    assert sorted(set(PAGES) - linked) == ["README.md"]


def test_the_readme_is_short() -> None:
    readme = PAGES["README.md"]
    assert len(readme.splitlines()) <= 120
    assert len(readme.encode()) <= 6 * 1024
    assert not re.search(r"(?:^\|.*\n){9,}", readme, flags=re.MULTILINE), "a table of more than 6 rows"


@pytest.mark.parametrize("document", sorted(PAGES))
def test_each_generated_table_is_current(document: str) -> None:
    assert current(PAGES[document]) == PAGES[document], "write it again with: python docs/generate.py"


def test_stale_table_is_detected() -> None:
    stale = PAGES["docs/diagnosis.md"].replace("name-gone", "name-lost")
    assert current(stale) == PAGES["docs/diagnosis.md"] != stale


def test_each_generator_has_a_page() -> None:
    assert sorted(found["name"] for found in REGION.finditer(ALL)) == sorted(GENERATED)


@pytest.mark.parametrize("line", to_copy())
def test_each_command_to_copy_is_accepted(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "evidence-k3f9tq").mkdir()
    context_of(line)


@pytest.mark.parametrize("line", quoted())
def test_each_quoted_command_exists(line: str) -> None:
    with contextlib.suppress(click.MissingParameter):
        context_of(line)


@pytest.mark.parametrize(
    "line", ["firstbell rnu", "firstbell run --twice", "firstbell practice break nothing", "firstbell ack"]
)
def test_command_that_does_not_exist_is_detected(line: str) -> None:
    with pytest.raises(click.UsageError):
        context_of(line)


def test_every_command_is_documented() -> None:
    named = {line.split()[1] for line in (*to_copy(), *quoted())}
    assert sorted(set(main.list_commands(click.Context(main))) - named) == []
    assert "make demo" in PAGES["README.md"]


def test_each_option_of_pytest_exists(pytestconfig: pytest.Config) -> None:
    lines = re.findall(r"^ {4}pytest (.*)$", ALL, flags=re.MULTILINE)
    named = {word for line in lines for word in re.findall(r"--[a-z-]+", line)}
    assert named >= {"--headed", "--tracing"}
    for option in named:
        pytestconfig.getoption(option)


def test_each_benchmark_exists() -> None:
    named = set(re.findall(r"-m (benchmarks\.\w+)", ALL))
    assert len(named) > 5
    assert [name for name in sorted(named) if importlib.util.find_spec(name) is None] == []


@pytest.mark.parametrize(("document", "block"), list(blocks("toml")))
def test_each_configuration_example_loads(document: str, block: str, tmp_path: Path) -> None:
    assert document
    (tmp_path / "my_journeys").mkdir()
    (tmp_path / "tests" / "e2e").mkdir(parents=True)
    (tmp_path / "tests" / "e2e" / "test_login.py").touch()
    school = (
        "" if "[school]" in block else '[school]\nname = "Bayfront"\ntimezone = "America/New_York"\npractice = true\n'
    )
    indent = len(block) - len(block.lstrip(" "))
    text = "\n".join(line[indent:] for line in block.splitlines())
    parse(f"{school}{text}\n", tmp_path / "firstbell.toml")


@pytest.mark.parametrize(("document", "block"), [*blocks("py"), *blocks("python")])
def test_each_python_example_parses(document: str, block: str) -> None:
    ast.parse(block, document)


def test_every_class_of_media_fault_is_documented() -> None:
    assert [fault.value for fault in MediaFault if fault.value not in PAGES["docs/diagnosis.md"]] == []


def test_every_configuration_key_has_a_description() -> None:
    rows = [line for line in PAGES["docs/configuration.md"].splitlines() if line.startswith("| `")]
    assert len(rows) > 100
    assert [row for row in rows if row.endswith("|  |")] == []


def test_architecture_maps_forty_changes_to_modules() -> None:
    table = PAGES["docs/architecture.md"].partition("| to change | go to |")[2].partition("\n\n")[0]
    assert len(table.strip().splitlines()) > 40


def test_each_file_that_architecture_names_exists() -> None:
    tops = (ROOT / top for top in ("journeys", "artifacts", "runner", "firstbell", "tests", "docs"))
    there = [f"/{path.relative_to(ROOT).as_posix()}" for top in tops for path in (top, *top.rglob("*"))]
    named = set(re.findall(r"`([\w/]+(?:\.py|\.js|/))`", PAGES["docs/architecture.md"]))
    assert len(named) > 100
    assert sorted(name for name in named if not any(path.endswith(f"/{name.rstrip('/')}") for path in there)) == []
