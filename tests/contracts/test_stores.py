"""The contract of every store, run over each row of the table; S3 over real HTTP."""

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

from firstbell.artifacts.policy import Lifetime
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


def test_stored_content_is_returned(store: Store) -> None:
    store.check()
    store.put("runs/a/trace.zip", b"\0trace", KEEP)
    assert store.get("runs/a/trace.zip") == b"\0trace"


def test_same_content_is_accepted_again_and_different_content_is_refused(store: Store) -> None:
    store.put("runs/a/run.json", b"one", KEEP)
    store.put("runs/a/run.json", b"one", KEEP)
    with pytest.raises(StoreError, match="already exists with different content") as refused:
        store.put("runs/a/run.json", b"two", KEEP)
    assert refused.value.permanent
    assert store.get("runs/a/run.json") == b"one"


def test_names_are_listed_by_prefix_in_order(store: Store) -> None:
    for name in ("runs/b/run.json", "runs/a/run.json", "runs/a/trace.zip"):
        store.put(name, b"x", KEEP)
    assert store.names("runs/a/") == ["runs/a/run.json", "runs/a/trace.zip"]


def test_missing_name_is_a_permanent_error(store: Store) -> None:
    with pytest.raises(StoreError, match=r"nothing\.zip is not in") as missing:
        store.get("runs/nothing.zip")
    assert missing.value.permanent


def test_address_ends_with_the_name(store: Store) -> None:
    assert store.address("runs/a").endswith("runs/a")


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a/../../b", "a\0b", ""])
def test_folder_refuses_names_that_lead_out_of_it(tmp_path: Path, name: str) -> None:
    with pytest.raises(StoreError, match="is not a valid file name"):
        open_store(str(tmp_path), StoreOptions()).put(name, b"x", KEEP)


def test_unwritable_folder_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match=r"file cannot be written .* make it writable or name another"):
        open_store(str(tmp_path / "file"), StoreOptions()).check()


def test_unknown_scheme_is_refused_with_the_known_ones() -> None:
    with pytest.raises(StoreError, match="gs:// is not supported; use a folder or one of"):
        open_store("gs://bucket", StoreOptions())


def test_missing_bucket_is_a_permanent_error(aws: str) -> None:
    with pytest.raises(StoreError, match="s3://elsewhere does not exist; make the bucket") as refused:
        open_store("s3://elsewhere", StoreOptions(endpoint_url=aws)).check()
    assert refused.value.permanent


def test_unreachable_endpoint_is_a_temporary_error(aws: str) -> None:
    del aws
    with pytest.raises(StoreError, match="cannot be reached") as refused:
        open_store("s3://bucket", StoreOptions(endpoint_url="http://127.0.0.1:9")).check()
    assert not refused.value.permanent


def test_encryption_is_requested_for_each_object(aws: str) -> None:
    store = open_store(f"s3://{BUCKET}/encrypted", StoreOptions(endpoint_url=aws, sse="AES256"))
    store.put("a", b"x", KEEP)
    head = boto3.client("s3", endpoint_url=aws).head_object(Bucket=BUCKET, Key="encrypted/a")
    assert head["ServerSideEncryption"] == "AES256"


def test_every_store_passes_its_self_test(store: Store) -> None:
    results = list(self_test(store))
    assert [result for result in results if not result.passed] == []
    assert len(results) >= 6


def test_store_that_overwrites_fails_the_self_test() -> None:
    class OverwritingStore(MemoryStore):
        def put(self, name: str, data: bytes, lifetime: Lifetime) -> None:
            self._kept.pop(name, None)
            super().put(name, data, lifetime)

    *_, last = self_test(OverwritingStore("memory:", StoreOptions()))
    assert (last.name, last.passed) == ("refuses other bytes under the same name", False)


