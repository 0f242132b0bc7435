"""Faults of a store (refusals, cut connections, lost answers, outages): each object ends there once, with our hash."""

from __future__ import annotations

import fcntl
import hashlib
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from firstbell.artifacts.policy import Lifetime
from firstbell.artifacts.spool import Spool
from firstbell.artifacts.stores import Store, StoreOptions, open_store
from firstbell.artifacts.stores.memory import MemoryStore
from firstbell.artifacts.stores.s3 import OUR_HASH
from firstbell.artifacts.stores.self_test import self_test
from firstbell.artifacts.uploader import BACKOFF, Uploader, UploadReport, UploadState
from tests.support.fault_proxy import FaultProxy, fault_proxy

pytestmark = [pytest.mark.browser, pytest.mark.faults]  # No browser, but half a minute of real faults.

BUCKET = "bayfront-faults"
SEED = int(os.environ.get("FIRSTBELL_SEED", random.SystemRandom().randrange(10**6)))
UPLOAD = """
import sys
from pathlib import Path
from firstbell.artifacts.spool import Spool
from firstbell.artifacts.stores import StoreOptions, open_store
print("begins", flush=True)
spool = Spool(Path(sys.argv[1]))
while spool.waiting().runs:
    spool.deliver(open_store(sys.argv[3], StoreOptions(endpoint_url=sys.argv[2])))
"""


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    _host, port = server.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def proxy(moto: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultProxy]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_MAX_ATTEMPTS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3", endpoint_url=moto).create_bucket(Bucket=BUCKET)
    with fault_proxy(moto) as proxy:
        yield proxy


