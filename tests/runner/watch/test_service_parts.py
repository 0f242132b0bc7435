"""The parts of the service: clock, signals, systemd, reload, maintenance, and records that wait for history."""

from __future__ import annotations

import os
import signal
import socket
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from firstbell.backoff import Backoff
from firstbell.runner.config.errors import ConfigError
from firstbell.runner.config.load import Config, load, parse
from firstbell.runner.history.database import HistoryError
from firstbell.runner.history.record import RunRow
from firstbell.runner.schedule.ical_fetch import FeedError
from firstbell.runner.watch import clock as clocks
from firstbell.runner.watch import maintenance
from firstbell.runner.watch.clock import JobClock, PeriodicJob
from firstbell.runner.watch.maintenance import REREAD_S, MaintenanceWindows
from firstbell.runner.watch.reload import ConfigFile, check_without_restart
from firstbell.runner.watch.retrying_history import RetryingRecords
from firstbell.runner.watch.service import workers_of
from firstbell.runner.watch.signals import STOP, Signals
from firstbell.runner.watch.systemd import notify, watchdog_s

CONFIG = '[school]\nname = "P"\ntimezone = "America/New_York"\npractice = true\n'
SOON_S = 10.0


def test_failing_job_runs_again_and_does_not_stop_others() -> None:
    calls, other_called = threading.Semaphore(0), threading.Event()

    def broken() -> None:
        calls.release()
        raise OSError("the disk is full")

    clock = JobClock(
        [
            PeriodicJob(name="broken", every_s=0.05, run_once=broken),
            PeriodicJob(name="other", every_s=0.05, run_once=other_called.set),
        ]
    )
    clock.start()
    assert all(calls.acquire(timeout=SOON_S) for _ in range(3))
    assert other_called.wait(SOON_S)
    clock.stop()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # Its death is what is tested.
def test_clock_with_a_dead_thread_is_restarted(monkeypatch: pytest.MonkeyPatch) -> None:
    called = threading.Event()
    clock = JobClock([PeriodicJob(name="x", every_s=0.05, run_once=called.set)])
    clock.start()
    assert called.wait(SOON_S)
    died = threading.Event()

    def die(*_: object) -> None:
        died.set()
        raise SystemExit

    # As a job store that fails outside `get_due_jobs` ends APScheduler's own thread.
    monkeypatch.setattr(clock._scheduler, "_process_jobs", die)
    clock._scheduler.wakeup()
    assert died.wait(SOON_S)
    clock._scheduler._thread.join(SOON_S)
    assert clock._scheduler.running, "it still reports that it runs, which is why it must be supervised"
    called.clear()
    monkeypatch.setattr(clocks, "SILENT_S", 0.0)
    assert clock.restart_if_silent()
    assert called.wait(SOON_S)
    clock.stop()


def test_healthy_clock_is_not_restarted() -> None:
    clock = JobClock([PeriodicJob(name="x", every_s=60, run_once=lambda: None)])
    clock.start()
    assert not clock.restart_if_silent()
    clock.stop()


def test_signals_are_received_and_handlers_restored() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Signals() as signals:
        assert signals.wait(0) == frozenset()
        os.kill(os.getpid(), signal.SIGHUP)
        assert signals.wait(SOON_S) == {signal.SIGHUP}
        os.kill(os.getpid(), signal.SIGTERM)
        assert signals.wait(SOON_S) & STOP
    assert signal.getsignal(signal.SIGTERM) is before


def test_systemd_is_notified_through_its_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        notify(READY=1, STATUS="watching")
        assert receiver.recv(100) == b"READY=1\nSTATUS=watching"
    notify(WATCHDOG=1)  # Without a receiver it goes on.
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    assert watchdog_s() == 15.0
    monkeypatch.delenv("WATCHDOG_USEC")
    assert watchdog_s() is None


def test_file_change_is_noticed_but_not_while_the_file_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "firstbell.toml"
    path.write_text(CONFIG)
    file = ConfigFile(path)
    assert not file.has_changed()
    path.write_text(CONFIG + "\n")
    assert file.has_changed()
    assert not file.has_changed()
    path.unlink()
    assert not file.has_changed()
    path.write_text(CONFIG)
    assert file.has_changed()


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ('[history]\nurl = "sqlite:///other.db"\n', "history"),
        ("[watch]\nworkers = 7\n", "watch.workers"),
        ('[metrics]\nlisten = "127.0.0.1:9464"\n', "metrics.listen"),
        ('[watch]\nlocation = "home"\n', "watch.location"),
        ('[watch]\ngrace = "5m"\n', "watch.grace"),
        ('[watch]\nlate_after = "1m"\n', "watch.late_after"),
        ('[diagnosis]\nchecks_every = "5m"\n', "diagnosis.checks_every"),
        ('[diagnosis]\nwithin = "5s"\n', ""),
        ("[watch]\nrecycle_after = 10\n", ""),
    ],
)
def test_change_that_needs_a_restart_is_refused_at_its_key(tmp_path: Path, more: str, key: str) -> None:
    file = tmp_path / "firstbell.toml"
    old, new = parse(CONFIG, file), parse(CONFIG + more, file)
    if not key:
        check_without_restart(old.settings, new)
        return
    with pytest.raises(ConfigError, match=f"{key}: this changes only with a restart"):
        check_without_restart(old.settings, new)


