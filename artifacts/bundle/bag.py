"""BagIt bags (RFC 8493): files with their hashes, so `sha256sum -c` tells whether a file changed."""

from __future__ import annotations

import hashlib
import io
import re
import stat
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from firstbell.errors import FirstBellError

DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
MANIFEST, TAG_MANIFEST, SIGNATURE = "manifest-sha256.txt", "tagmanifest-sha256.txt", "tagmanifest-sha256.txt.minisig"
LARGEST_BYTES = 1 << 30
_MANIFEST_ROW = re.compile(r"([0-9a-f]{64})  ([^\r\n]+)")


class InvalidBag(FirstBellError):
    """A folder or a zip is not a bag; the message says why."""


@dataclass(frozen=True, slots=True)
class BagCheck:
    """The result of one check of a bag."""

    name: str
    passed: bool


def make_bag(files: Mapping[str, bytes], info: Mapping[str, str]) -> dict[str, bytes]:
    """Return a bag's members by name: the files under data/, and the tag files that describe them."""
    bag = {f"data/{name}": data for name, data in sorted(files.items())}
    size = sum(map(len, files.values()))
    info_rows = {**info, "Payload-Oxum": f"{size}.{len(files)}"}
    tags = {
        "bagit.txt": DECLARATION,
        "bag-info.txt": "".join(f"{name}: {_one_line(value)}\n" for name, value in info_rows.items()).encode(),
        MANIFEST: _rows(bag),
    }
    return {**bag, **tags, TAG_MANIFEST: _rows(tags)}


def digest_of(bag: Mapping[str, bytes]) -> str:
    """Return the hash of a whole bag: it covers the manifests, which cover every file."""
    return hashlib.sha256(bag[TAG_MANIFEST]).hexdigest()


def read_bag(path: Path) -> dict[str, bytes]:
    """Return the members of a bag in a folder or a zip. Follows no link and no name out of it. Raises InvalidBag."""
    members = _zip_members(path) if path.is_file() else _folder_members(path)
    roots = {name.partition("/")[0] for name in members}
    if "bagit.txt" not in members and len(roots) == 1:
        members = {name.partition("/")[2]: data for name, data in members.items()}
    if "bagit.txt" not in members:
        raise InvalidBag(f"{path} is not a bag: it has no bagit.txt")
    return members


def check_bag(bag: Mapping[str, bytes]) -> list[BagCheck]:
    """Check that every listed file of a bag is there and matches its hash, and that no manifest leaves one out.

    Not checked: the signature, which tells who made the bag (`signature.verify`).
    """
    checks = [BagCheck("is a bag of version 1.0 (RFC 8493)", passed=bag.get("bagit.txt") == DECLARATION)]
    for manifest, is_listed in ((TAG_MANIFEST, _is_tag), (MANIFEST, _is_payload)):
        if manifest not in bag:
            return [*checks, BagCheck(f"{manifest} is there", passed=False)]
        listed = _read_rows(bag[manifest])
        if listed is None:
            return [*checks, BagCheck(f"{manifest} can be read", passed=False)]
        actual = {name: hashlib.sha256(data).hexdigest() for name, data in bag.items() if is_listed(name)}
        changed = sorted(name for name in listed if name in actual and actual[name] != listed[name])
        missing, extra = sorted(set(listed) - set(actual)), sorted(set(actual) - set(listed))
        checks += [BagCheck(f"{name[:80]} is unchanged", passed=False) for name in changed]
        checks += [BagCheck(f"{name[:80]} is there", passed=False) for name in missing]
        checks += [BagCheck(f"{name[:80]} belongs to the bag", passed=False) for name in extra]
        if not (changed or missing or extra):
            checks.append(BagCheck(f"{len(listed)} files match {manifest}", passed=True))
    return checks


def _is_tag(name: str) -> bool:
    """Tell whether the manifest of tag files must list a member: each that is no payload, in whatever folder."""
    return not _is_payload(name) and name not in (TAG_MANIFEST, SIGNATURE)


def _is_payload(name: str) -> bool:
    return name.startswith("data/")


def _rows(files: Mapping[str, bytes]) -> bytes:
    return "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items())).encode()


def _read_rows(manifest: bytes) -> dict[str, str] | None:
    rows: dict[str, str] = {}
    for line in manifest.decode(errors="replace").splitlines():
        row = _MANIFEST_ROW.fullmatch(line)
        if not row or row[2] in rows or not _is_inside(row[2]):
            return None
        rows[row[2]] = row[1]
    return rows


def _is_inside(name: str) -> bool:
    pure = PurePosixPath(name)
    return not pure.is_absolute() and ".." not in pure.parts and "\\" not in name and bool(pure.parts)


def _folder_members(folder: Path) -> dict[str, bytes]:
    if not folder.is_dir():
        raise InvalidBag(f"{folder} is neither a folder nor a zip")
    members = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            raise InvalidBag(f"{path.relative_to(folder)} is a link, and a bag has none")
        if not path.is_dir() and not path.is_file():
            raise InvalidBag(f"{path.relative_to(folder)} is neither a file nor a folder, and a bag has no such thing")
        if path.is_file():
            members[path.relative_to(folder).as_posix()] = path.read_bytes()
    return members


def _zip_members(file: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(file.read_bytes())) as source:
            members = [member for member in source.infolist() if not member.is_dir()]
            if sum(member.file_size for member in members) > LARGEST_BYTES:
                raise InvalidBag(f"{file} is larger than any bag when unpacked")
            names = [member.filename for member in members]
            has_link = any(stat.S_ISLNK(member.external_attr >> 16) for member in members)
            if has_link or not all(map(_is_inside, names)) or len(set(names)) != len(names):
                raise InvalidBag(f"{file} has links, duplicate names, or names that lead out of it: it is not a bag")
            return {member.filename: source.read(member) for member in members}
    except (zipfile.BadZipFile, RuntimeError, EOFError, OSError) as error:
        raise InvalidBag(f"{file} is neither a folder nor a zip that can be read ({type(error).__name__})") from None


def _one_line(value: str) -> str:
    return " ".join(value.split())
