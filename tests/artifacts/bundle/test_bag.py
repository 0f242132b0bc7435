"""Bags: changes are found by us, by sha256sum and by minisign; hostile bags are refused."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from firstbell.artifacts.bundle import bag
from firstbell.artifacts.bundle.signature import BadKey, new_private_key, public_key, sign, verify

FILES = {"index.html": b"<p>", "attempt-1/student/trace.zip": b"PK"}
NOW = datetime(2026, 8, 31, 12, tzinfo=UTC)


@pytest.fixture
def made() -> dict[str, bytes]:
    return bag.make_bag(FILES, {"Source-Organization": "Bayfront\nCounty"})


def failed_checks(members: dict[str, bytes]) -> list[str]:
    return [check.name for check in bag.check_bag(members) if not check.passed]


def lay_out(members: dict[str, bytes], folder: Path) -> Path:
    for name, data in members.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def test_new_bag_passes_all_checks_and_has_one_line_per_info_field(made: dict[str, bytes]) -> None:
    assert failed_checks(made) == []
    assert made["bag-info.txt"] == b"Source-Organization: Bayfront County\nPayload-Oxum: 5.2\n"


def test_sha256sum_accepts_a_bag(made: dict[str, bytes], tmp_path: Path) -> None:
    lay_out(made, tmp_path)
    command = ["sha256sum", "-c", "--strict", bag.MANIFEST, bag.TAG_MANIFEST]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count(": OK") == 5


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"data/index.html": b"<b>"}, "data/index.html is unchanged"),
        ({"data/index.html": None}, "data/index.html is there"),
        ({"data/more.txt": b"x"}, "data/more.txt belongs to the bag"),
        ({"bag-info.txt": b"x"}, "bag-info.txt is unchanged"),
        ({"note.txt": b"x"}, "note.txt belongs to the bag"),
        ({"notes/more.txt": b"x"}, "notes/more.txt belongs to the bag"),
        ({"Data/index.html": b"x"}, "Data/index.html belongs to the bag"),
        ({"manifest-md5.txt": b"x"}, "manifest-md5.txt belongs to the bag"),
        ({f"data/{bag.SIGNATURE}": b"x"}, f"data/{bag.SIGNATURE} belongs to the bag"),
        ({f"sub/{bag.SIGNATURE}": b"x"}, f"sub/{bag.SIGNATURE} belongs to the bag"),
        ({bag.MANIFEST: None}, f"{bag.MANIFEST} is there"),
        ({bag.TAG_MANIFEST: b"nonsense"}, f"{bag.TAG_MANIFEST} can be read"),
        ({bag.TAG_MANIFEST: b"0" * 64 + b"  ../../etc/passwd\n"}, f"{bag.TAG_MANIFEST} can be read"),
    ],
)
def test_changed_missing_and_extra_files_of_a_bag_are_named(
    made: dict[str, bytes], change: dict[str, bytes | None], said: str
) -> None:
    changed = {name: data for name, data in (made | change).items() if data is not None}
    assert said in failed_checks(changed)


def test_forged_file_with_a_forged_manifest_is_found_by_the_tag_manifest(
    made: dict[str, bytes],
) -> None:
    made["data/index.html"] = b"forged"
    digest = hashlib.sha256(b"forged").hexdigest()
    rows = [row for row in made[bag.MANIFEST].decode().splitlines() if "index.html" not in row]
    made[bag.MANIFEST] = "\n".join([*rows, f"{digest}  data/index.html"]).encode() + b"\n"
    assert failed_checks(made) == [f"{bag.MANIFEST} is unchanged"]


def test_bags_are_read_from_folders_and_zips(made: dict[str, bytes], tmp_path: Path) -> None:
    lay_out(made, tmp_path / "folder")
    shutil.make_archive(str(tmp_path / "flat"), "zip", tmp_path / "folder")
    shutil.make_archive(str(tmp_path / "deep"), "zip", tmp_path, "folder")
    for place in ("folder", "flat.zip", "deep.zip"):
        assert bag.read_bag(tmp_path / place) == made


def hostile_zip(name: str, attributes: int = 0) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as target:
        member = zipfile.ZipInfo(name)
        member.external_attr = attributes
        target.writestr(member, b"x")
    return written.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        hostile_zip("../../outside"),
        hostile_zip("/etc/passwd"),
        hostile_zip("bagit.txt", 0o120777 << 16),
        hostile_zip("a.txt"),
        b"no zip",
    ],
    ids=["out", "absolute", "link", "no bag", "no zip"],
)
def test_hostile_zip_is_refused_as_a_bag(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "it.zip").write_bytes(data)
    with pytest.raises(bag.InvalidBag):
        bag.read_bag(tmp_path / "it.zip")


def test_folder_with_a_link_is_refused_as_a_bag(made: dict[str, bytes], tmp_path: Path) -> None:
    lay_out(made, tmp_path)
    (tmp_path / "data" / "link").symlink_to("/etc/passwd")
    with pytest.raises(bag.InvalidBag, match="is a link"):
        bag.read_bag(tmp_path)


def test_signature_is_valid_for_its_content_and_key_only() -> None:
    key, other = new_private_key(), new_private_key()
    signed = sign(b"content", key, "file", NOW)
    assert verify(b"content", signed, public_key(key)) == ""
    assert verify(b"changed", signed, public_key(key)) == "the content was changed after it was signed"
    assert verify(b"content", signed, public_key(other)) == "the signature was made with another key"
    assert verify(b"content", signed.replace(b"file:file", b"file:else"), public_key(key)) != ""
    assert verify(b"content", b"nonsense", public_key(key)) == "the signature cannot be read"
    with pytest.raises(BadKey):
        verify(b"content", signed, "nonsense")


@pytest.mark.skipif(
    not shutil.which("minisign"), reason="no minisign on this machine; to run it: apt-get install minisign"
)
def test_minisign_accepts_our_signature_and_refuses_changed_content(tmp_path: Path) -> None:
    key = new_private_key()
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "file.minisig").write_bytes(sign(b"content", key, "file", NOW))
    command = ["minisign", "-Vm", "file", "-P", public_key(key)]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0
    (tmp_path / "file").write_bytes(b"changed")
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode != 0
