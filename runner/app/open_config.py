"""The configuration without a file, and the folder of the state that lies beside a configuration."""

from __future__ import annotations

from pathlib import Path

from firstbell.private_files import close_to_others, private_folder
from firstbell.runner.config.load import Config
from firstbell.runner.config.model import Settings
from firstbell.runner.config.search import FILE_NAME
from firstbell.runner.config.sections.school import SchoolSection


def embedded_district() -> Config:
    """The configuration of the practice school alone, for when there is no file."""
    school = SchoolSection(name="Practice School District", timezone="America/New_York", practice=True)
    return Config(settings=Settings(school=school), file=Path.cwd() / FILE_NAME, positions={})


def state_folder(config: Config) -> Path:
    """The folder beside the configuration that keeps history, spool and logs."""
    return config.folder / ".firstbell"


def open_state_folder(config: Config) -> Path:
    """The state folder, created if it is missing. It and the files in it are closed to other users, also those that an
    earlier version has left open. Raises OSError."""
    folder = private_folder(state_folder(config))
    for file in folder.iterdir():
        close_to_others(file)
    return folder
