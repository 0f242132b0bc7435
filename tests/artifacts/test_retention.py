"""What is past its time goes, what is held or not ours stays, and nothing outside the folder is ever touched."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from artifacts.lifetime import Lifetime
from artifacts.parts import Shelf, pack
from artifacts.retention import Retention, ends_of, lifetime_of, sweep
from artifacts.stores import StoreOptions
from artifacts.stores.folder import FolderStore
from artifacts.stores.policies import access_policy, lifecycle

KEEP = Retention(days={Lifetime.PASSES: 7, Lifetime.FAILURES: 90, Lifetime.SHARED: 8})
DAY = timedelta(days=1)
AUGUST = datetime(2026, 8, 31, 11, 46, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "lifetime", "ends"),
    [
        ("runs/2026-08-31/live-class/20260831-114610-k3f9tq", Lifetime.PASSES, "2026-09-08"),
        ("runs/2026-08-31/live-class/20260831-114610-k3f9tq", Lifetime.FAILURES, "2026-11-30"),
        (f"parts/passes/2026-08/ab/{'ab' * 32}", Lifetime.PASSES, "2026-09-08"),
        (f"parts/failures/2026-12/ab/{'ab' * 32}", Lifetime.PASSES, "2027-04-01"),
        ("shared/2026-08-31-token", Lifetime.PASSES, "2026-09-09"),
        ("runs/2026-99-99/live-class/x", Lifetime.PASSES, None),
        ("runs/2026-08-31/../../etc", Lifetime.PASSES, None),
        (f"parts/passes/2026-13/ab/{'ab' * 32}", Lifetime.PASSES, None),
        (f"parts/for-ever/2026-08/ab/{'ab' * 32}", Lifetime.PASSES, None),
        ("checks/2026-08-31-0123abcd.txt", Lifetime.PASSES, "2026-09-01"),
        ("holds/1234.json", Lifetime.PASSES, None),
        ("somebody-elses/file", Lifetime.PASSES, None),
    ],
)
def test_what_may_go_when(name: str, lifetime: Lifetime, ends: str | None) -> None:
    found = ends_of(name, lifetime, KEEP)
    assert (found and f"{found:%Y-%m-%d}") == ends


@pytest.mark.parametrize(
    ("told", "lifetime"),
    [
        ({"outcome": "passed", "flaky": False}, Lifetime.PASSES),
        ({"outcome": "passed", "flaky": True}, Lifetime.FAILURES),
        ({"outcome": "failed", "flaky": False}, Lifetime.FAILURES),
        ({}, Lifetime.FAILURES),
    ],
)
def test_a_runs_lifetime_is_what_its_document_says(told: dict[str, object], lifetime: Lifetime) -> None:
    assert lifetime_of(json.dumps(told).encode()) is lifetime


def keep(store: FolderStore, run: str, started_at: datetime, outcome: str) -> list[str]:
    lifetime = Lifetime.PASSES if outcome == "passed" else Lifetime.FAILURES
    prefix = f"runs/{started_at:%Y-%m-%d}/live-class/{run}"
    document = json.dumps({"outcome": outcome, "flaky": False}).encode()
    picture = b"\xff\xd8" + run.encode() * 400
    shelf = Shelf(prefix=prefix, lifetime=lifetime, started_at=started_at)
    objects = pack({"run.json": document, "01-signs-in.jpg": picture}, shelf)
    for name, data in objects.items():
        store.put(name, data, lifetime)
    return list(objects)


def test_a_sweep_takes_what_is_old_and_leaves_what_is_held_or_young_or_not_ours(tmp_path: Path) -> None:
    store = FolderStore(str(tmp_path), StoreOptions())
    old = keep(store, "old-pass", AUGUST, "passed")
    held = keep(store, "held-pass", AUGUST, "passed")
    failure = keep(store, "old-failure", AUGUST, "failed")
    young = keep(store, "young-pass", AUGUST + 9 * DAY, "passed")
    store.put("shared/2026-08-30-token/index.html", b"page", Lifetime.SHARED)
    (tmp_path / "mine.txt").write_text("not of First Bell")
    store.hold(held, by="kim: for the claim")
    swept = sweep(tmp_path, KEEP, AUGUST + 10 * DAY)
    assert (swept.runs, swept.parts, swept.shared) == (1, 1, 1)
    left = set(store.names(""))
    assert not left & set(old)
    assert {*held, *failure, *young} <= left
    assert (tmp_path / "mine.txt").exists()
    store.let_go(held, Lifetime.PASSES)
    assert sweep(tmp_path, KEEP, AUGUST + 10 * DAY).runs == 1


def test_a_sweep_never_follows_a_link_out_of_its_folder(tmp_path: Path) -> None:
    outside = tmp_path / "outside" / "live-class" / "20200101-000000-aaaaaa"
    outside.mkdir(parents=True)
    (outside / "run.json").write_text("{}")
    root = tmp_path / "store"
    (root / "runs").mkdir(parents=True)
    (root / "runs" / "2020-01-01").symlink_to(tmp_path / "outside")
    (root / "runs" / "2020-01-02" / "live-class").mkdir(parents=True)
    (root / "runs" / "2020-01-02" / "live-class" / "20200101-000000-bbbbbb").symlink_to(outside)
    assert sweep(root, KEEP, AUGUST).runs == 0
    assert (outside / "run.json").exists()


def test_a_bucket_is_told_to_keep_parts_a_month_longer_than_the_runs_that_need_them() -> None:
    rules = {rule["ID"]: rule for rule in lifecycle("bell/", KEEP, StoreOptions())["Rules"]}
    assert rules["firstbell-passes-runs"]["Expiration"]["Days"] == 7
    assert rules["firstbell-passes-parts"]["Expiration"]["Days"] == 38
    wanted = {"Prefix": "bell/parts/failures/", "Tags": [{"Key": "firstbell-lifetime", "Value": "failures"}]}
    assert rules["firstbell-failures-parts"]["Filter"] == {"And": wanted}
    untagged = lifecycle("", KEEP, StoreOptions(tags=False))["Rules"]
    assert [rule["ID"] for rule in untagged] == ["firstbell-everything", "firstbell-leftovers"]


def test_the_policy_allows_no_deleting_and_nothing_outside_the_prefix() -> None:
    policy = access_policy("bucket", "bell/", StoreOptions(sse="aws:kms", kms_key_id="arn:aws:kms:key"))
    allowed = [one for one in policy["Statement"] if one["Effect"] == "Allow"]
    actions = {
        action for one in allowed for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
    }
    assert not [action for action in actions if "Delete" in action]
    assert {"s3:PutObject", "s3:PutObjectTagging", "kms:GenerateDataKey", "kms:Decrypt"} <= actions
    assert {one["Resource"] for one in allowed} == {
        "arn:aws:s3:::bucket/bell/*",
        "arn:aws:s3:::bucket",
        "arn:aws:kms:key",
    }
