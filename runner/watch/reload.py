"""A configuration that changes under a running service: the new one if it can be used, else the old one, loudly."""

from __future__ import annotations

from pathlib import Path

from firstbell.runner.config.errors import ConfigError
from firstbell.runner.config.load import Config
from firstbell.runner.config.model import Settings


class ConfigFile:
    """Notices that a file has changed. An editor that replaces it changes its inode; one that writes, its time."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._seen = self._look()

    def has_changed(self) -> bool:
        """Whether it is another than when it was last asked. A file that is gone for the moment has not changed."""
        now = self._look()
        if now is None or now == self._seen:
            return False
        self._seen = now
        return True

    def _look(self) -> tuple[int, int, int] | None:
        try:
            found = self.file.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


def needs_restart(old: Settings, new: Config) -> None:
    """Refuse what only a restart can change. Raises ConfigError with the places."""
    settings = new.settings
    changed = {
        ("history",): old.history != settings.history,
        ("store",): old.store != settings.store,
        ("school", "timezone"): old.school.timezone != settings.school.timezone,
        ("school", "practice"): old.school.practice != settings.school.practice,
        ("practice",): old.practice != settings.practice,
        ("locations",): set(old.locations) != set(settings.locations),
        ("watch", "location"): old.watch.location != settings.watch.location,
        ("alarms", "heartbeat"): old.alarms.heartbeat != settings.alarms.heartbeat,
        ("diagnosis", "checks_every"): old.diagnosis.checks_every != settings.diagnosis.checks_every,
        ("watch", "workers"): old.watch.workers != settings.watch.workers,
    }
    problems = [
        new.problem(path, "this changes only with a restart; restart First Bell, or put the old value back")
        for path, is_other in changed.items()
        if is_other
    ]
    if problems:
        raise ConfigError(problems)
