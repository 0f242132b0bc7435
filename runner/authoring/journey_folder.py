"""The folder of a district's own journeys; adds new files without changing existing ones."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from firstbell.errors import CONFIG, FirstBellError
from firstbell.runner.app.build import config_at
from firstbell.runner.authoring.journey_ast import read_journeys
from firstbell.runner.authoring.source_edits import quoted
from firstbell.runner.config.errors import ConfigError
from firstbell.runner.config.load import Config, read
from firstbell.runner.config.search import find_config
from firstbell.runner.execution.worker.session import journey_files

FOLDER = Path("my_journeys")


class CannotWriteJourney(FirstBellError):
    """A journey cannot be written; the message gives the reason and what to do."""

    exit_code = CONFIG


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyFolder:
    """The folder for journeys. `to_add` is the line missing in the configuration; empty if it is there."""

    folder: Path
    taken: Collection[str]
    to_add: str = ""

    def place(self, name: str, file_name: str) -> Path:
        """The path for a journey of this name. Raises CannotWriteJourney if the name or the file exists."""
        file = self.folder / file_name
        if file.exists():
            raise CannotWriteJourney(f"{file} exists already and was not changed")
        if name in self.taken:
            raise CannotWriteJourney(f"there is already a journey called '{name}'; choose another name")
        return file

    def write(self, file: Path, text: str) -> None:
        """Writes a new file, and its folder. Raises CannotWriteJourney."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with file.open("x", encoding="utf-8") as stream:
                stream.write(text)
        except FileExistsError:
            raise CannotWriteJourney(f"{file} exists already and was not changed") from None
        except OSError as error:
            raise CannotWriteJourney(
                f"{file} cannot be written ({error.strerror}); correct this and try again"
            ) from None


def prepare_folder(explicit: Path | None, start: Path) -> tuple[Config, Path | None]:
    """Loads the configuration, and creates its journey folder if that is missing; returns both, or None for the folder.
    Raises NoConfig, ConfigError and CannotWriteJourney."""
    try:
        return config_at(explicit, start), None
    except ConfigError as error:
        is_about_folders = len(error.problems) == 1 and error.problems[0].key.startswith("school.journeys.")
        folder = _only_missing(find_config(start, explicit)) if is_about_folders else None
        if folder is None:
            raise
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise CannotWriteJourney(f"{folder} cannot be created ({error.strerror}); correct this and try again") from None
    return config_at(explicit, start), folder


def _only_missing(file: Path) -> Path | None:
    """The only missing journey folder of a configuration, below its own folder; None if there is not exactly one."""
    named = [entry for entry in tomllib.loads(read(file))["school"]["journeys"] if isinstance(entry, str)]
    home = file.parent.resolve()
    folders = [(home / entry).resolve() for entry in named if not entry.endswith(".py") and "::" not in entry]
    missing = [folder for folder in folders if not folder.exists()]
    return missing[0] if len(missing) == 1 and missing[0].is_relative_to(home) else None


def journey_folder_of(config: Config) -> JourneyFolder:
    """The first journey folder of the configuration, or one to add to it."""
    entries = [config.folder / path for path in config.settings.school.journeys]
    taken = {name for file in journey_files(tuple(entries)) for name in _journeys_in(file)}
    folders = [path for path in entries if path.is_dir()]
    if folders:
        return JourneyFolder(folder=folders[0], taken=taken)
    return JourneyFolder(
        folder=config.folder / FOLDER,
        taken=taken,
        to_add=_line([*map(str, config.settings.school.journeys), str(FOLDER)]),
    )


def _line(paths: Sequence[str]) -> str:
    return f"journeys = [{', '.join(map(quoted, paths))}]"


def _journeys_in(file: Path) -> list[str]:
    """The journeys of a file; none if it cannot be read, which `firstbell check` reports."""
    try:
        return [name for _, name in read_journeys(file.read_bytes()).journeys]
    except (SyntaxError, ValueError, OSError):
        return []