def test_object_has_lifetime_tag_hash_and_content_type(aws: str) -> None:
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
def test_hold_is_listed_with_names_and_owner_until_it_ends(
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


def test_held_objects_have_the_held_tag_until_the_last_hold_ends(aws: str) -> None:
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


def test_bucket_without_tags_refuses_a_hold(aws: str) -> None:
    store = open_store(f"s3://{BUCKET}", StoreOptions(endpoint_url=aws, tags=False))
    assert isinstance(store, S3Store)
    with pytest.raises(StoreError, match="without tags the lifecycle rules would remove held objects"):
        store.hold(["a"], "kim")


def test_held_object_under_object_lock_is_on_legal_hold(aws: str) -> None:
    client = boto3.client("s3", endpoint_url=aws)
    client.create_bucket(Bucket="legal", ObjectLockEnabledForBucket=True)
    store = open_store("s3://legal", StoreOptions(endpoint_url=aws, lock_days=30))
    assert isinstance(store, S3Store)
    store.put("a", b"x", Lifetime.FAILURES)
    store.hold(["a"], "kim")
    assert client.get_object_legal_hold(Bucket="legal", Key="a")["LegalHold"]["Status"] == "ON"
    store.let_go(["a"], Lifetime.FAILURES)
    assert client.get_object_legal_hold(Bucket="legal", Key="a")["LegalHold"]["Status"] == "OFF"


def test_link_says_when_it_ends_and_why(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(f"s3://{BUCKET}", StoreOptions(endpoint_url=aws))
    assert isinstance(store, S3Store)
    assert store.link("a", for_s=3600).why == "as requested"
    for wrong_s in (8 * 86_400, 0.5):
        with pytest.raises(StoreError, match="1 second to 7 days"):
            store.link("a", for_s=wrong_s)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "planted-session")
    borrowed = open_store(f"s3://{BUCKET}", StoreOptions(endpoint_url=aws))
    assert isinstance(borrowed, S3Store)
    link = borrowed.link("a", for_s=7 * 86_400)
    assert "an hour is assumed" in link.why
    assert link.ends_at < datetime.now(UTC) + timedelta(hours=1, minutes=1)
    assert borrowed.link("a", for_s=600).why == "as requested"


def test_link_signed_by_a_role_ends_with_its_credentials(
    aws: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A credential process stands for any role: its credentials renew themselves, and are obtained at the signing."""
    ends_at = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=2)
    credentials = {"Version": 1, "AccessKeyId": "planted", "SecretAccessKey": "planted", "SessionToken": "planted"}
    (tmp_path / "credentials.json").write_text(json.dumps({**credentials, "Expiration": ends_at.isoformat()}))
    (tmp_path / "config").write_text(f"[default]\ncredential_process = cat {tmp_path / 'credentials.json'}\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    store = open_store(f"s3://{BUCKET}", StoreOptions(endpoint_url=aws))
    assert isinstance(store, S3Store)
    link = store.link("a", for_s=7 * 86_400)
    assert link.ends_at == ends_at
    assert "the credentials that signed it end then" in link.why


def test_linked_page_opens_inline_whatever_its_stored_type(aws: str) -> None:
    store = open_store(f"s3://{BUCKET}/linked", StoreOptions(endpoint_url=aws))
    assert isinstance(store, S3Store)
    client = boto3.client("s3", endpoint_url=aws)
    client.put_object(Bucket=BUCKET, Key="linked/index.html", Body=b"<p>", ContentType="application/octet-stream")
    answer = urllib3.request("GET", store.link("index.html", for_s=60).url)
    assert (answer.status, answer.data) == (200, b"<p>")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Content-Disposition"] == "inline"


def test_invalid_aws_configuration_is_a_permanent_error(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "unknown")
    with pytest.raises(StoreError, match=r"cannot be used \(ProfileNotFound\); correct it") as refused:
        open_store(f"s3://{BUCKET}", StoreOptions(endpoint_url=aws))
    assert refused.value.permanent


def test_versioned_bucket_accepts_the_rules_and_warns_of_deletes(aws: str) -> None:
    """The bucket accepts the rules as they are printed; a delete leaves a marker, and the self-test warns of it."""
    client = boto3.client("s3", endpoint_url=aws)
    client.create_bucket(Bucket="versioned")
    client.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    days = {Lifetime.PASSES: 7.0, Lifetime.FAILURES: 90.0, Lifetime.SHARED: 8.0}
    for options in (StoreOptions(), StoreOptions(tags=False)):
        rules: Any = lifecycle("bell/", Retention(days=days), options)
        client.put_bucket_lifecycle_configuration(Bucket="versioned", LifecycleConfiguration=rules)
    results = {
        result.name: result for result in self_test(open_store("s3://versioned", StoreOptions(endpoint_url=aws)))
    }
    assert results["carries its lifetime as a tag"].text == "firstbell-lifetime=passes"
    deleted = results["keeps it from being deleted"]
    assert (deleted.passed, deleted.is_fine) == (True, False)
    assert "a marker hides the object, its version stays" in deleted.text


def test_object_lock_is_requested_for_failures_only(aws: str) -> None:
    client = boto3.client("s3", endpoint_url=aws)
    client.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    store = open_store("s3://locked", StoreOptions(endpoint_url=aws, lock_days=30))
    store.put("failed", b"x", Lifetime.FAILURES)
    store.put("passed", b"x", Lifetime.PASSES)
    assert client.head_object(Bucket="locked", Key="failed")["ObjectLockMode"] == "GOVERNANCE"
    assert [result.text for result in self_test(store) if not result.passed] == []
    store.put("shared", b"x", Lifetime.SHARED)
    for free in ("passed", "shared"):
        assert "ObjectLockMode" not in client.head_object(Bucket="locked", Key=free)
