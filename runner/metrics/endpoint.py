"""The address at which Prometheus asks for the figures of the service."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from prometheus_client import start_http_server

from firstbell.artifacts.spool import Spool
from firstbell.errors import FirstBellError
from firstbell.runner.app.alerting import Alerting
from firstbell.runner.config.load import Config
from firstbell.runner.history.alarms.status import status_of
from firstbell.runner.history.slots.day_counts import slots_today
from firstbell.runner.metrics.run_figures import RunFigures
from firstbell.runner.metrics.service_collector import FigureReaders, ServiceCollector
from firstbell.runner.metrics.worker_count import WorkerCount


class CannotListen(FirstBellError):
    """The address of `[metrics] listen` cannot be used."""


@dataclass(frozen=True, slots=True)
class FigureSources:
    """The parts of a service that its figures come from; `workers` by location."""

    alerting: Alerting
    spool: Spool
    workers: Callable[[], Mapping[str, WorkerCount]]

    def readers(self, config: Config) -> FigureReaders:
        """Returns the readers for the locations of a configuration."""
        settings, zone = config.settings, ZoneInfo(config.settings.school.timezone)
        database, incidents = self.alerting.database, self.alerting.incidents
        names, silent_after_s = settings.location_names, settings.alarms.silent_after
        return FigureReaders(
            status=lambda: status_of(database, incidents, names, silent_after_s),
            slots_today=lambda: slots_today(database, names, zone),
            workers=self.workers,
            spool=self.spool.waiting,
        )


@contextmanager
def figures_served(config: Config, figures: RunFigures, sources: FigureSources) -> Iterator[int]:
    """Answers at the configured address as long as it is open, and yields its port: 0 if none is configured. Raises
    CannotListen."""
    listen = config.settings.metrics.listen
    if listen is None:
        yield 0
        return
    figures.registry.register(ServiceCollector(sources.readers(config)))
    host, _, port = listen.rpartition(":")
    try:
        server, thread = start_http_server(int(port), host.strip("[]"), figures.registry)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CannotListen(f"metrics.listen: {listen} cannot be used ({reason}); choose another port") from None
    try:
        yield int(server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
