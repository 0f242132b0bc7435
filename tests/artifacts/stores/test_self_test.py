"""`store check` proves what is configured, and names what a store lacks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from firstbell.artifacts.stores import Store, StoreOptions, open_store
from firstbell.artifacts.stores.self_test import SelfTestResult, self_test
from tests.support.hosts import Authority
from tests.support.odd_store import ENCRYPTION, MODE, TAGGING, UNTIL, OddStore, odd_store

LOCKS = "locks evidence of failures"
UNCONDITIONAL = "refuses a PUT that could overwrite"
LACKING = {
    "if-none-match": "does not support If-None-Match",
    TAGGING: "does not support tags; set store.tags = false",
    ENCRYPTION: "does not support this encryption",
}
NAMELESS = "<Error><Code>NotImplemented</Code><Message>A header you provided is not implemented</Message></Error>"


def bucket(url: str, **options: Any) -> Store:
    return open_store("s3://bucket", StoreOptions(endpoint_url=url, **options))


def results_of(store: Store) -> dict[str, SelfTestResult]:
    return {result.name: result for result in self_test(store)}


def last_of(store: Store) -> SelfTestResult:
    return list(self_test(store))[-1]


def test_lock_is_proven_on_an_object_of_a_failure(odd: OddStore) -> None:
    store = bucket(odd.url, lock_days=30)
    locked = results_of(store)[LOCKS]
    assert (locked.passed, locked.text[:6]) == (True, "until ")
    odd.drops = {MODE, UNTIL}
    assert "accepts locks and drops them" in last_of(store).text
    odd.drops, odd.locks_for_days = set(), 1
    assert "UTC only, not for 30 days" in last_of(store).text
    odd.locks_for_days, odd.may_delete_locked = 0, True
    assert "deleted in spite of its lock" in last_of(store).text
    odd.may_delete_locked, odd.drops = False, {"if-none-match"}
    assert "this bucket ignores If-None-Match" in last_of(store).text


def test_put_without_a_condition_is_a_warning_unless_it_is_refused(odd: OddStore) -> None:
    store = bucket(odd.url)
    warned = results_of(store)[UNCONDITIONAL]
    assert (warned.passed, warned.is_fine) == (True, False)
    assert "may overwrite" in warned.text
    odd.refused_plain = True
    assert results_of(store)[UNCONDITIONAL].is_fine


def test_store_that_lacks_something_is_told_what_it_is(odd: OddStore) -> None:
    store = bucket(odd.url, sse="AES256")
    for odd.says_501 in ("<Error><Message>{header}</Message></Error>", NAMELESS, "<Error/>", ""):
        for header, words in LACKING.items():
            odd.unknown = {header}
            last = last_of(store)
            assert (last.name, last.passed) == ("stores an object", False)
            assert words in last.text


def test_refusal_that_keeps_the_other_bytes_fails(odd: OddStore) -> None:
    odd.keeps_refused = True
    last = last_of(bucket(odd.url))
    assert (last.name, last.text) == (
        "refuses other bytes under the same name",
        "they were refused, and kept all the same",
    )


def test_no_advice_turns_versioning_on(odd: OddStore) -> None:
    deleted = results_of(bucket(odd.url))["keeps it from being deleted"]
    assert deleted.text == "this machine may delete for good; remove s3:DeleteObject"


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_link_opens_through_the_authority_that_the_store_is_reached_by(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, credentials: None
) -> None:
    del credentials
    authority = Authority(tmp_path)
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    monkeypatch.setenv(variable, str(authority.file))
    with odd_store(authority.context("localhost")) as odd:
        link = results_of(bucket(odd.url))["makes links that open"]
    assert (link.passed, link.text) == (True, "as requested, for 60 s")
