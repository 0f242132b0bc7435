"""`firstbell evidence verify`: says what of a bag was checked, and what was not."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from pathlib import Path

import click
from rich.text import Text

from firstbell.artifacts.bundle import bag as bags
from firstbell.artifacts.bundle.signature import verify as problem_of
from firstbell.runner.cli.console import console, foreseen


class Signer(Enum):
    """The state of a bag's signature."""

    NONE = "none"  # there is no signature, and no key was given
    LACKING = "lacking"  # there is no signature for the key that was given
    UNCHECKED = "unchecked"  # there is one, and no key was given
    WRONG = "wrong"  # there is one, and it is not valid for the key that was given
    KNOWN = "known"  # it is valid for the key that was given


STATED = {
    Signer.NONE: "not signed: this bag does not show who made it",
    Signer.LACKING: "not signed, so the key was not used",
    Signer.UNCHECKED: "signature not checked: name the signer's public key with --key",
    Signer.WRONG: "not signed with this key",
    Signer.KNOWN: "signed with this key",
}
"""Signer -> the line that is printed about it."""
UNALTERED = {
    Signer.NONE: "unaltered by its own hashes; not signed",
    Signer.UNCHECKED: "unaltered by its own hashes; the signature was not checked",
    Signer.KNOWN: "unaltered, and signed with this key",
}
"""Signer -> the verdict on a bag whose files match its manifests. The other states refuse a bag."""
ALTERED = "altered, incomplete, or not signed with this key"


@click.command()
@click.argument("path", metavar="BAG", type=click.Path(path_type=Path, exists=True))
@click.option("--key", default="", help="The signer's public key (one line, begins with RW).")
def verify(path: Path, key: str) -> None:
    """Verify a bag: its files, and with --key its signature.

    Exits with 1 if a file was changed, added or removed, or if the bag is not signed with the key that was given.
    """
    with foreseen():
        found = bags.read_bag(path)
        findings = bags.check_bag(found)
        signer, problem = _signer_of(found, key)
    for finding in findings:
        _print_line(finding.name, *(("✓", "passed") if finding.passed else ("✗", "failed")))
    mark = ("✓", "passed") if signer is Signer.KNOWN else ("!", "errored") if signer in UNALTERED else ("✗", "failed")
    _print_line(f"{STATED[signer]}: {problem}" if problem else STATED[signer], *mark)
    holds = signer in UNALTERED and all(finding.passed for finding in findings)
    console().print(UNALTERED[signer] if holds else ALTERED, style="passed" if holds else "failed", soft_wrap=True)
    raise SystemExit(0 if holds else 1)


def _signer_of(bag: Mapping[str, bytes], key: str) -> tuple[Signer, str]:
    """The state of the signature, and why it is not valid where it was checked. Raises BadKey."""
    if bags.SIGNATURE not in bag:
        return (Signer.LACKING if key else Signer.NONE), ""
    if not key:
        return Signer.UNCHECKED, ""
    problem = problem_of(bag.get(bags.TAG_MANIFEST, b""), bag[bags.SIGNATURE], key)
    return (Signer.WRONG if problem else Signer.KNOWN), problem


def _print_line(text: str, mark: str, style: str) -> None:
    console().print(Text.assemble((f"  {mark} ", style), text), soft_wrap=True)
