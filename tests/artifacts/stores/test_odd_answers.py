"""Answers that S3 does not give: each is a StoreError of one sentence, and stops no other run."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from firstbell.artifacts.policy import Lifetime
from firstbell.artifacts.spool import GIVE_UP_AFTER, Spool
from firstbell.artifacts.stores import Denied, Store, StoreError, StoreOptions, open_store
from firstbell.artifacts.stores.memory import MemoryStore
from firstbell.artifacts.stores.s3 import S3Store
from firstbell.artifacts.stores.s3_answers import check_encryption
from firstbell.artifacts.stores.self_test import self_test
from tests.support.odd_store import ENCRYPTION, KEY, OddStore

ODD = [
    (500, b"<Error><Code/><Message/></Error>"),
    (400, b"<Error></Error>"),
    (500, b"<Error><Code>InternalError</Code></Error>"),
    (400, b"<Error><Message>\x1b[31mno</Message></Error>"),
    (400, b"<Error><Code><Deep>a</Deep></Code><Message><Deep>b</Deep></Message></Error>"),
    (409, b"<Error><Code>A</Code><Code>B</Code></Error>"),
    (400, b"<ErrorResponse><Error/></ErrorResponse>"),
    (400, b"<ErrorResponse><RequestId>1</RequestId></ErrorResponse>"),
    (500, b"<html><body>Bad Gateway<br></body>"),
    (500, b""),
    (412, b"<Error/>"),
    (404, b"<Error/>"),
    (501, b"<Error><Code/></Error>"),
    (403, b"<Error><Code> </Code></Error>"),
    (200, b"<html>console</html>"),
    (200, b"not XML at all <"),
]


@pytest.fixture
def bucket(odd: OddStore) -> Store:
    return open_store("s3://bucket", StoreOptions(endpoint_url=odd.url))


def test_every_odd_error_document_is_a_store_error(odd: OddStore, bucket: Store) -> None:
    for odd.answer in ODD:
        last = list(self_test(bucket))[-1]
        assert not last.passed
        assert "\x1b" not in last.text
        with suppress(StoreError):
            bucket.get("a")
        with pytest.raises(StoreError, match="s3://bucket"):
            bucket.put("a", b"x", Lifetime.PASSES)


def test_access_refused_without_a_code_is_denied(odd: OddStore, bucket: Store) -> None:
    odd.answer = (403, b"<Error/>")
    with pytest.raises(Denied, match="refuses access"):
        bucket.get("a")


def test_runs_that_first_bell_fails_on_stop_no_other_run(tmp_path: Path) -> None:
    class FailingStore(MemoryStore):
        def put(self, name: str, data: bytes, lifetime: Lifetime) -> None:
            if "/poison" in name:
                raise TypeError(f"secret of {name}")
            super().put(name, data, lifetime)

    store: Store = FailingStore("memory:", StoreOptions())
    spool = Spool(tmp_path)
    names = [f"runs/poison-{number}" for number in range(GIVE_UP_AFTER + 1)]
    for name in (*names, "runs/well"):
        spool.put(name, {f"{name}/run.json": b"{}"}, Lifetime.FAILURES)
    delivery = spool.deliver(store)
    assert store.names("") == ["runs/well/run.json"]
    assert [run.name for run in delivery.waiting] == names
    assert "First Bell failed with TypeError (test_odd_answers.py, line" in delivery.waiting[0].reason
    assert "secret" not in delivery.waiting[0].reason


KMS = StoreOptions(sse="aws:kms", kms_key_id="arn:aws:kms:us-east-1:1:key/planted")


def stored(store: Store, name: str) -> str:
    """Stores an object and returns what is refused; empty if it is taken."""
    try:
        store.put(name, b"x", Lifetime.FAILURES)
    except StoreError as error:
        return f"{error} ({'for good' if error.permanent else 'for now'})"
    return ""


def test_encryption_that_the_store_ignores_is_refused_at_first_and_on_each_retry(odd: OddStore) -> None:
    store = open_store("s3://bucket", replace(KMS, endpoint_url=odd.url))
    odd.drops = {ENCRYPTION, KEY}
    for _ in range(2):
        assert "s3://bucket/clear is stored unencrypted, and store.sse asks for aws:kms" in stored(store, "clear")
        assert "(for good)" in stored(store, "clear")
    odd.drops = {KEY}
    for _ in range(2):
        assert "s3://bucket/key is stored with another key" in stored(store, "key")
    odd.drops, odd.unkept = set(), {ENCRYPTION}
    assert stored(store, "repeated") == ""
    assert "is stored unencrypted" in stored(store, "repeated")
    last = list(self_test(store))[-1]
    assert (last.name, last.passed) == ("accepts the same bytes again", False)
    odd.unkept = set()
    assert stored(store, "well") == stored(store, "well") == ""
    assert [result.text for result in self_test(store) if result.name == "encrypts it"] == ["aws:kms"]


@pytest.mark.parametrize(
    ("answer", "asked", "is_well"),
    [
        ({"ServerSideEncryption": "AES256"}, StoreOptions(sse="AES256"), True),
        ({}, StoreOptions(), True),
        ({"ServerSideEncryption": "aws:kms"}, StoreOptions(), True),
        ({"ServerSideEncryption": ""}, StoreOptions(sse="AES256"), False),
        ({"ServerSideEncryption": None}, StoreOptions(sse="AES256"), False),
        ({"ServerSideEncryption": "AES256"}, StoreOptions(sse="aws:kms"), False),
        ({"ServerSideEncryption": "aws:kms"}, StoreOptions(sse="AES256"), False),
        ({"ServerSideEncryption": "aws:kms"}, KMS, False),
        ({"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "arn:aws:kms:us-east-1:1:key/other"}, KMS, False),
        ({"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "planted"}, KMS, True),
        ({"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "a/b"}, replace(KMS, kms_key_id="alias/bell"), True),
        ({"ServerSideEncryption": "aws:kms"}, replace(KMS, kms_key_id="alias/bell"), False),
    ],
)
def test_answer_is_compared_with_the_encryption_asked_for(
    answer: dict[str, Any], asked: StoreOptions, *, is_well: bool
) -> None:
    with nullcontext() if is_well else pytest.raises(StoreError, match="is stored"):
        check_encryption(answer, asked, "s3://bucket/a")


def test_answer_that_is_no_stores_is_refused(odd: OddStore, bucket: Store) -> None:
    odd.answer = (200, b"<html><title>Console</title></html>")
    assert "not by an S3 store" in stored(bucket, "a")


def test_hold_tags_each_object_once(odd: OddStore, bucket: Store) -> None:
    assert isinstance(bucket, S3Store)
    bucket.put("a", b"x", Lifetime.PASSES)
    bucket.hold(["a", "a"], "kim")
    assert odd.requests.count(("PUT", "/bucket/a?tagging")) == 1
