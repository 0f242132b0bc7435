"""`firstbell evidence verify` says what was checked: the files, and whether the signature was."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from firstbell.artifacts.bundle import bag
from firstbell.artifacts.bundle.signature import new_private_key, public_key, sign
from firstbell.runner.cli.evidence.fetch import write_bag
from firstbell.runner.cli.main import main

KEY, OTHER = new_private_key(), new_private_key()
MEMBERS = bag.make_bag({"index.html": b"<p>"}, {})
SIGNED = {**MEMBERS, bag.SIGNATURE: sign(MEMBERS[bag.TAG_MANIFEST], KEY, bag.TAG_MANIFEST, datetime.now(UTC))}


def verified(members: dict[str, bytes], folder: Path, key: str = "") -> Result:
    write_bag(members, folder / "bag")
    return CliRunner().invoke(main, ["evidence", "verify", str(folder / "bag"), *(("--key", key) if key else ())])


@pytest.mark.parametrize(
    ("members", "key", "line", "verdict"),
    [
        (MEMBERS, "", "! not signed: this bag does not show who made it", "unaltered by its own hashes; not signed"),
        (SIGNED, "", "! signature not checked", "unaltered by its own hashes; the signature was not checked"),
        (SIGNED, public_key(KEY), "✓ signed with this key", "unaltered, and signed with this key"),
        (SIGNED, public_key(OTHER), "✗ not signed with this key: the signature was made", "altered, incomplete, or"),
        (MEMBERS, public_key(KEY), "✗ not signed, so the key was not used", "altered, incomplete, or"),
        ({**SIGNED, bag.SIGNATURE: b"nonsense"}, public_key(KEY), "✗ not signed with this key", "altered"),
        ({**MEMBERS, "notes/a.txt": b"x"}, "", "! not signed", "altered, incomplete, or"),
        ({**SIGNED, "data/index.html": b"x"}, public_key(KEY), "✓ signed with this key", "altered, incomplete, or"),
    ],
    ids=["unsigned", "no key", "signed", "another key", "unsigned with a key", "no signature", "more", "altered"],
)
def test_the_verdict_says_exactly_what_was_checked(
    tmp_path: Path, members: dict[str, bytes], key: str, line: str, verdict: str
) -> None:
    done = verified(members, tmp_path, key)
    assert done.exit_code == (not verdict.startswith("unaltered"))
    assert line in done.output
    assert done.output.splitlines()[-1].startswith(verdict)


def test_a_member_that_is_no_file_is_refused(tmp_path: Path) -> None:
    write_bag(MEMBERS, tmp_path / "bag")
    os.mkfifo(tmp_path / "bag" / "data" / "pipe")
    done = CliRunner().invoke(main, ["evidence", "verify", str(tmp_path / "bag")])
    assert done.exit_code != 0
    assert "data/pipe is neither a file nor a folder" in done.output
