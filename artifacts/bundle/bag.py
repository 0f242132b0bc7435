"""A BagIt bag (RFC 8493): files with their hashes beside them, so that `sha256sum -c` tells whether one changed."""

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
_ROW = re.compile(r"([0-9a-f]{64})  ([^\r\n]+)")


class InvalidBag(FirstBellError):
    """Something is no bag that could be checked; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BagCheck:
    """One thing that was checked, and whether it holds."""

    what: str
    holds: bool


def make_bag(files: Mapping[str, bytes], info: Mapping[str, str]) -> dict[str, bytes]:
    """A bag's members by name: the files under data/, and the tag files that tell of them."""
    bag = {f"data/{name}": data for name, data in sorted(files.items())}
    size = sum(map(len, files.values()))
    told = {**info, "Payload-Oxum": f"{size}.{len(files)}"}
    tags = {
        "bagit.txt": DECLARATION,
        "bag-info.txt": "".join(f"{name}: {_one_line(value)}\n" for name, value in told.items()).encode(),
        MANIFEST: _rows(bag),
    }
    return {**bag, **tags, TAG_MANIFEST: _rows(tags)}


def digest_of(bag: Mapping[str, bytes]) -> str:
    """The one hash that stands for the whole bag: it covers the manifests, which cover everything."""
    return hashlib.sha256(bag[TAG_MANIFEST]).hexdigest()


def read_bag(place: Path) -> dict[str, bytes]:
    """The members of a bag in a folder or a zip, without ever following a link or a name out of it. Raises
    InvalidBag."""
    found = _zip_members(place) if place.is_file() else _folder_members(place)
    roots = {name.partition("/")[0] for name in found}
    if "bagit.txt" not in found and len(roots) == 1:
        found = {name.partition("/")[2]: data for name, data in found.items()}
    if "bagit.txt" not in found:
        raise InvalidBag(f"{place} is no bag: it has no bagit.txt")
    return found


def check_bag(bag: Mapping[str, bytes]) -> list[BagCheck]:
    """What holds of a bag: that every file is there, is what its hash says, and that there is no other one."""
    findings = [BagCheck(what="is a bag of version 1.0 (RFC 8493)", holds=bag.get("bagit.txt") == DECLARATION)]
    for manifest, is_listed in ((TAG_MANIFEST, _is_tag), (MANIFEST, _is_payload)):
        if manifest not in bag:
            return [*findings, BagCheck(what=f"{manifest} is there", holds=False)]
        wanted = _read_rows(bag[manifest])
        if wanted is None:
            return [*findings, BagCheck(what=f"{manifest} can be read", holds=False)]
        there = {name: hashlib.sha256(data).hexdigest() for name, data in bag.items() if is_listed(name)}
        changed = sorted(name for name in wanted if name in there and there[name] != wanted[name])
        lost, extra = sorted(set(wanted) - set(there)), sorted(set(there) - set(wanted))
        findings += [BagCheck(what=f"{name[:80]} is unchanged", holds=False) for name in changed]
        findings += [BagCheck(what=f"{name[:80]} is there", holds=False) for name in lost]
        findings += [BagCheck(what=f"{name[:80]} belongs to it", holds=False) for name in extra]
        if not (changed or lost or extra):
            findings.append(BagCheck(what=f"{len(wanted)} files are what {manifest} says", holds=True))
    return findings


def _is_tag(name: str) -> bool:
    return "/" not in name and name not in (TAG_MANIFEST, SIGNATURE)


def _is_payload(name: str) -> bool:
    return name.startswith("data/")


def _rows(files: Mapping[str, bytes]) -> bytes:
    return "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items())).encode()


def _read_rows(manifest: bytes) -> dict[str, str] | None:
    rows: dict[str, str] = {}
    for line in manifest.decode(errors="replace").splitlines():
        found = _ROW.fullmatch(line)
        if not found or found[2] in rows or not _is_inside(found[2]):
            return None
        rows[found[2]] = found[1]
    return rows


def _is_inside(name: str) -> bool:
    pure = PurePosixPath(name)
    return not pure.is_absolute() and ".." not in pure.parts and "\\" not in name and bool(pure.parts)


def _folder_members(folder: Path) -> dict[str, bytes]:
    if not folder.is_dir():
        raise InvalidBag(f"{folder} is neither a folder nor a zip")
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            raise InvalidBag(f"{path.relative_to(folder)} is a link, and a bag has none")
        if path.is_file():
            found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


def _zip_members(file: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(file.read_bytes())) as source:
            members = [member for member in source.infolist() if not member.is_dir()]
            if sum(member.file_size for member in members) > LARGEST_BYTES:
                raise InvalidBag(f"{file} unpacks to more than any bag holds")
            names = [member.filename for member in members]
            odd = [one for one in members if not _is_inside(one.filename) or stat.S_ISLNK(one.external_attr >> 16)]
            if odd or len(set(names)) != len(names):
                raise InvalidBag(f"{file} has members with names that no bag has")
            return {member.filename: source.read(member) for member in members}
    except (zipfile.BadZipFile, RuntimeError, EOFError, OSError) as error:
        raise InvalidBag(f"{file} is neither a folder nor a zip that can be read ({type(error).__name__})") from None


def _one_line(value: str) -> str:
    return " ".join(value.split())
