"""The figures for Prometheus: read as Prometheus reads them, from a real answer by HTTP."""

from __future__ import annotations

import socket
import urllib.request
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from prometheus_client.parser import text_string_to_metric_families

from firstbell.artifacts.spool import Spool
from firstbell.journeys.media.proof import MediaProof
from firstbell.journeys.stage.ending import Ending, EndingKind
from firstbell.journeys.stage.step import Step, StepRecord
from firstbell.runner.app.alerting import alerting_for
from firstbell.runner.config.errors import ConfigError
from firstbell.runner.config.load import Config, parse
from firstbell.runner.execution.run import Attempt, Run
from firstbell.runner.history.database import Database, HistoryError
from firstbell.runner.history.slots.slots import SlotHistory
from firstbell.runner.metrics.endpoint import CannotListen, FigureSources, figures_served
from firstbell.runner.metrics.run_figures import RunFigures
from firstbell.runner.metrics.worker_count import WorkerCount
from firstbell.runner.schedule.slots import Due, Phase
from tests.support.clocks import NOON, Clock

CONFIG = '[school]\nname = "P"\ntimezone = "America/New_York"\npractice = true\n[metrics]\nlisten = "{}"\n'
HOSTILE = 'Ada\\"\n# HELP <script>'
Samples = Mapping[tuple[str, tuple[str, ...]], float]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return parse(CONFIG.format(f"127.0.0.1:{free.getsockname()[1]}"), tmp_path / "firstbell.toml")


@pytest.fixture
def sources(config: Config, database: Database, tmp_path: Path) -> FigureSources:
    return FigureSources(
        alerting_for(config, database), Spool(tmp_path / "spool"), lambda: {"here": WorkerCount(total=2, busy=1)}
    )


def scrape(port: int) -> Samples:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {(sample.name, tuple(dict(sorted(sample.labels.items())).values())): sample.value for sample in samples}


def result(*attempts: Attempt) -> Any:
    run = Run(id="1", journey="live-class", location="here", started_at=NOON, attempts=attempts)
    return SimpleNamespace(run=run, document=SimpleNamespace(services={"platform": None}))


def step(service: str, took_s: float, ending: Ending | None = None) -> StepRecord:
    made = Step(position=1, actor=HOSTILE, title=HOSTILE, service=service, started_s=1.0)
    return StepRecord(step=made, ended_s=1.0 + took_s, ending=ending)


def test_runs_steps_and_media_are_counted_without_text_of_pages(config: Config, sources: FigureSources) -> None:
    broken = Ending(kind=EndingKind.FAILED, said=HOSTILE)
    proof = MediaProof(
        observer=HOSTILE, observed=HOSTILE, fault=None, said=HOSTILE, waited_s=1.0, window_s=5.0, latency_ms=180.0
    )
    first = Attempt(number=1, started_at=NOON, took_s=9.0, steps=(step("platform", 9.0, broken),), ending=broken)
    steps = (step("platform", 0.3), step(HOSTILE, 3.0))
    second = Attempt(number=2, started_at=NOON, took_s=4.0, steps=steps, proofs=(proof,))
    figures = RunFigures()
    figures.add(result(first, second))
    with figures_served(config, figures, sources) as port:
        seen = scrape(port)
    assert seen["firstbell_runs_total", ("live-class", "here", "passed")] == 1
    assert seen["firstbell_flaky_runs_total", ("live-class", "here")] == 1
    assert seen["firstbell_step_duration_seconds_count", ("live-class", "here", "platform")] == 1
    assert seen["firstbell_step_duration_seconds_bucket", ("live-class", "0.25", "here", "platform")] == 0
    assert seen["firstbell_step_duration_seconds_sum", ("live-class", "here", "other")] == pytest.approx(3.0)
    assert seen["firstbell_media_latency_seconds_bucket", ("live-class", "0.2", "here")] == 1
    assert not [labels for _, labels in seen if HOSTILE in labels or "script" in "".join(labels)]


def test_the_state_of_the_service_is_read_at_each_scrape(
    config: Config, sources: FigureSources, database: Database, clock: Clock
) -> None:
    slots = SlotHistory(database, "here", ZoneInfo("America/New_York"))
    with figures_served(config, RunFigures(), sources) as port:
        assert ("firstbell_slots_today", ("live-class", "here", "planned")) not in scrape(port)
        days = [clock.now + timedelta(minutes=5), clock.now + timedelta(days=1)]
        slots.plan([Due(at=at, journey="live-class", phase=Phase.IN_CLASS) for at in days], {"live-class": days[1]})
        seen = scrape(port)
    assert seen["firstbell_slots_today", ("live-class", "here", "planned")] == 1, "tomorrow's slot is not today's"
    assert seen["firstbell_workers", ("here",)] == 2
    assert seen["firstbell_workers_busy", ("here",)] == 1
    assert seen["firstbell_spool_runs", ()] == 0
    assert seen["firstbell_notice_waiting_seconds", ()] == 0
    assert seen["firstbell_figures_readable", ("status",)] == 1


def test_a_history_that_is_away_takes_only_its_own_figures_away(
    config: Config, sources: FigureSources, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise HistoryError("the database is away")

    monkeypatch.setattr(database, "read", away)
    with figures_served(config, RunFigures(), sources) as port:
        seen = scrape(port)
    readable = {labels[0]: value for (name, labels), value in seen.items() if name == "firstbell_figures_readable"}
    assert readable == {"status": 0, "slots": 0, "workers": 1, "spool": 1}
    assert ("firstbell_watched", ()) not in seen


def test_a_port_that_is_taken_is_told_by_its_key(config: Config, sources: FigureSources) -> None:
    with figures_served(config, RunFigures(), sources), pytest.raises(CannotListen, match=r"^metrics\.listen: 127"):
        figures_served(config, RunFigures(), sources).__enter__()


@pytest.mark.parametrize("listen", ["9464", ":9464", "localhost", "127.0.0.1:0", "127.0.0.1:70000", "a@b:1", "b:1/x"])
def test_an_address_that_nothing_can_listen_at_is_refused(tmp_path: Path, listen: str) -> None:
    with pytest.raises(ConfigError, match="metrics"):
        parse(CONFIG.format(listen), tmp_path / "firstbell.toml")
