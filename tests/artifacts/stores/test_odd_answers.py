"""Answers that S3 does not give: each is a StoreError of one sentence, and stops no other run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from firstbell.artifacts.policy import Lifetime
from firstbell.artifacts.spool import GIVE_UP_AFTER, Spool
from firstbell.artifacts.stores import Denied, Store, StoreError, StoreOptions, open_store
from firstbell.artifacts.stores.memory import MemoryStore
from firstbell.artifacts.stores.self_test import self_test
from tests.support.odd_store import OddStore, odd_store


@pytest.fixture
def odd(monkeypatch: pytest.MonkeyPatch) -> Iterator[OddStore]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "planted")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr("firstbell.artifacts.stores.s3.TRIES", 1)
    with odd_store() as store:
        yield store


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
        if odd.answer[0] >= 300:
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
