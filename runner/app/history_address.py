"""The address of the history database. It is apart from the configuration: a worker has none, and starts sooner."""

from __future__ import annotations

from sqlalchemy import URL

from firstbell.runner.config.load import Config
from firstbell.runner.config.secrets import secret
from firstbell.runner.history.database import database_url


def history_url(config: Config) -> URL:
    """The database of this configuration, its password filled in. Raises MissingSecret and HistoryError."""
    given = config.settings.history
    url = database_url(given.url or "sqlite:///.firstbell/history.db")
    if url.get_backend_name() == "sqlite" and url.database:
        return url.set(database=str(config.folder / url.database))
    return url.set(password=secret(given.password).reveal()) if given.password else url
