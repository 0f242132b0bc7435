"""A store that refuses, cuts, loses answers and goes away: in the end each object is there once, with our hash."""

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

from firstbell.artifacts.lifetime import Lifetime
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
    monkeypatch.setattr("firstbell.artifacts.stores.s3.READ_S", 1)
    monkeypatch.setattr("firstbell.artifacts.stores.s3.TRIES", 2)
    return open_store(f"s3://{BUCKET}/{tmp_path.name}", StoreOptions(endpoint_url=proxy.url))


def run_on(spool: Spool, run: str) -> dict[str, bytes]:
    """Put a run of three objects on, one of them large enough to be cut in two."""
    objects = {
        f"runs/{run}/run.json": b"{}",
        f"runs/{run}/rest.zip": run.encode() * 50_000,
        f"runs/{run}/a.jpg": b"\xff\xd8",
    }
    spool.put(f"runs/{run}", objects, Lifetime.FAILURES)
    return objects


def must_be_there_once(moto: str, folder: str, objects: dict[str, bytes]) -> None:
    client = boto3.client("s3", endpoint_url=moto)
    rows = client.list_objects_v2(Bucket=BUCKET, Prefix=f"{folder}/").get("Contents", [])
    assert sorted(row["Key"] for row in rows) == sorted(f"{folder}/{name}" for name in objects)
    for name, data in objects.items():
        answer = client.get_object(Bucket=BUCKET, Key=f"{folder}/{name}")
        assert answer["Body"].read() == data
        assert answer["Metadata"][OUR_HASH] == hashlib.sha256(data).hexdigest()


