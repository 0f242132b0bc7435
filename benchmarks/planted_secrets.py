"""Planted secrets: a hostile page in Chromium, its recordings, and what is left in them after redaction, as a table.

python -m benchmarks.planted_secrets [plants at each place, and a seed: 6 1]
"""

from __future__ import annotations

import io
import json
import re
import sys
import tempfile
import time
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from firstbell.artifacts.capture import ActorRecorder
from firstbell.artifacts.evidence import ArtifactKind
from firstbell.artifacts.policy import RecordingOptions
from firstbell.artifacts.redaction.known_secrets import KnownSecrets
from firstbell.artifacts.redaction.pipeline import clean
from firstbell.artifacts.redaction.text_cleaner import TextCleaner
from firstbell.hostile_text import cleaned_by
from firstbell.journeys.stage.pages.tabs import Tabs
from firstbell.runner.execution.browsers.discovery import find_browser, launch_options
from firstbell.runner.execution.worker.page_secrets import secrets_of
from tests.artifacts.redaction.test_generated_secrets import ENCODINGS, SECRETS
from tests.support.hostile_page import PIN, TYPED, hostile_page, plan, visit
from tests.support.third_decoder import secrets_in

_PIN = re.compile(rf"(?<![\w.]){PIN}(?![\w.])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of one visit: how many secrets were planted at how many places, the secrets that raw recordings had,
    those left in clean ones by file, and the rows that a trace lost, by their type."""

    planted: int
    places: int
    raw: frozenset[str]
    found: dict[str, set[str]]
    quarantined: tuple[str, ...]
    lost: Counter[str]
    seconds: float


def planted(browser: Browser, folder: Path, *, each: int, seed: int) -> Outcome:
    """Visit the page with every recorder on, clean what was recorded, and look for the secrets in it."""
    began = time.monotonic()
    plants = plan(SECRETS, ENCODINGS, each=each, seed=seed)
    context = browser.new_context()
    page = context.new_page()
    tabs = Tabs(page)
    recorder = ActorRecorder(tabs, actor="student", folder=folder, attempt=1, options=RecordingOptions(screencast=True))
    with hostile_page(plants) as address, cleaned_by(TextCleaner(SECRETS.values())):
        recorder.start()
        with recorder.step("leaks"):
            visit(page, address)
        recorder.picture(1, "leaks", failed=True)
        met = secrets_of(context, with_pages=True)
        artifacts = recorder.stop()
        context.close()
    secrets = {**SECRETS, **TYPED}
    trace = next(one.name for one in artifacts if one.kind is ArtifactKind.TRACE)
    rows = _rows((folder / trace).read_bytes())
    raw = frozenset(name for one in artifacts for name in left_in((folder / one.name).read_bytes(), secrets))
    kept = clean(artifacts, folder, KnownSecrets([*SECRETS.values(), *met]), quarantine=folder / "quarantine")
    found = {name: left for name, data in kept.files.items() if (left := left_in(data, secrets))}
    return Outcome(
        planted=len(plants) + len(TYPED) + 1,
        places=len({plant.place for plant in plants}),
        raw=raw,
        found=found,
        quarantined=tuple(artifact.missing for artifact in kept.artifacts if artifact.missing),
        lost=rows - _rows(kept.files.get(trace, b"")),
        seconds=time.monotonic() - began,
    )


def _rows(trace: bytes) -> Counter[str]:
    """Count the rows of a trace by their type: actions, snapshots, requests, console lines."""
    if not trace:
        return Counter()
    with zipfile.ZipFile(io.BytesIO(trace)) as members:
        names = [name for name in members.namelist() if name.endswith((".trace", ".network"))]
        return Counter(json.loads(line)["type"] for name in names for line in members.read(name).splitlines())


def left_in(data: bytes, secrets: dict[str, str]) -> set[str]:
    """Return the names of the secrets in a file. Short members are read through two decoders one after the other; a
    member in which many plants stand, through one. A PIN counts where no other characters stand beside it."""
    if data.startswith(b"\xff\xd8"):
        return set()
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as members:
            texts = {members.read(name) for name in members.namelist() if not name.endswith(".jpeg")}
            texts.add("\n".join(members.namelist()).encode())
        return {name for text in texts for name in left_in(text, secrets)}
    pin = {"PIN"} if _PIN.search(data.decode("utf-8", "replace")) else set()
    return pin | secrets_in(data, secrets, 2 if len(data) < 2000 else 1)


def table(outcome: Outcome) -> str:
    """Return the outcome as a table, and the secrets that were left below it."""
    row = (
        f"| {outcome.planted} | {outcome.places} | {sum(map(len, outcome.found.values()))} | "
        f"{len(outcome.quarantined)} files | {outcome.lost.total()} rows | {outcome.seconds:.0f} |"
    )
    left = [f"left in {name}: {', '.join(sorted(names))}" for name, names in outcome.found.items()]
    return "\n".join(
        [
            "| planted | places | found | quarantined | lost | seconds |",
            "| --- | --- | --- | --- | --- | --- |",
            row,
            *left,
        ]
    )


def main() -> int:
    """Print the table; 1 if a secret was left."""
    each, seed = map(int, sys.argv[1:3] if len(sys.argv) == 3 else (6, 1))
    found = find_browser(headed=False)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(**launch_options(found))
        outcome = planted(browser, Path(folder), each=each, seed=seed)
        browser.close()
    print(table(outcome))
    return 1 if outcome.found else 0


if __name__ == "__main__":
    raise SystemExit(main())
