"""Retention: expired objects are removed, held and foreign files stay, and nothing outside the folder is touched."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from firstbell.artifacts.holds import HOLDS, UnreadableHold
from firstbell.artifacts.packing import RunLocation, pack
from firstbell.artifacts.policy import Lifetime
from firstbell.artifacts.retention import Retention, SweepResult, expiry_of, lifetime_of, sweep
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
        ("foreign/file", Lifetime.PASSES, None),
    ],
)
def test_expiry_follows_from_name_and_lifetime(name: str, lifetime: Lifetime, ends: str | None) -> None:
    match = expiry_of(name, lifetime, KEEP)
    assert (match and f"{match:%Y-%m-%d}") == ends


@pytest.mark.parametrize(
    ("document", "lifetime"),
    [
        ({"outcome": "passed", "flaky": False}, Lifetime.PASSES),
        ({"outcome": "passed", "flaky": True}, Lifetime.FAILURES),
        ({"outcome": "failed", "flaky": False}, Lifetime.FAILURES),
        ({}, Lifetime.FAILURES),
    ],
)
def test_lifetime_follows_from_run_json(document: dict[str, object], lifetime: Lifetime) -> None:
    assert lifetime_of(json.dumps(document).encode()) is lifetime


def store_run(store: FolderStore, run: str, started_at: datetime, outcome: str) -> list[str]:
    lifetime = Lifetime.PASSES if outcome == "passed" else Lifetime.FAILURES
    prefix = f"runs/{started_at:%Y-%m-%d}/live-class/{run}"
    document = json.dumps({"outcome": outcome, "flaky": False}).encode()
    picture = b"\xff\xd8" + run.encode() * 400
    run_location = RunLocation(prefix=prefix, lifetime=lifetime, started_at=started_at)
    objects = pack({"run.json": document}, run_location)
    objects[run_location.part(picture)] = picture
    for name, data in objects.items():
        store.put(name, data, lifetime)
    return list(objects)


def test_sweep_removes_expired_runs_and_keeps_held_young_and_foreign_files(tmp_path: Path) -> None:
    store = FolderStore(str(tmp_path), StoreOptions())
    old = store_run(store, "old-pass", AUGUST, "passed")
    held = store_run(store, "held-pass", AUGUST, "passed")
    failure = store_run(store, "old-failure", AUGUST, "failed")
    young = store_run(store, "young-pass", AUGUST + 9 * DAY, "passed")
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


def test_sweep_does_not_follow_links_out_of_the_folder(tmp_path: Path) -> None:
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


def test_sweep_ignores_linked_subfolders_and_accepts_a_linked_root(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "volume"
    (outside / "empty").mkdir(parents=True)
    root.mkdir()
    for top in ("runs", "parts", "shared", "checks"):
        (root / top).symlink_to(outside)
    assert sweep(root, KEEP, AUGUST) == SweepResult()
    assert (outside / "empty").is_dir()
    (root / "runs").unlink()
    store_run(FolderStore(str(root), StoreOptions()), "old", AUGUST - 30 * DAY, "passed")
    (root / "runs/2026-08-01/live-class/endless").mkdir()
    (root / "runs/2026-08-01/live-class/endless/run.json").symlink_to("/dev/zero")
    (tmp_path / "evidence").symlink_to(root)
    assert sweep(tmp_path / "evidence", KEEP, AUGUST).runs == 1
    assert (root / "runs/2026-08-01/live-class/endless").is_dir()  # Unread is kept as long as a failure.


def test_sweep_removes_nothing_if_a_hold_cannot_be_read(tmp_path: Path) -> None:
    store = FolderStore(str(tmp_path), StoreOptions())
    old = store_run(store, "old", AUGUST - 30 * DAY, "passed")
    store.hold(old, by="kim: for the claim")
    (note,) = (tmp_path / HOLDS).rglob("*.json")
    note.write_text(note.read_text()[:40])
    with pytest.raises(UnreadableHold, match=r"held\.json cannot be read; repair it: until then nothing is removed"):
        sweep(tmp_path, KEEP, AUGUST)
    (note.parent / ".unfinished-1").write_text("{")
    note.unlink()
    (tmp_path / HOLDS / "mine.txt").write_text("?")
    with pytest.raises(UnreadableHold, match=r"mine\.txt is not a note about a hold"):
        sweep(tmp_path, KEEP, AUGUST)
    (tmp_path / HOLDS / "mine.txt").unlink()
    assert sweep(tmp_path, KEEP, AUGUST).runs == 1


def test_part_with_two_holds_is_removed_after_both_have_ended(tmp_path: Path) -> None:
    store = FolderStore(str(tmp_path), StoreOptions())
    old = store_run(store, "old", AUGUST - 90 * DAY, "passed")
    store.hold(old, by="kim")
    store.hold([name for name in old if name.startswith("parts/")], by="lee")
    store.let_go(old, Lifetime.PASSES)
    assert [held.by for held in store.held()] == ["lee"]
    swept = sweep(tmp_path, KEEP, AUGUST)
    assert (swept.runs, swept.parts) == (1, 0)
    store.let_go([name for name in old if name.startswith("parts/")], Lifetime.PASSES)
    assert sweep(tmp_path, KEEP, AUGUST).parts == 1


def test_unfinished_file_is_never_listed_and_removed_after_a_day(tmp_path: Path) -> None:
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
def test_sweep_reports_what_it_cannot_remove_and_removes_the_rest(tmp_path: Path) -> None:
    store = FolderStore(str(tmp_path), StoreOptions())
    for run in ("a", "b", "c"):
        store_run(store, run, AUGUST - 30 * DAY, "passed")
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


def test_lifecycle_rules_keep_parts_longer_than_the_runs_that_need_them() -> None:
    halved = Retention(days={**KEEP.days, Lifetime.PASSES: 6.5})
    rules = {rule["ID"]: rule for rule in lifecycle("bell/", halved, StoreOptions())["Rules"]}
    assert rules["firstbell-passes-runs"]["Expiration"]["Days"] == 7
    assert rules["firstbell-passes-parts"]["Expiration"]["Days"] == 7 + 31 + 7
    wanted = {"Prefix": "bell/parts/failures/", "Tags": [{"Key": "firstbell-lifetime", "Value": "failures"}]}
    assert rules["firstbell-failures-parts"]["Filter"] == {"And": wanted}
    assert not [rule for rule in rules.values() if "held" in json.dumps(rule)]
    untagged = lifecycle("", KEEP, StoreOptions(tags=False))["Rules"]
    assert [rule["ID"] for rule in untagged] == ["firstbell-everything", "firstbell-leftovers"]


def allowed_actions(name: str) -> set[str]:
    options = StoreOptions(sse="aws:kms", kms_key_id="arn:aws:kms:key", lock_days=30)
    statements = access_policy("bucket", "bell/", options, name=name)["Statement"]
    allowed = [statement for statement in statements if statement["Effect"] == "Allow"]
    inside = {
        "arn:aws:s3:::bucket/bell/*",
        "arn:aws:s3:::bucket/bell/holds/*",
        "arn:aws:s3:::bucket",
        "arn:aws:kms:key",
    }
    assert {statement["Resource"] for statement in allowed} <= inside
    for statement in allowed:
        if "s3:PutObject" in statement["Action"]:
            assert statement["Condition"]["Null"] == {"s3:if-none-match": "false"}
        if statement["Resource"] == "arn:aws:s3:::bucket":
            assert statement["Condition"] == {"StringLike": {"s3:prefix": "bell/*"}}
    return {action for statement in allowed for action in statement["Action"]}


def test_policies_allow_the_least_and_never_a_delete() -> None:
    assert allowed_actions("agent") == {
        "s3:PutObject",
        "s3:PutObjectTagging",
        "s3:PutObjectRetention",
        "kms:GenerateDataKey",
    }
    assert allowed_actions("reader") == {"s3:GetObject", "s3:GetObjectRetention", "s3:ListBucket", "kms:Decrypt"}
    assert allowed_actions("keeper") - allowed_actions("reader") == {
        "s3:PutObject",
        "s3:PutObjectTagging",
        "s3:PutObjectRetention",
        "s3:PutObjectLegalHold",
        "kms:GenerateDataKey",
    }


def test_agent_policy_cannot_tag_objects_as_held() -> None:
    tagging = [
        statement
        for statement in access_policy("b", "", StoreOptions(), name="agent")["Statement"]
        if statement["Sid"] == "TagWithALifetime"
    ]
    assert tagging[0]["Condition"]["StringEquals"] == {
        "s3:RequestObjectTag/firstbell-lifetime": ["passes", "failures", "shared"]
    }