FAULTS = {
    "AccessDenied": "refuses access; compare",
    "SlowDown": "is asked too often",
    "InternalError": "answered 500",
    "ExpiredToken": "credentials have expired; renew",
    "RequestTimeTooSkewed": "this machine's clock is wrong",
    "AuthorizationHeaderMalformed": "another region; set store.region",
    "KMS.DisabledException": "the KMS key refuses",
    "cut before": "cannot be reached",
    "cut half-way": "cannot be reached",
    "silence": "cannot be reached (ReadTimeoutError)",
    "PermanentRedirect": "another region; set store.region",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_after_any_refusal_each_object_is_there_once_with_our_hash(
    fault: str, moto: str, proxy: FaultProxy, store: Store, tmp_path: Path
) -> None:
    spool = Spool(tmp_path / "spool")
    objects = run_on(spool, "a")
    proxy.always = fault
    (waiting,) = spool.deliver(store).waiting
    assert FAULTS[fault] in waiting.said
    proxy.always = ""
    assert spool.deliver(store).waiting == ()
    must_be_there_once(moto, tmp_path.name, objects)


def test_an_answer_that_was_lost_and_a_conflict_are_told_by_our_hash(
    moto: str, proxy: FaultProxy, store: Store, tmp_path: Path
) -> None:
    spool = Spool(tmp_path / "spool")
    objects = run_on(spool, "a")
    proxy.faults = ["answer lost", "ConditionalRequestConflict", "", "answer lost"]
    assert spool.deliver(store).waiting == ()
    must_be_there_once(moto, tmp_path.name, objects)


@pytest.mark.parametrize("fault", ["answer lost", "cut half-way", "ConditionalRequestConflict", "SlowDown"])
def test_who_may_only_write_trusts_a_name_that_is_the_hash_of_what_it_names(
    fault: str, moto: str, proxy: FaultProxy, store: Store, tmp_path: Path
) -> None:
    data = os.urandom(300_000)
    name = f"parts/failures/2026-08/ab/{hashlib.sha256(data).hexdigest()}"
    proxy.read_error, proxy.faults = "AccessDenied", [fault]
    store.put(name, data, Lifetime.FAILURES)
    store.put(name, data, Lifetime.FAILURES)
    must_be_there_once(moto, tmp_path.name, {name: data})


def test_who_may_only_write_says_which_permission_would_tell_a_lost_answer_from_another_content(
    moto: str, proxy: FaultProxy, store: Store, tmp_path: Path
) -> None:
    spool = Spool(tmp_path / "spool")
    objects = run_on(spool, "a") | run_on(spool, "b")
    proxy.read_error, proxy.faults = "AccessDenied", ["", "", "answer lost"]
    delivery = spool.deliver(store)
    assert delivery.objects == 3
    (waiting,) = delivery.waiting
    assert waiting.name == "runs/a"
    assert "exists, and s3:GetObject is needed to see whether it is ours; allow it" in waiting.said
    proxy.read_error = ""
    assert spool.deliver(store).waiting == ()
    must_be_there_once(moto, tmp_path.name, objects)


def test_a_machine_that_may_only_write_proves_that_it_can(proxy: FaultProxy, store: Store) -> None:
    proxy.read_error = "AccessDenied"
    proofs = list(self_test(store))
    assert [proof for proof in proofs if not proof.holds] == []
    seen = {proof.what: proof.seen for proof in proofs}
    assert seen["refuses other bytes under the same name"] == "kept as it was"
    assert seen["gives it back unchanged"].startswith("this machine may not read")
    assert seen["keeps it from being deleted"] == "this machine may not delete, as it should be"


def test_a_store_that_asks_for_less_gets_less(proxy: FaultProxy, store: Store, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    for number in range(50):
        run_on(spool, f"run-{number}")
    proxy.always = "AccessDenied"
    assert len(spool.deliver(store).waiting) == proxy.write_count == 3


def test_two_machines_that_send_the_same_leave_one_object_each(moto: str, proxy: FaultProxy, tmp_path: Path) -> None:
    """Two spools with the same runs, delivered at once by two stores, through a network that loses and cuts."""
    objects = dict[str, bytes]()
    proxy.faults = ["answer lost", "cut half-way", "", "ConditionalRequestConflict", "", "InternalError"] * 4

    def deliver(spool: Spool) -> None:
        store = open_store(f"s3://{BUCKET}/{tmp_path.name}", StoreOptions(endpoint_url=proxy.url))
        while spool.waiting().runs:
            spool.deliver(store)

    spools = [Spool(tmp_path / name) for name in ("one", "two")]
    for spool in spools:
        for number in range(10):
            objects |= run_on(spool, f"run-{number}")
    threads = [threading.Thread(target=deliver, args=[spool]) for spool in spools]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [spool.waiting().aside for spool in spools] == [0, 0]
    must_be_there_once(moto, tmp_path.name, objects)


def test_a_store_that_is_away_is_told_before_anything_waits_and_back_when_it_answers(
    proxy: FaultProxy, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firstbell.artifacts.uploader.BACKOFF", replace(BACKOFF, first_s=0.05))
    said, is_back = list[UploadReport](), threading.Event()

    def listener(word: UploadReport) -> None:
        said.append(word)
        proxy.read_error = ""
        if word.word is UploadState.BACK:
            is_back.set()

    proxy.read_error = "SlowDown"
    uploader = Uploader(Spool(tmp_path / "spool"), store, listener).start()
    assert is_back.wait(60)
    assert uploader.finish(20) == ""
    uploader.close()
    assert [word.word for word in said] == [UploadState.AWAY, UploadState.BACK]


def test_an_uploader_outlives_whatever_a_store_raises_and_says_it_once(tmp_path: Path) -> None:
    class Mad(MemoryStore):
        puts = 0

        def put(self, name: str, data: bytes, lifetime: Lifetime) -> None:
            self.puts += 1
            if self.puts <= 3:
                raise RuntimeError("planted")
            super().put(name, data, lifetime)

    spool, said = Spool(tmp_path), list[UploadReport]()
    store = Mad("memory:", StoreOptions())
    run_on(spool, "a")
    uploader = Uploader(spool, store, said.append).start()
    while uploader.finish(20):
        pass
    uploader.close()
    assert [word.word for word in said] == [UploadState.BROKEN, UploadState.BACK]
    assert store.names("runs/") == ["runs/a/a.jpg", "runs/a/rest.zip", "runs/a/run.json"]


def test_who_finds_another_first_bell_sending_says_so(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    with (tmp_path / ".delivering").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        run_on(spool, "a")
        uploader = Uploader(spool, MemoryStore("memory:", StoreOptions()), lambda _said: None).start()
        assert uploader.finish(0.2) == "another First Bell sends it"
        uploader.close()


def test_an_uploader_says_once_that_the_store_is_away_and_once_that_it_is_back(
    moto: str, proxy: FaultProxy, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firstbell.artifacts.uploader.BACKOFF", replace(BACKOFF, first_s=0.1))
    spool, said, is_back = Spool(tmp_path / "spool"), list[UploadReport](), threading.Event()

    def listener(word: UploadReport) -> None:
        said.append(word)
        if word.word is UploadState.BACK:
            is_back.set()
        else:
            proxy.always = ""

    proxy.always = "SlowDown"
    objects = run_on(spool, "a")
    uploader = Uploader(spool, store, listener).start()
    assert is_back.wait(60)
    assert uploader.finish(20) == ""
    uploader.close()
    assert [word.word for word in said] == [UploadState.AWAY, UploadState.BACK]
    must_be_there_once(moto, tmp_path.name, objects)


def test_a_store_that_is_away_is_not_waited_for_at_the_end(proxy: FaultProxy, store: Store, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    proxy.always = "AccessDenied"
    uploader = Uploader(spool, store, lambda _said: None).start()
    run_on(spool, "a")
    uploader.nudge()
    assert "refuses access" in uploader.finish(60)
    uploader.close()


def test_an_uploader_that_is_killed_anywhere_loses_nothing_and_leaves_nothing_half(
    moto: str, proxy: FaultProxy, tmp_path: Path
) -> None:
    chance = random.Random(SEED)  # noqa: S311  # repeated with FIRSTBELL_SEED
    spool, objects = Spool(tmp_path / "spool"), dict[str, bytes]()
    for number in range(40):
        objects |= run_on(spool, f"run-{number}")
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
    must_be_there_once(moto, tmp_path.name, objects)


PUT = """
import os, sys
from pathlib import Path
from firstbell.artifacts.lifetime import Lifetime
from firstbell.artifacts.spool import Spool
spool = Spool(Path(sys.argv[1]), limit_mib=200)
print("begins", flush=True)
for number in range(10_000):
    run = f"runs/{os.getpid()}-{number}"
    objects = {f"{run}/{name}": run.encode() * 2_000 for name in ("run.json", "rest.zip", "attempt-1/a.jpg")}
    spool.put(run, objects, Lifetime.FAILURES)
    print(run, flush=True)
"""


def test_who_is_killed_while_putting_leaves_runs_whole_or_not_at_all(tmp_path: Path) -> None:
    chance = random.Random(SEED)  # noqa: S311  # repeated with FIRSTBELL_SEED
    told: list[str] = []
    for _ in range(5):
        arguments = [sys.executable, "-c", PUT, str(tmp_path / "spool")]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "begins\n"
            with pytest.raises(subprocess.TimeoutExpired):
                child.wait(chance.uniform(0.01, 0.2))
            child.send_signal(signal.SIGKILL)
            told += child.stdout.read().splitlines()
    spool, store = Spool(tmp_path / "spool"), MemoryStore("memory:", StoreOptions())
    assert not list((tmp_path / "spool").glob(".making-*"))
    assert spool.deliver(store).waiting == ()
    runs = {name.removesuffix("/run.json") for name in store.names("") if name.endswith("/run.json")}
    assert told
    assert set(told) <= runs, f"FIRSTBELL_SEED={SEED}"
    wanted = {f"{run}/{name}" for run in runs for name in ("run.json", "rest.zip", "attempt-1/a.jpg")}
    assert set(store.names("")) == wanted, f"FIRSTBELL_SEED={SEED}"
    assert {store.get(name) for name in wanted} == {run.encode() * 2_000 for run in runs}, f"FIRSTBELL_SEED={SEED}"


def test_an_uploader_to_a_folder_that_is_killed_leaves_no_file_half(tmp_path: Path) -> None:
    chance = random.Random(SEED)  # noqa: S311  # repeated with FIRSTBELL_SEED
    spool, objects = Spool(tmp_path / "spool"), dict[str, bytes]()
    for number in range(300):
        objects |= run_on(spool, f"run-{number}")
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


def test_a_full_disk_costs_a_pass_for_a_pass_and_anything_for_a_failure(small_disk: Path) -> None:
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