@pytest.fixture
def store(proxy: FaultProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr("firstbell.artifacts.stores.s3_session.READ_S", 1)
    monkeypatch.setattr("firstbell.artifacts.stores.s3.TRIES", 2)
    return open_store(f"s3://{BUCKET}/{tmp_path.name}", StoreOptions(endpoint_url=proxy.url))


def spool_run(spool: Spool, run: str) -> dict[str, bytes]:
    """Spool a run of three objects, one of them large enough to be cut in two."""
    objects = {
        f"runs/{run}/run.json": b"{}",
        f"runs/{run}/rest.zip": run.encode() * 50_000,
        f"runs/{run}/a.jpg": b"\xff\xd8",
    }
    spool.put(f"runs/{run}", objects, Lifetime.FAILURES)
    return objects


def assert_stored_once(moto: str, folder: str, objects: dict[str, bytes]) -> None:
    client = boto3.client("s3", endpoint_url=moto)
    rows = client.list_objects_v2(Bucket=BUCKET, Prefix=f"{folder}/").get("Contents", [])
    assert sorted(row["Key"] for row in rows) == sorted(f"{folder}/{name}" for name in objects)
    for name, data in objects.items():
        answer = client.get_object(Bucket=BUCKET, Key=f"{folder}/{name}")
        assert answer["Body"].read() == data
        assert answer["Metadata"][OUR_HASH] == hashlib.sha256(data).hexdigest()


FAULTS = {
    "AccessDenied": "refuses access; compare",
    "SlowDown": "receives too many requests",
    "InternalError": "answered 500",
    "ExpiredToken": "reports expired credentials; renew",
    "RequestTimeTooSkewed": "this machine's clock is wrong",
    "AuthorizationHeaderMalformed": "another region; set store.region",
    "KMS.DisabledException": "the KMS key refuses",
    "cut before": "cannot be reached",
    "cut half-way": "cannot be reached",
    "silence": "cannot be reached (ReadTimeoutError)",
    "PermanentRedirect": "another region; set store.region",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_object_is_stored_once_after_any_fault(
    fault: str, moto: str, proxy: FaultProxy, store: Store, tmp_path: Path
) -> None:
    spool = Spool(tmp_path / "spool")
    objects = spool_run(spool, "a")
    proxy.always = fault
    (waiting,) = spool.deliver(store).waiting
    assert FAULTS[fault] in waiting.reason
    proxy.always = ""
    assert spool.deliver(store).waiting == ()
    assert_stored_once(moto, tmp_path.name, objects)


def test_lost_answers_and_conflicts_are_resolved_by_our_hash(
    moto: str, proxy: FaultProxy, store: Store, tmp_path: Path
) -> None:
    spool = Spool(tmp_path / "spool")
    objects = spool_run(spool, "a")
    proxy.faults = ["answer lost", "ConditionalRequestConflict", "", "answer lost"]
    assert spool.deliver(store).waiting == ()
    assert_stored_once(moto, tmp_path.name, objects)


@pytest.mark.parametrize("fault", ["answer lost", "cut half-way", "ConditionalRequestConflict", "SlowDown"])
def test_write_only_machine_trusts_a_name_that_is_the_hash(
    fault: str, moto: str, proxy: FaultProxy, store: Store, tmp_path: Path
) -> None:
    data = os.urandom(300_000)
    name = f"parts/failures/2026-08/ab/{hashlib.sha256(data).hexdigest()}"
    proxy.read_error, proxy.faults = "AccessDenied", [fault]
    store.put(name, data, Lifetime.FAILURES)
    store.put(name, data, Lifetime.FAILURES)
    assert_stored_once(moto, tmp_path.name, {name: data})


def test_write_only_machine_names_the_permission_that_is_needed(
    moto: str, proxy: FaultProxy, store: Store, tmp_path: Path
) -> None:
    spool = Spool(tmp_path / "spool")
    objects = spool_run(spool, "a") | spool_run(spool, "b")
    proxy.read_error, proxy.faults = "AccessDenied", ["", "", "answer lost"]
    delivery = spool.deliver(store)
    assert delivery.objects == 3
    (waiting,) = delivery.waiting
    assert waiting.name == "runs/a"
    assert "exists, and s3:GetObject is needed to see whether it is ours; allow it" in waiting.reason
    proxy.read_error = ""
    assert spool.deliver(store).waiting == ()
    assert_stored_once(moto, tmp_path.name, objects)


def test_write_only_machine_passes_the_self_test(proxy: FaultProxy, store: Store) -> None:
    proxy.read_error = "AccessDenied"
    results = list(self_test(store))
    assert [result for result in results if not result.passed] == []
    texts = {result.name: result.text for result in results}
    assert texts["refuses other bytes under the same name"] == "unchanged"
    assert texts["returns it unchanged"].startswith("this machine may not read")
    assert texts["keeps it from being deleted"] == "this machine may not delete"


def test_delivery_stops_after_three_refusals_in_a_row(proxy: FaultProxy, store: Store, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    for number in range(50):
        spool_run(spool, f"run-{number}")
    proxy.always = "AccessDenied"
    assert len(spool.deliver(store).waiting) == proxy.write_count == 3


def test_two_machines_that_send_the_same_runs_store_each_object_once(
    moto: str, proxy: FaultProxy, tmp_path: Path
) -> None:
    """Two spools with the same runs are delivered at once, through a network that loses answers and cuts uploads."""
    objects = dict[str, bytes]()
    proxy.faults = ["answer lost", "cut half-way", "", "ConditionalRequestConflict", "", "InternalError"] * 4

    def deliver(spool: Spool) -> None:
        store = open_store(f"s3://{BUCKET}/{tmp_path.name}", StoreOptions(endpoint_url=proxy.url))
        while spool.waiting().runs:
            spool.deliver(store)

    spools = [Spool(tmp_path / name) for name in ("one", "two")]
    for spool in spools:
        for number in range(10):
            objects |= spool_run(spool, f"run-{number}")
    threads = [threading.Thread(target=deliver, args=[spool]) for spool in spools]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [spool.waiting().aside for spool in spools] == [0, 0]
    assert_stored_once(moto, tmp_path.name, objects)


def test_uploader_reports_an_unavailable_store_before_a_run_waits(
    proxy: FaultProxy, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firstbell.artifacts.uploader.BACKOFF", replace(BACKOFF, first_s=0.05))
    reports, is_back = list[UploadReport](), threading.Event()

    def listener(report: UploadReport) -> None:
        reports.append(report)
        proxy.read_error = ""
        if report.state is UploadState.BACK:
            is_back.set()

    proxy.read_error = "SlowDown"
    uploader = Uploader(Spool(tmp_path / "spool"), store, listener).start()
    assert is_back.wait(60)
    assert uploader.finish(20) == ""
    uploader.close()
    assert [report.state for report in reports] == [UploadState.AWAY, UploadState.BACK]


def test_uploader_survives_any_error_of_a_store_and_reports_it_once(tmp_path: Path) -> None:
    class BrokenStore(MemoryStore):
        puts = 0

        def put(self, name: str, data: bytes, lifetime: Lifetime) -> None:
            self.puts += 1
            if self.puts <= 3:
                raise RuntimeError("planted")
            super().put(name, data, lifetime)

    spool, reports = Spool(tmp_path), list[UploadReport]()
    store = BrokenStore("memory:", StoreOptions())
    spool_run(spool, "a")
    uploader = Uploader(spool, store, reports.append).start()
    while uploader.finish(20):
        pass
    uploader.close()
    assert [report.state for report in reports] == [UploadState.AWAY, UploadState.BACK]
    assert store.names("runs/") == ["runs/a/a.jpg", "runs/a/rest.zip", "runs/a/run.json"]


def test_uploader_reports_that_another_process_is_delivering(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    with (tmp_path / ".delivering").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        spool_run(spool, "a")
        uploader = Uploader(spool, MemoryStore("memory:", StoreOptions()), lambda _said: None).start()
        assert uploader.finish(0.2) == "another First Bell is sending it"
        uploader.close()


def test_uploader_reports_an_outage_and_its_end_once_each(
    moto: str, proxy: FaultProxy, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firstbell.artifacts.uploader.BACKOFF", replace(BACKOFF, first_s=0.1))
    spool, reports, is_back = Spool(tmp_path / "spool"), list[UploadReport](), threading.Event()

    def listener(report: UploadReport) -> None:
        reports.append(report)
        if report.state is UploadState.BACK:
            is_back.set()
        else:
            proxy.always = ""

    proxy.always = "SlowDown"
    objects = spool_run(spool, "a")
    uploader = Uploader(spool, store, listener).start()
    assert is_back.wait(60)
    assert uploader.finish(20) == ""
    uploader.close()
    assert [report.state for report in reports] == [UploadState.AWAY, UploadState.BACK]
    assert_stored_once(moto, tmp_path.name, objects)


def test_finish_does_not_wait_for_an_unavailable_store(proxy: FaultProxy, store: Store, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    proxy.always = "AccessDenied"
    uploader = Uploader(spool, store, lambda _said: None).start()
    spool_run(spool, "a")
    uploader.nudge()
    assert "refuses access" in uploader.finish(60)
    uploader.close()


def test_killed_uploader_to_a_bucket_loses_nothing(moto: str, proxy: FaultProxy, tmp_path: Path) -> None:
    chance = random.Random(SEED)  # noqa: S311  # repeated with FIRSTBELL_SEED
    spool, objects = Spool(tmp_path / "spool"), dict[str, bytes]()
    for number in range(40):
        objects |= spool_run(spool, f"run-{number}")
    arguments = [str(tmp_path / "spool"), proxy.url, f"s3://{BUCKET}/{tmp_path.name}"]
    killed = 0
    for _ in range(6):
        with subprocess.Popen([sys.executable, "-c", UPLOAD, *arguments], stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == b"begins\n"
            killed_after_s = chance.uniform(0.1, 0.6)
            try:
                child.wait(killed_after_s)
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGKILL)
                killed += 1
    subprocess.run([sys.executable, "-c", UPLOAD, *arguments], check=True, timeout=120)
    assert (killed > 0, spool.waiting().runs) == (True, 0), f"FIRSTBELL_SEED={SEED}"
    assert_stored_once(moto, tmp_path.name, objects)


PUT = """
import os, sys
from pathlib import Path
from firstbell.artifacts.policy import Lifetime
from firstbell.artifacts.spool import Spool
spool = Spool(Path(sys.argv[1]), limit_mib=200)
print("begins", flush=True)
for number in range(10_000):
    run = f"runs/{os.getpid()}-{number}"
    objects = {f"{run}/{name}": run.encode() * 2_000 for name in ("run.json", "rest.zip", "attempt-1/a.jpg")}
    spool.put(run, objects, Lifetime.FAILURES)
    print(run, flush=True)
"""


def test_process_killed_while_spooling_leaves_only_complete_runs(tmp_path: Path) -> None:
    chance = random.Random(SEED)  # noqa: S311  # repeated with FIRSTBELL_SEED
    spooled: list[str] = []
    for _ in range(5):
        arguments = [sys.executable, "-c", PUT, str(tmp_path / "spool")]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "begins\n"
            with pytest.raises(subprocess.TimeoutExpired):
                child.wait(chance.uniform(0.01, 0.2))
            child.send_signal(signal.SIGKILL)
            spooled += child.stdout.read().splitlines()
    spool, store = Spool(tmp_path / "spool"), MemoryStore("memory:", StoreOptions())
    assert not list((tmp_path / "spool").glob(".making-*"))
    assert spool.deliver(store).waiting == ()
    runs = {name.removesuffix("/run.json") for name in store.names("") if name.endswith("/run.json")}
    assert spooled
    assert set(spooled) <= runs, f"FIRSTBELL_SEED={SEED}"
    expected = {f"{run}/{name}" for run in runs for name in ("run.json", "rest.zip", "attempt-1/a.jpg")}
    assert set(store.names("")) == expected, f"FIRSTBELL_SEED={SEED}"
    assert {store.get(name) for name in expected} == {run.encode() * 2_000 for run in runs}, f"FIRSTBELL_SEED={SEED}"


def test_killed_uploader_to_a_folder_leaves_only_complete_files(tmp_path: Path) -> None:
    chance = random.Random(SEED)  # noqa: S311  # repeated with FIRSTBELL_SEED
    spool, objects = Spool(tmp_path / "spool"), dict[str, bytes]()
    for number in range(300):
        objects |= spool_run(spool, f"run-{number}")
    arguments = [sys.executable, "-c", UPLOAD, str(tmp_path / "spool"), "", str(tmp_path / "store")]
    killed, store = 0, open_store(str(tmp_path / "store"), StoreOptions())
    for _ in range(6):
        with subprocess.Popen(arguments, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == b"begins\n"
            try:
                child.wait(chance.uniform(0.02, 0.2))
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGKILL)
                killed += 1
        assert all(store.get(name) == objects[name] for name in store.names("")), f"FIRSTBELL_SEED={SEED}"
    subprocess.run(arguments, check=True, timeout=120, capture_output=True)
    assert (killed > 0, spool.waiting().runs) == (True, 0), f"FIRSTBELL_SEED={SEED}"
    assert store.names("") == sorted(objects)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "small", str(folder)]
    done = subprocess.run(mount, capture_output=True, check=False, text=True)
    if done.returncode:
        pytest.skip(f"a small file system cannot be mounted ({done.stderr.strip()}); run this test as root")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_full_disk_drops_a_pass_for_a_pass_and_any_run_for_a_failure(small_disk: Path) -> None:
    spool, third = Spool(small_disk), os.urandom(300_000)

    def put(run: str, lifetime: Lifetime) -> tuple[str, ...]:
        return spool.put(f"runs/{run}", {f"runs/{run}/run.json": b"{}", f"runs/{run}/rest.zip": third}, lifetime)

    assert put("1-failed", Lifetime.FAILURES) == ()
    assert put("2-failed", Lifetime.FAILURES) == ()
    assert put("3-passed", Lifetime.PASSES) == ()
    assert put("4-passed", Lifetime.PASSES) == ("runs/3-passed",)
    assert put("5-failed", Lifetime.FAILURES) == ("runs/4-passed",)
    with pytest.raises(OSError, match="No space left"):
        put("6-passed", Lifetime.PASSES)
    assert put("7-failed", Lifetime.FAILURES) == ("runs/1-failed",)
    assert spool.waiting().dropped == 3
    assert not list(small_disk.glob(".making-*"))