RUN = RunRow(
    id="x", journey="x", location="here", started_at=datetime(2026, 8, 31, tzinfo=UTC), took_s=1, outcome="passed",
    evidence="", version="0",
)  # fmt: skip


class UnavailableHistory:
    """A history that is unavailable for the first calls."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.recorded = 0

    def record(self, _run: RunRow, _claim: object = None) -> None:
        if self.times:
            self.times -= 1
            raise HistoryError("the database is unavailable")
        self.recorded += 1


def test_record_waits_for_an_unavailable_history(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "firstbell.runner.watch.retrying_history.BACKOFF", Backoff(first_s=0.01, longest_s=0.1, spread=(1.0, 1.0))
    )
    history, give_up = UnavailableHistory(3), threading.Event()
    RetryingRecords(history, give_up).record(RUN)
    assert history.recorded == 1
    give_up.set()
    with pytest.raises(HistoryError):
        RetryingRecords(UnavailableHistory(3), give_up).record(RUN)


@pytest.fixture
def vendor(tmp_path: Path) -> Path:
    """A calendar in which an upgrade is under way, beside a configuration that does not name it yet."""
    now = datetime.now(UTC)
    times = f"DTSTART:{now - timedelta(hours=1):%Y%m%dT%H%M%SZ}\r\nDTEND:{now + timedelta(hours=1):%Y%m%dT%H%M%SZ}"
    event = f"BEGIN:VEVENT\r\nUID:1\r\n{times}\r\nSUMMARY:Long upgrade\r\nEND:VEVENT"
    calendar = tmp_path / "vendor.ics"
    calendar.write_text(f"BEGIN:VCALENDAR\r\n{event}\r\nEND:VCALENDAR\r\n", newline="")
    (tmp_path / "firstbell.toml").write_text(CONFIG)
    return calendar


def vendor_maintenance(vendor: Path, *services: str) -> Config:
    """The configuration, with the vendor's calendar for each of some services."""
    tables = (f'\n[[maintenance]]\nics = "{vendor.name}"\nservices = ["{service}"]\n' for service in services)
    file = vendor.with_name("firstbell.toml")
    file.write_text(CONFIG + "".join(tables))
    return load(file)


def test_maintenance_calendar_is_read_by_the_refresh_alone_and_kept_while_unreadable(vendor: Path) -> None:
    now_s = 0.0
    announced = MaintenanceWindows(load(vendor.with_name("firstbell.toml")), lambda: now_s)
    announced.refresh()
    announced.follow(vendor_maintenance(vendor, "platform", "sso"))
    assert announced.windows() == []  # A reload waits for no publisher: it reads nothing.
    announced.refresh()
    seen = ["maintenance of platform: Long upgrade", "maintenance of sso: Long upgrade"]
    assert [str(window) for window in announced.windows()] == seen
    vendor.unlink()
    now_s += REREAD_S
    announced.refresh()
    assert [str(window) for window in announced.windows()] == seen
    announced.follow(vendor_maintenance(vendor, "room"))
    assert [str(window) for window in announced.windows()] == ["maintenance of room: Long upgrade"]


def test_maintenance_calendar_is_asked_for_once_an_hour(vendor: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked_at_s, times_s = list[float](), [5.0, 15.0, 3604.0, 3605.0, 3615.0]

    def fetch(*_: object) -> bytes:
        asked_at_s.append(times_s[0])
        raise FeedError("the publisher is away")

    monkeypatch.setattr(maintenance, "fetch", fetch)
    announced = MaintenanceWindows(vendor_maintenance(vendor, "platform", "sso"), lambda: times_s[0])
    while times_s:
        announced.refresh()
        times_s.pop(0)
    assert asked_at_s == [5.0, 3605.0]


def test_default_is_one_worker_for_two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    settings = parse(CONFIG, Path("firstbell.toml")).settings
    assert workers_of(settings.watch) == 4
    assert workers_of(parse(f"{CONFIG}[watch]\nworkers = 2\n", Path("x")).settings.watch) == 2
