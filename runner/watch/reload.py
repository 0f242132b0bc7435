"""Notices a change of the configuration file, and refuses changes that need a restart."""

from __future__ import annotations

from pathlib import Path

from firstbell.runner.config.errors import ConfigError
from firstbell.runner.config.load import Config
from firstbell.runner.config.model import Settings


class ConfigFile:
    """A file whose changes are noticed. An editor that replaces it changes its inode; one that writes it, its time."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._seen = self._stat()

    def has_changed(self) -> bool:
        """Tells whether it has changed since the last call. A file that is gone for the moment has not changed."""
        now = self._stat()
        if now is None or now == self._seen:
            return False
        self._seen = now
        return True

    def _stat(self) -> tuple[int, int, int] | None:
        try:
            status = self.file.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino


def check_without_restart(old: Settings, new: Config) -> None:
    """Raises ConfigError with the keys that only a restart can change, if any has changed."""
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
        ("metrics", "listen"): old.metrics.listen != settings.metrics.listen,
        ("watch", "workers"): old.watch.workers != settings.watch.workers,
        ("watch", "grace"): old.watch.grace != settings.watch.grace,
        ("watch", "late_after"): old.watch.late_after != settings.watch.late_after,
    }
    problems = [
        new.problem(path, "this changes only with a restart; restart First Bell, or restore the old value")
        for path, has_changed in changed.items()
        if has_changed
    ]
    if problems:
        raise ConfigError(problems)
