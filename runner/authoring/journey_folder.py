"""Where a district's own journeys lie, and how a new one gets there without touching what is there already."""

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
    """A journey cannot be written; the message says why, and what to do."""

    exit_code = CONFIG


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyFolder:
    """The folder for journeys. `to_add` is the line that the configuration still lacks; empty where it has one."""

    folder: Path
    taken: Collection[str]
    to_add: str = ""

    def place(self, name: str, file_name: str) -> Path:
        """Where a journey of this name goes. Raises CannotWriteJourney where the name or the file is taken."""
        file = self.folder / file_name
        if file.exists():
            raise CannotWriteJourney(f"{file} is already here; it was left as it is")
        if name in self.taken:
            raise CannotWriteJourney(f"there is already a journey called '{name}'; choose another name")
        return file

    def write(self, file: Path, text: str) -> None:
        """Write a file that does not exist yet, and its folder. Raises CannotWriteJourney."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with file.open("x", encoding="utf-8") as opened:
                opened.write(text)
        except FileExistsError:
            raise CannotWriteJourney(f"{file} is already here; it was left as it is") from None
        except OSError as error:
            raise CannotWriteJourney(f"{file} cannot be written ({error.strerror}); mend that, and try again") from None


def prepare_folder(explicit: Path | None, start: Path) -> tuple[Config, Path | None]:
    """The configuration to write for, and the folder that was made for it: the one that it names, is beside it, and was
    not there yet. Raises NoConfig, ConfigError and CannotWriteJourney."""
    try:
        return config_at(explicit, start), None
    except ConfigError as error:
        is_of_folders = len(error.problems) == 1 and error.problems[0].key.startswith("school.journeys.")
        folder = _only_missing(find_config(start, explicit)) if is_of_folders else None
        if folder is None:
            raise
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise CannotWriteJourney(f"{folder} cannot be made ({error.strerror}); mend that, and try again") from None
    return config_at(explicit, start), folder


def _only_missing(file: Path) -> Path | None:
    """The one folder for journeys that a file names below its own, and that is not there; None where it is not one."""
    named = [given for given in tomllib.loads(read(file))["school"]["journeys"] if isinstance(given, str)]
    home = file.parent.resolve()
    folders = [(home / given).resolve() for given in named if not given.endswith(".py") and "::" not in given]
    missing = [folder for folder in folders if not folder.exists()]
    return missing[0] if len(missing) == 1 and missing[0].is_relative_to(home) else None


def journey_folder_of(config: Config) -> JourneyFolder:
    """The first folder of journeys that the configuration names, or one that it could name."""
    given = [config.folder / place for place in config.settings.school.journeys]
    taken = {name for file in journey_files(tuple(given)) for name in _journeys_in(file)}
    folders = [place for place in given if place.is_dir()]
    if folders:
        return JourneyFolder(folder=folders[0], taken=taken)
    return JourneyFolder(
        folder=config.folder / FOLDER,
        taken=taken,
        to_add=_line([*map(str, config.settings.school.journeys), str(FOLDER)]),
    )


def _line(places: Sequence[str]) -> str:
    return f"journeys = [{', '.join(map(quoted, places))}]"


def _journeys_in(file: Path) -> list[str]:
    """The journeys of a file; none where it cannot be read, which firstbell check tells of."""
    try:
        return [name for _, name in read_journeys(file.read_bytes()).journeys]
    except (SyntaxError, ValueError, OSError):
        return []
