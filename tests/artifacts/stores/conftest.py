"""A store that speaks S3 and is not Amazon's, with credentials for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.odd_store import OddStore, odd_store


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "planted")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr("firstbell.artifacts.stores.s3.TRIES", 1)


@pytest.fixture
def odd(credentials: None) -> Iterator[OddStore]:
    del credentials
    with odd_store() as store:
        yield store
