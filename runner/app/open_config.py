"""The configuration without a file, and the addresses of the state that lies beside a configuration."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import URL

from firstbell.runner.config.load import Config
from firstbell.runner.config.model import Settings
from firstbell.runner.config.search import FILE_NAME
from firstbell.runner.config.secrets import secret
from firstbell.runner.config.sections.school import SchoolSection
from firstbell.runner.history.database import database_url


def embedded_district() -> Config:
    """The configuration of the practice school alone, for when there is no file."""
    school = SchoolSection(name="Practice School District", timezone="America/New_York", practice=True)
    return Config(settings=Settings(school=school), file=Path.cwd() / FILE_NAME, positions={})


def state_folder(config: Config) -> Path:
    """The folder beside the configuration that keeps history, spool and logs."""
    return config.folder / ".firstbell"


def history_url(config: Config) -> URL:
    """The database of this configuration, its password filled in. Raises MissingSecret and HistoryError."""
    given = config.settings.history
    url = database_url(given.url or "sqlite:///.firstbell/history.db")
    if url.get_backend_name() == "sqlite" and url.database:
        return url.set(database=str(config.folder / url.database))
    return url.set(password=secret(given.password).reveal()) if given.password else url
