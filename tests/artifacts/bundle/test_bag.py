"""A bag says whether anything in it changed, to us and to plain sha256sum and minisign; hostile ones harm nobody."""

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


def broken(members: dict[str, bytes]) -> list[str]:
    return [finding.what for finding in bag.check_bag(members) if not finding.holds]


def lay_out(members: dict[str, bytes], folder: Path) -> Path:
    for name, data in members.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def test_a_bag_is_whole_and_its_info_is_one_line_each(made: dict[str, bytes]) -> None:
    assert broken(made) == []
    assert made["bag-info.txt"] == b"Source-Organization: Bayfront County\nPayload-Oxum: 5.2\n"


def test_plain_sha256sum_finds_it_unchanged(made: dict[str, bytes], tmp_path: Path) -> None:
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
        ({"data/more.txt": b"x"}, "data/more.txt belongs to it"),
        ({"bag-info.txt": b"x"}, "bag-info.txt is unchanged"),
        ({"note.txt": b"x"}, "note.txt belongs to it"),
        ({bag.MANIFEST: None}, f"{bag.MANIFEST} is there"),
        ({bag.TAG_MANIFEST: b"nonsense"}, f"{bag.TAG_MANIFEST} can be read"),
        ({bag.TAG_MANIFEST: b"0" * 64 + b"  ../../etc/passwd\n"}, f"{bag.TAG_MANIFEST} can be read"),
    ],
)
def test_whatever_was_changed_is_named(made: dict[str, bytes], change: dict[str, bytes | None], said: str) -> None:
    changed = {name: data for name, data in (made | change).items() if data is not None}
    assert said in broken(changed)


def test_a_changed_file_with_a_manifest_to_match_does_not_match_the_manifest_of_manifests(
    made: dict[str, bytes],
) -> None:
    made["data/index.html"] = b"forged"
    digest = hashlib.sha256(b"forged").hexdigest()
    rows = [row for row in made[bag.MANIFEST].decode().splitlines() if "index.html" not in row]
    made[bag.MANIFEST] = "\n".join([*rows, f"{digest}  data/index.html"]).encode() + b"\n"
    assert broken(made) == [f"{bag.MANIFEST} is unchanged"]


def test_bags_are_read_from_folders_and_zips_alike(made: dict[str, bytes], tmp_path: Path) -> None:
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
def test_what_is_no_bag_is_said_so(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "it.zip").write_bytes(data)
    with pytest.raises(bag.InvalidBag):
        bag.read_bag(tmp_path / "it.zip")


def test_a_folder_with_a_link_in_it_is_no_bag(made: dict[str, bytes], tmp_path: Path) -> None:
    lay_out(made, tmp_path)
    (tmp_path / "data" / "link").symlink_to("/etc/passwd")
    with pytest.raises(bag.InvalidBag, match="is a link"):
        bag.read_bag(tmp_path)


def test_a_signature_holds_for_its_content_and_its_key_alone() -> None:
    key, other = new_private_key(), new_private_key()
    signed = sign(b"content", key, "file", NOW)
    assert verify(b"content", signed, public_key(key)) == ""
    assert verify(b"changed", signed, public_key(key)) == "the signature is not of this content"
    assert verify(b"content", signed, public_key(other)) == "it was made with another key"
    assert verify(b"content", signed.replace(b"file:file", b"file:else"), public_key(key)) != ""
    assert verify(b"content", b"nonsense", public_key(key)) == "the signature cannot be read"
    with pytest.raises(BadKey):
        verify(b"content", signed, "nonsense")


@pytest.mark.skipif(
    not shutil.which("minisign"), reason="no minisign on this machine; to run it: apt-get install minisign"
)
def test_minisign_itself_accepts_what_we_sign_and_refuses_what_changed(tmp_path: Path) -> None:
    key = new_private_key()
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "file.minisig").write_bytes(sign(b"content", key, "file", NOW))
    command = ["minisign", "-Vm", "file", "-P", public_key(key)]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0
    (tmp_path / "file").write_bytes(b"changed")
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode != 0
