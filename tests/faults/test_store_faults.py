"""A store that refuses, cuts, loses answers and goes away: in the end each object is there once, with our hash."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from artifacts.lifetime import Lifetime
from artifacts.spool import Spool
from artifacts.stores import Store, StoreOptions, open_store
from artifacts.stores.s3 import OUR_HASH
from artifacts.uploader import Said, Uploader, Word
from tests.fault_proxy import FaultProxy, fault_proxy

pytestmark = [pytest.mark.browser, pytest.mark.faults]  # No browser, but half a minute of real faults.

BUCKET = "bayfront-faults"
SEED = int(os.environ.get("FIRSTBELL_SEED", random.SystemRandom().randrange(10**6)))
UPLOAD = """
import sys
from pathlib import Path
from artifacts.spool import Spool
from artifacts.stores import StoreOptions, open_store
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
def store(proxy: FaultProxy, tmp_path: Path) -> Store:
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
}


@pytest.mark.parametrize("fault", FAULTS)
def test_after_any_refusal_each_object_is_there_once_with_our_hash(
    fault: str, moto: str, proxy: FaultProxy, store: Store, tmp_path: Path
) -> None:
    spool = Spool(tmp_path / "spool")
    objects = run_on(spool, "a")
    # botocore itself asks four times; the fifth is ours.
    proxy.always = fault
    (waiting,) = spool.deliver(store).waiting
    assert FAULTS[fault] in waiting
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


def test_an_uploader_says_once_that_the_store_is_away_and_once_that_it_is_back(
    moto: str, proxy: FaultProxy, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("artifacts.uploader.FIRST_WAIT_S", 0.1)
    spool, said, is_back = Spool(tmp_path / "spool"), list[Said](), threading.Event()

    def listener(word: Said) -> None:
        said.append(word)
        if word.word is Word.BACK:
            is_back.set()
        else:
            proxy.always = ""

    proxy.always = "SlowDown"
    objects = run_on(spool, "a")
    uploader = Uploader(spool, store, listener)
    assert is_back.wait(60)
    assert uploader.finish(20) == ""
    uploader.close()
    assert [word.word for word in said] == [Word.AWAY, Word.BACK]
    must_be_there_once(moto, tmp_path.name, objects)


def test_a_store_that_is_away_is_not_waited_for_at_the_end(proxy: FaultProxy, store: Store, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    proxy.always = "AccessDenied"
    uploader = Uploader(spool, store, lambda _said: None)
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
