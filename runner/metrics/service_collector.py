"""Figures of the service at the moment that Prometheus asks: its status, the slots of today, workers and spool."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import structlog
from prometheus_client import CollectorRegistry, Gauge, Metric
from prometheus_client.registry import Collector

from firstbell.artifacts.spool import SpoolStatus
from firstbell.runner.alarms.monitor_formats import status_figures
from firstbell.runner.alarms.status import Status
from firstbell.runner.history.slots.day_counts import SlotCount
from firstbell.runner.metrics.worker_count import WorkerCount

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureReaders:
    """Readers of the figures. Each may raise; `status` and `slots_today` read history."""

    status: Callable[[], Status]
    slots_today: Callable[[], Iterable[SlotCount]]
    workers: Callable[[], Mapping[str, WorkerCount]]
    spool: Callable[[], SpoolStatus]


class ServiceCollector(Collector):
    """Reads the figures anew for each scrape. A source that fails takes only its own figures away."""

    def __init__(self, readers: FigureReaders) -> None:
        self._readers = readers

    def collect(self) -> Iterable[Metric]:
        """Yields the figures; firstbell_figures_readable is 0 for each source that could not be read."""
        registry = CollectorRegistry()
        is_readable = Gauge(
            "firstbell_figures_readable",
            "1 if the figures of this source could be read.",
            ["source"],
            registry=registry,
        )
        found: list[Metric] = []
        readers = {"status": self._status, "slots": self._slots, "workers": self._workers, "spool": self._spool}
        for source, read in readers.items():
            try:
                figures = list(read().collect())
            except Exception as error:
                log.warning("metrics.source_failed", source=source, error=type(error).__name__)
                is_readable.labels(source).set(0)
            else:
                found += figures
                is_readable.labels(source).set(1)
        yield from (*registry.collect(), *found)

    def _status(self) -> CollectorRegistry:
        return status_figures(self._readers.status())

    def _slots(self) -> CollectorRegistry:
        registry = CollectorRegistry()
        labels = ["journey", "location", "state"]
        gauge = Gauge("firstbell_slots_today", "Slots of the school's day by state.", labels, registry=registry)
        for slot in self._readers.slots_today():
            gauge.labels(slot.journey, slot.location, slot.state).set(slot.count)
        return registry

    def _workers(self) -> CollectorRegistry:
        registry = CollectorRegistry()
        total = Gauge("firstbell_workers", "Workers of this service.", ["location"], registry=registry)
        busy = Gauge("firstbell_workers_busy", "Workers that play a journey now.", ["location"], registry=registry)
        for location, count in self._readers.workers().items():
            total.labels(location).set(count.total)
            busy.labels(location).set(count.busy)
        return registry

    def _spool(self) -> CollectorRegistry:
        registry, waiting = CollectorRegistry(), self._readers.spool()
        figures = {
            "firstbell_spool_runs": ("Runs whose evidence waits for the store.", waiting.runs),
            "firstbell_spool_bytes": ("Size of the evidence that waits for the store.", waiting.size_bytes),
            "firstbell_spool_aside_runs": ("Runs whose evidence the store has refused.", waiting.aside),
            "firstbell_spool_dropped_runs": ("Runs whose evidence was dropped to make room.", waiting.dropped),
        }
        for name, (meaning, value) in figures.items():
            Gauge(name, meaning, registry=registry).set(value)
        return registry
