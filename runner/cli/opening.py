"""Opens the configuration and the history that a command works on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from firstbell.runner.app.history_address import history_url
from firstbell.runner.app.open_config import embedded_district, open_state_folder, state_folder
from firstbell.runner.cli.console import errors_as_sentences
from firstbell.runner.config.errors import ConfigError, NoConfig
from firstbell.runner.config.load import Config, load
from firstbell.runner.config.search import find_config
from firstbell.runner.history.database import Database
from firstbell.runner.history.read_only import open_to_read


@contextmanager
def open_history(config_file: Path | None, *, to_read: bool = False) -> Iterator[tuple[Config, Database]]:
    """Opens the configuration and its history; without a configuration, the history of the practice school here.

    With `to_read` nothing can be written, and no permission to write is needed. Adapters are not checked, and so not
    imported: no command that only reads history needs them.
    """
    with errors_as_sentences():
        try:
            config = load(find_config(Path.cwd(), config_file))
        except NoConfig:
            config = embedded_district()
            if config_file is not None or not (state_folder(config) / "history.db").exists():
                raise
        if state_folder(config).is_dir() and not to_read:
            open_state_folder(config)
        url = history_url(config)
        with closing(Database(open_to_read(url) if to_read else url)) as database:
            yield config, database


def journeys_of(config: Config, journey: str, group: str) -> list[str]:
    """The journeys asked for; an empty list stands for all. Raises ConfigError for an unknown group."""
    if not group:
        return [journey] if journey else []
    named = [name for name, section in config.settings.journeys.items() if group in section.groups]
    if not named:
        raise ConfigError([config.problem(("journeys",), f"no journey has the group '{group}'; add it to groups")])
    return named


def zone_of(config: Config) -> ZoneInfo:
    """The school's time zone."""
    return ZoneInfo(config.settings.school.timezone)
