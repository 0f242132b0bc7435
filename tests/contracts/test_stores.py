"""What every store must do, run over each row of the table; S3 over real HTTP."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
import urllib3
from moto.server import ThreadedMotoServer

from firstbell.artifacts.lifetime import Lifetime
from firstbell.artifacts.retention import Retention
from firstbell.artifacts.stores import STORES, Store, StoreError, StoreOptions, open_store
from firstbell.artifacts.stores.folder import FolderStore
from firstbell.artifacts.stores.memory import MemoryStore
from firstbell.artifacts.stores.s3 import S3Store
from firstbell.artifacts.stores.s3_policies import lifecycle
from firstbell.artifacts.stores.self_test import self_test

BUCKET = "bayfront-firstbell"
KEEP = Lifetime.FAILURES


@pytest.fixture(scope="module")
def s3_address() -> Iterator[str]:
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    _host, port = server.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def aws(s3_address: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in (
        ("ACCESS_KEY_ID", "testing"),
        ("SECRET_ACCESS_KEY", "testing"),
        ("DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(f"AWS_{name}", value)
    boto3.client("s3", endpoint_url=s3_address).create_bucket(Bucket=BUCKET)
    return s3_address


@pytest.fixture(params=sorted(STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    match request.param:
        case "s3":
            address = request.getfixturevalue("aws")
            return open_store(f"s3://{BUCKET}/{tmp_path.name}", StoreOptions(endpoint_url=address))
        case "":
            return open_store(str(tmp_path / "evidence"), StoreOptions())
        case scheme:
            return open_store(f"{scheme}:", StoreOptions())


def test_what_is_put_is_got(store: Store) -> None:
    store.check()
    store.put("runs/a/trace.zip", b"\0trace", KEEP)
    assert store.get("runs/a/trace.zip") == b"\0trace"


def test_the_same_again_is_fine_and_another_content_is_refused_for_good(store: Store) -> None:
    store.put("runs/a/run.json", b"one", KEEP)
    store.put("runs/a/run.json", b"one", KEEP)
    with pytest.raises(StoreError, match="already kept with another content") as refused:
        store.put("runs/a/run.json", b"two", KEEP)
    assert refused.value.permanent
    assert store.get("runs/a/run.json") == b"one"


def test_names_are_listed_by_prefix_in_order(store: Store) -> None:
    for name in ("runs/b/run.json", "runs/a/run.json", "runs/a/trace.zip"):
        store.put(name, b"x", KEEP)
    assert store.names("runs/a/") == ["runs/a/run.json", "runs/a/trace.zip"]


def test_what_is_not_there_is_said_so(store: Store) -> None:
    with pytest.raises(StoreError, match=r"nothing\.zip is not in") as missing:
        store.get("runs/nothing.zip")
    assert missing.value.permanent


def test_a_person_is_told_where_to_look(store: Store) -> None:
    assert store.place("runs/a").endswith("runs/a")


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a/../../b", "a\0b", ""])
def test_a_folder_keeps_hostile_names_inside(tmp_path: Path, name: str) -> None:
    with pytest.raises(StoreError, match="is no name for a file"):
        open_store(str(tmp_path), StoreOptions()).put(name, b"x", KEEP)


def test_a_folder_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match=r"nothing can be kept in .*file.* make it writable or name another"):
        open_store(str(tmp_path / "file"), StoreOptions()).check()


def test_an_unknown_scheme_is_refused_with_those_there_are() -> None:
    with pytest.raises(StoreError, match="no store speaks gs://; use a folder or one of"):
        open_store("gs://bucket", StoreOptions())


def test_a_bucket_that_is_not_there_is_said_in_one_sentence(aws: str) -> None:
    with pytest.raises(StoreError, match="s3://elsewhere does not exist; make the bucket") as refused:
        open_store("s3://elsewhere", StoreOptions(endpoint_url=aws)).check()
    assert refused.value.permanent


def test_an_address_where_nobody_answers_may_answer_later(aws: str) -> None:
    del aws
    with pytest.raises(StoreError, match="cannot be reached") as refused:
        open_store("s3://bucket", StoreOptions(endpoint_url="http://127.0.0.1:9")).check()
    assert not refused.value.permanent


def test_encryption_is_asked_for_with_each_object(aws: str) -> None:
    store = open_store(f"s3://{BUCKET}/encrypted", StoreOptions(endpoint_url=aws, sse="AES256"))
    store.put("a", b"x", KEEP)
    head = boto3.client("s3", endpoint_url=aws).head_object(Bucket=BUCKET, Key="encrypted/a")
    assert head["ServerSideEncryption"] == "AES256"


def test_every_store_proves_what_it_does(store: Store) -> None:
    proofs = list(self_test(store))
    assert [proof for proof in proofs if not proof.holds] == []
    assert len(proofs) >= 6


def test_a_store_that_writes_over_what_it_keeps_is_found_out() -> None:
    class Forgetful(MemoryStore):
        def put(self, name: str, data: bytes, lifetime: Lifetime) -> None:
            self._kept.pop(name, None)
            super().put(name, data, lifetime)

    *_, last = self_test(Forgetful("memory:", StoreOptions()))
    assert (last.what, last.holds) == ("refuses other bytes under the same name", False)


def test_an_object_carries_its_lifetime_its_hash_and_its_type(aws: str) -> None:
    store = open_store(f"s3://{BUCKET}/tagged", StoreOptions(endpoint_url=aws))
    store.put("runs/a/index.html", b"<p>", Lifetime.PASSES)
    client, key = boto3.client("s3", endpoint_url=aws), "tagged/runs/a/index.html"
    assert client.get_object_tagging(Bucket=BUCKET, Key=key)["TagSet"] == [
        {"Key": "firstbell-lifetime", "Value": "passes"}
    ]
    head = client.head_object(Bucket=BUCKET, Key=key)
    assert head["ContentType"] == "text/html; charset=utf-8"
    assert head["Metadata"] == {"firstbell-sha256": hashlib.sha256(b"<p>").hexdigest()}


def tag_of(aws: str, key: str) -> str:
    return boto3.client("s3", endpoint_url=aws).get_object_tagging(Bucket=BUCKET, Key=key)["TagSet"][0]["Value"]


@pytest.mark.parametrize("kind", ["folder", "s3"])
def test_a_hold_is_known_by_its_names_and_whoever_asked_until_it_is_let_go(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url, options = str(tmp_path), StoreOptions()
    if kind == "s3":
        url, options = f"s3://{BUCKET}/{tmp_path.name}", StoreOptions(endpoint_url=request.getfixturevalue("aws"))
    store = open_store(url, options)
    assert isinstance(store, FolderStore | S3Store)
    store.put("runs/a/run.json", b"{}", Lifetime.PASSES)
    assert store.held() == []
    store.hold(["runs/a/run.json"], "kim: for the claim")
    assert [(held.names, held.by) for held in store.held()] == [(("runs/a/run.json",), "kim: for the claim")]
    store.let_go(["runs/a/run.json"], Lifetime.PASSES)
    assert store.held() == []


def test_what_is_held_in_a_bucket_loses_the_tag_that_its_rules_look_for_until_nobody_holds_it(aws: str) -> None:
    store = open_store(f"s3://{BUCKET}/held", StoreOptions(endpoint_url=aws))
    assert isinstance(store, S3Store)
    for name in ("runs/a/run.json", "parts/passes/x"):
        store.put(name, b"{}", Lifetime.PASSES)
    store.hold(["runs/a/run.json", "parts/passes/x"], "kim")
    store.hold(["parts/passes/x"], "lee")
    assert tag_of(aws, "held/runs/a/run.json") == tag_of(aws, "held/parts/passes/x") == "held"
    store.let_go(["runs/a/run.json", "parts/passes/x"], Lifetime.PASSES)
    assert (tag_of(aws, "held/runs/a/run.json"), tag_of(aws, "held/parts/passes/x")) == ("passes", "held")
    store.let_go(["parts/passes/x"], Lifetime.PASSES)
    assert tag_of(aws, "held/parts/passes/x") == "passes"


def test_a_bucket_without_tags_cannot_hold_and_says_so(aws: str) -> None:
    store = open_store(f"s3://{BUCKET}", StoreOptions(endpoint_url=aws, tags=False))
    assert isinstance(store, S3Store)
    with pytest.raises(StoreError, match="nothing can be held without tags"):
        store.hold(["a"], "kim")


def test_what_is_held_under_object_lock_is_on_legal_hold(aws: str) -> None:
    client = boto3.client("s3", endpoint_url=aws)
    client.create_bucket(Bucket="legal", ObjectLockEnabledForBucket=True)
    store = open_store("s3://legal", StoreOptions(endpoint_url=aws, lock_days=30))
    assert isinstance(store, S3Store)
    store.put("a", b"x", Lifetime.FAILURES)
    store.hold(["a"], "kim")
    assert client.get_object_legal_hold(Bucket="legal", Key="a")["LegalHold"]["Status"] == "ON"
    store.let_go(["a"], Lifetime.FAILURES)
    assert client.get_object_legal_hold(Bucket="legal", Key="a")["LegalHold"]["Status"] == "OFF"


def test_a_link_says_when_it_really_ends(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(f"s3://{BUCKET}", StoreOptions(endpoint_url=aws))
    assert isinstance(store, S3Store)
    assert store.link("a", for_s=3600).why == "as asked for"
    for wrong_s in (8 * 86_400, 0.5):
        with pytest.raises(StoreError, match="7 days at most"):
            store.link("a", for_s=wrong_s)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "planted-session")
    borrowed = open_store(f"s3://{BUCKET}", StoreOptions(endpoint_url=aws))
    assert isinstance(borrowed, S3Store)
    link = borrowed.link("a", for_s=7 * 86_400)
    assert "an hour is assumed" in link.why
    assert link.ends_at < datetime.now(UTC) + timedelta(hours=1, minutes=1)
    assert borrowed.link("a", for_s=600).why == "as asked for"


def test_a_link_signed_by_a_role_ends_with_the_role(aws: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A credential process stands for any role: its credentials renew themselves, and are first had at the signing."""
    ends_at = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=2)
    given = {"Version": 1, "AccessKeyId": "planted", "SecretAccessKey": "planted", "SessionToken": "planted"}
    (tmp_path / "given.json").write_text(json.dumps({**given, "Expiration": ends_at.isoformat()}))
    (tmp_path / "config").write_text(f"[default]\ncredential_process = cat {tmp_path / 'given.json'}\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    store = open_store(f"s3://{BUCKET}", StoreOptions(endpoint_url=aws))
    assert isinstance(store, S3Store)
    link = store.link("a", for_s=7 * 86_400)
    assert link.ends_at == ends_at
    assert "the credentials that signed it end then" in link.why


def test_a_page_opens_inline_from_its_link_whatever_it_was_put_as(aws: str) -> None:
    store = open_store(f"s3://{BUCKET}/linked", StoreOptions(endpoint_url=aws))
    assert isinstance(store, S3Store)
    client = boto3.client("s3", endpoint_url=aws)
    client.put_object(Bucket=BUCKET, Key="linked/index.html", Body=b"<p>", ContentType="application/octet-stream")
    answer = urllib3.request("GET", store.link("index.html", for_s=60).url)
    assert (answer.status, answer.data) == (200, b"<p>")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Content-Disposition"] == "inline"


def test_an_aws_configuration_that_cannot_be_used_is_one_sentence(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(StoreError, match=r"cannot be used \(ProfileNotFound\); mend it") as refused:
        open_store(f"s3://{BUCKET}", StoreOptions(endpoint_url=aws))
    assert refused.value.permanent


def test_rules_and_proofs_of_a_versioned_bucket(aws: str) -> None:
    """The rules are taken as they are printed; a delete leaves a marker, and the check says who should not delete."""
    client = boto3.client("s3", endpoint_url=aws)
    client.create_bucket(Bucket="versioned")
    client.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    days = {Lifetime.PASSES: 7.0, Lifetime.FAILURES: 90.0, Lifetime.SHARED: 8.0}
    for options in (StoreOptions(), StoreOptions(tags=False)):
        rules: Any = lifecycle("bell/", Retention(days=days), options)
        client.put_bucket_lifecycle_configuration(Bucket="versioned", LifecycleConfiguration=rules)
    proofs = {proof.what: proof for proof in self_test(open_store("s3://versioned", StoreOptions(endpoint_url=aws)))}
    assert proofs["carries its lifetime as a tag"].seen == "firstbell-lifetime=passes"
    deleted = proofs["keeps it from being deleted"]
    assert (deleted.holds, deleted.is_fine) == (True, False)
    assert "a marker hides it, an older version stays" in deleted.seen


def test_object_lock_is_asked_for_with_what_did_not_pass(aws: str) -> None:
    client = boto3.client("s3", endpoint_url=aws)
    client.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    store = open_store("s3://locked", StoreOptions(endpoint_url=aws, lock_days=30))
    store.put("failed", b"x", Lifetime.FAILURES)
    store.put("passed", b"x", Lifetime.PASSES)
    assert client.head_object(Bucket="locked", Key="failed")["ObjectLockMode"] == "GOVERNANCE"
    store.put("shared", b"x", Lifetime.SHARED)
    for free in ("passed", "shared"):
        assert "ObjectLockMode" not in client.head_object(Bucket="locked", Key=free)
