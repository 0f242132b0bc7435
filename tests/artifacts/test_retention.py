"""What is past its time goes, what is held or not ours stays, and nothing outside the folder is ever touched."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from firstbell.artifacts.holds import HOLDS, UnreadableHold
from firstbell.artifacts.lifetime import Lifetime
from firstbell.artifacts.packing import RunLocation, pack
from firstbell.artifacts.retention import Retention, SweepResult, ends_of, lifetime_of, sweep
from firstbell.artifacts.stores import StoreOptions
from firstbell.artifacts.stores.folder import FolderStore
from firstbell.artifacts.stores.s3_policies import access_policy, lifecycle

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
    shelf = RunLocation(prefix=prefix, lifetime=lifetime, started_at=started_at)
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


def test_links_at_the_top_lead_nowhere_and_a_root_that_is_one_is_swept(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "volume"
    (outside / "empty").mkdir(parents=True)
    root.mkdir()
    for top in ("runs", "parts", "shared", "checks"):
        (root / top).symlink_to(outside)
    assert sweep(root, KEEP, AUGUST) == SweepResult()
    assert (outside / "empty").is_dir()
    (root / "runs").unlink()
    keep(FolderStore(str(root), StoreOptions()), "old", AUGUST - 30 * DAY, "passed")
    (root / "runs/2026-08-01/live-class/endless").mkdir()
    (root / "runs/2026-08-01/live-class/endless/run.json").symlink_to("/dev/zero")
    (tmp_path / "evidence").symlink_to(root)
    assert sweep(tmp_path / "evidence", KEEP, AUGUST).runs == 1
    assert (root / "runs/2026-08-01/live-class/endless").is_dir()  # Unread is kept as long as a failure.


def test_a_hold_that_cannot_be_read_lets_nothing_go(tmp_path: Path) -> None:
    store = FolderStore(str(tmp_path), StoreOptions())
    old = keep(store, "old", AUGUST - 30 * DAY, "passed")
    store.hold(old, by="kim: for the claim")
    (note,) = (tmp_path / HOLDS).rglob("*.json")
    note.write_text(note.read_text()[:40])
    with pytest.raises(UnreadableHold, match=r"held\.json cannot be read; mend it, or nothing is removed"):
        sweep(tmp_path, KEEP, AUGUST)
    (note.parent / ".unfinished-1").write_text("{")
    note.unlink()
    (tmp_path / HOLDS / "mine.txt").write_text("?")
    with pytest.raises(UnreadableHold, match=r"mine\.txt is no note about a hold"):
        sweep(tmp_path, KEEP, AUGUST)
    (tmp_path / HOLDS / "mine.txt").unlink()
    assert sweep(tmp_path, KEEP, AUGUST).runs == 1


def test_what_two_people_hold_goes_when_both_have_let_it_go(tmp_path: Path) -> None:
    store = FolderStore(str(tmp_path), StoreOptions())
    old = keep(store, "old", AUGUST - 90 * DAY, "passed")
    store.hold(old, by="kim")
    store.hold([name for name in old if name.startswith("parts/")], by="lee")
    store.let_go(old, Lifetime.PASSES)
    assert [held.by for held in store.held()] == ["lee"]
    swept = sweep(tmp_path, KEEP, AUGUST)
    assert (swept.runs, swept.parts) == (1, 0)
    store.let_go([name for name in old if name.startswith("parts/")], Lifetime.PASSES)
    assert sweep(tmp_path, KEEP, AUGUST).parts == 1


def test_what_somebody_left_half_written_goes_after_a_day_and_is_never_listed(tmp_path: Path) -> None:
    store = FolderStore(str(tmp_path), StoreOptions())
    folder = tmp_path / "parts" / "passes" / "2026-08" / "ab"
    folder.mkdir(parents=True)
    (folder / ".unfinished-1").write_bytes(b"half")
    assert store.names("parts/") == []
    now = datetime.now(UTC)
    sweep(tmp_path, KEEP, now)
    assert folder.is_dir()
    sweep(tmp_path, KEEP, now + 2 * DAY)
    assert not folder.exists()


@pytest.mark.faults
def test_what_resists_is_told_and_the_rest_goes(tmp_path: Path) -> None:
    store = FolderStore(str(tmp_path), StoreOptions())
    for run in ("a", "b", "c"):
        keep(store, run, AUGUST - 30 * DAY, "passed")
    (tmp_path / "runs/2026-08-01/live-class/b/mounted").mkdir()
    mount = ["mount", "-t", "tmpfs", "small", str(tmp_path / "runs/2026-08-01/live-class/b/mounted")]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a file system cannot be mounted here; run this test as root")
    try:
        swept = sweep(tmp_path, KEEP, AUGUST)
    finally:
        subprocess.run(["umount", "--lazy", mount[-1]], check=True)
    assert swept.runs == 2
    assert swept.stuck == ("runs/2026-08-01/live-class/b: Device or resource busy",)


def test_a_bucket_is_told_to_keep_parts_longer_than_the_last_run_that_may_need_them() -> None:
    halved = Retention(days={**KEEP.days, Lifetime.PASSES: 6.5})
    rules = {rule["ID"]: rule for rule in lifecycle("bell/", halved, StoreOptions())["Rules"]}
    assert rules["firstbell-passes-runs"]["Expiration"]["Days"] == 7
    assert rules["firstbell-passes-parts"]["Expiration"]["Days"] == 7 + 31 + 7
    wanted = {"Prefix": "bell/parts/failures/", "Tags": [{"Key": "firstbell-lifetime", "Value": "failures"}]}
    assert rules["firstbell-failures-parts"]["Filter"] == {"And": wanted}
    assert not [rule for rule in rules.values() if "held" in json.dumps(rule)]
    untagged = lifecycle("", KEEP, StoreOptions(tags=False))["Rules"]
    assert [rule["ID"] for rule in untagged] == ["firstbell-everything", "firstbell-leftovers"]


def actions_of(who: str) -> set[str]:
    options = StoreOptions(sse="aws:kms", kms_key_id="arn:aws:kms:key", lock_days=30)
    statements = access_policy("bucket", "bell/", options, who=who)["Statement"]
    allowed = [one for one in statements if one["Effect"] == "Allow"]
    inside = {
        "arn:aws:s3:::bucket/bell/*",
        "arn:aws:s3:::bucket/bell/holds/*",
        "arn:aws:s3:::bucket",
        "arn:aws:kms:key",
    }
    assert {one["Resource"] for one in allowed} <= inside
    for one in allowed:
        if "s3:PutObject" in one["Action"]:
            assert one["Condition"]["Null"] == {"s3:if-none-match": "false"}
        if one["Resource"] == "arn:aws:s3:::bucket":
            assert one["Condition"] == {"StringLike": {"s3:prefix": "bell/*"}}
    return {action for one in allowed for action in one["Action"]}


def test_each_may_do_the_least_and_nobody_may_delete() -> None:
    assert actions_of("agent") == {
        "s3:PutObject",
        "s3:PutObjectTagging",
        "s3:PutObjectRetention",
        "kms:GenerateDataKey",
    }
    assert actions_of("reader") == {"s3:GetObject", "s3:ListBucket", "kms:Decrypt"}
    assert actions_of("keeper") - actions_of("reader") == {
        "s3:PutObject",
        "s3:PutObjectTagging",
        "s3:PutObjectRetention",
        "s3:PutObjectLegalHold",
        "kms:GenerateDataKey",
    }


def test_the_agent_cannot_let_go_what_somebody_holds() -> None:
    tagging = [
        one
        for one in access_policy("b", "", StoreOptions(), who="agent")["Statement"]
        if one["Sid"] == "TagWithALifetime"
    ]
    assert tagging[0]["Condition"]["StringEquals"] == {
        "s3:RequestObjectTag/firstbell-lifetime": ["passes", "failures", "shared"]
    }
