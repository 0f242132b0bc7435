"""`firstbell evidence`: a run made into a bag for somebody else, opened, checked, held, and who was given what."""

from __future__ import annotations

import json
import webbrowser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from firstbell.artifacts.bundle import bag as bags
from firstbell.artifacts.bundle.build import BundleRequest, build
from firstbell.artifacts.bundle.signature import new_private_key, public_key, verify
from firstbell.artifacts.bundle.trace_viewer import serve_files
from firstbell.artifacts.holds import runs_of_names
from firstbell.artifacts.retention import lifetime_of
from firstbell.artifacts.stores import StoreError, SupportsHolds
from firstbell.errors import ERRORED
from firstbell.runner.app.build import store_of
from firstbell.runner.cli.console import console, foreseen, give_up
from firstbell.runner.cli.evidence.fetch import (
    FetchedEvidence,
    evidence_of,
    page_context_of,
    signing_key,
    write_bag,
    zipped,
)
from firstbell.runner.cli.opening import open_history, zone_of
from firstbell.runner.cli.options import CONFIG_OPTION
from firstbell.runner.history.runs.handovers import Handover, HandoverHistory
from firstbell.runner.watch.signals import Signals

AN_HOUR_S = 3600.0

FOR_OPTION = click.option("--for", "service", default="", help="Narrow it to one service: its own hosts and steps.")
ATTEMPT_OPTION = click.option(
    "--attempt", type=click.IntRange(0), default=0, help="This attempt; the last if left out."
)


class _BagByDefault(click.Group):
    """`firstbell evidence k3f9tq` is `firstbell evidence bag k3f9tq`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands:
            args = ["bag", *args]
        return super().resolve_command(ctx, args)


@click.group(cls=_BagByDefault)
def evidence() -> None:
    """Make a run into a bag for somebody else, or show it: firstbell evidence RUN [--for SERVICE] [--open].

    RUN is the last letters of a run's name, or the number of the incident that it opened.
    """


@contextmanager
def evidence_errors_as_sentences() -> Iterator[None]:
    """Ends the command with 2 where a store gives no evidence, whether or not it ever would."""
    try:
        yield
    except StoreError as error:
        give_up(str(error), code=ERRORED)


@evidence.command()
@click.argument("run")
@FOR_OPTION
@ATTEMPT_OPTION
@click.option("--out", type=Path, default=None, help="Where the bag goes; evidence-RUN in this folder if left out.")
@click.option("--zip", "as_zip", is_flag=True, help="One zip instead of a folder.")
@click.option("--to", "recipient", default="", help="Whom it is for: written down as a hand-over.")
@click.option("--open", "is_shown", is_flag=True, help="Show it in a browser instead, with both traces.")
@CONFIG_OPTION
def bag(
    run: str,
    service: str,
    attempt: int,
    out: Path | None,
    as_zip: bool,
    recipient: str,
    is_shown: bool,
    config_file: Path | None,
) -> None:
    """Make a run into a bag: a page to read, traces with their viewer, network, figures, and the hash of each file."""
    screen = console()
    with open_history(config_file) as (config, database), evidence_errors_as_sentences():
        with screen.status("fetching the run from the store"):
            found = evidence_of(config, database, run)
        with screen.status("making the bag"):
            setting = page_context_of(config, found, service)
            wanted = BundleRequest(setting=setting, attempt=attempt, signing_key=signing_key(config))
            made = build(found.files, wanted, datetime.now(UTC))
        if not is_shown:
            place = _write(made, found, out, service, as_zip=as_zip)
        if recipient:
            HandoverHistory(database).record(_handover_record(found, service, recipient, made))
    if is_shown:
        show({name.removeprefix("data/"): data for name, data in made.items() if name.startswith("data/")})
        return
    files = sum(name.startswith("data/") for name in made)
    screen.print(Text.assemble(("  bag        ", "quiet"), f"{place}", (f"   {files} files", "quiet")), soft_wrap=True)
    screen.print(
        Text.assemble(("  sha-256    ", "quiet"), bags.digest_of(made), ("   of tagmanifest-sha256.txt", "quiet"))
    )
    signed = "signed; " if bags.SIGNATURE in made else ""
    screen.print(
        f"  {signed}look at it: firstbell evidence {run} --open   check it: firstbell evidence verify {place}",
        style="quiet",
        soft_wrap=True,
    )


@evidence.command("verify")
@click.argument("place", type=click.Path(path_type=Path, exists=True))
@click.option("--key", default="", help="The public key of who signed it (one line, begins with RW).")
def verify_(place: Path, key: str) -> None:
    """Check a bag, ours or anybody's: that every file is there and unchanged, and who signed it."""
    screen, holds = console(), True
    with foreseen():
        found = bags.read_bag(place)
        for finding in bags.check_bag(found):
            holds = holds and finding.holds
            _tick(finding.what, holds=finding.holds)
        if key or bags.SIGNATURE in found:
            said = _signature(found, key)
            holds = holds and not said.startswith("not")
            _tick(said, holds=not said.startswith("not"))
    screen.print("unaltered" if holds else "altered, or not whole", style="passed" if holds else "failed")
    raise SystemExit(0 if holds else 1)


@evidence.command()
@click.argument("file", type=click.Path(path_type=Path))
def keygen(file: Path) -> None:
    """Make a key that signs bags, into FILE; prints the public key to give to vendors."""
    if file.exists():
        give_up(f"{file} exists; a key is never written over", code=3)
    key = new_private_key()
    file.touch(mode=0o600)
    file.write_bytes(key)
    console().print(
        f'In firstbell.toml: [evidence] signing_key = "file:{file.absolute()}"', style="quiet", soft_wrap=True
    )
    console().print(f"Public key: {public_key(key)}", soft_wrap=True)


@evidence.command()
@click.argument("run")
@click.option("--why", required=True, help="Why it is kept, as a records officer would want it.")
@CONFIG_OPTION
def hold(run: str, why: str, config_file: Path | None) -> None:
    """Keep a run's evidence whatever its age, until it is let go."""
    _hold(run, why, config_file, keep=True)


@evidence.command("let-go")
@click.argument("run")
@CONFIG_OPTION
def let_go(run: str, config_file: Path | None) -> None:
    """Let a held run go its way again."""
    _hold(run, "let go", config_file, keep=False)


@evidence.command("held")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@CONFIG_OPTION
def held_(config_file: Path | None, *, as_json: bool) -> None:
    """List what is kept whatever its age, since when, and why."""
    with open_history(config_file) as (config, _), evidence_errors_as_sentences():
        store, zone = store_of(config), zone_of(config)
        found = sorted(store.held(), key=lambda one: one.since) if isinstance(store, SupportsHolds) else []
    if as_json:
        rows = [{"runs": runs_of_names(one.names), "since": one.since.isoformat(), "why": one.by} for one in found]
        click.echo(json.dumps(rows, indent=1))
        return
    if not found:
        console().print("Nothing is held; hold a run with: firstbell evidence hold RUN --why WHY", style="quiet")
        return
    table = Table(box=None, pad_edge=False, header_style="quiet")
    for column in ("since", "run", "objects", "why"):
        table.add_column(column)
    for one in found:
        runs = ", ".join(run[-6:] for run in runs_of_names(one.names))
        row = (f"{one.since.astimezone(zone):%a %d %b %Y %H:%M}", runs, str(len(one.names)), one.by)
        table.add_row(*map(Text, row))
    console().print(table)


@evidence.command("log")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@CONFIG_OPTION
def log_(limit: int, as_json: bool, config_file: Path | None) -> None:
    """List what was handed to whom, newest first."""
    with open_history(config_file) as (config, database):
        found = HandoverHistory(database).recent(limit)
        zone = zone_of(config)
    if as_json:
        rows = [{name: getattr(one, name) for name in Handover.__slots__} for one in found]
        click.echo(json.dumps(rows, indent=1, default=str))
        return
    if not found:
        console().print(
            "Nothing was handed to anybody; hand something out with: firstbell share RUN --to WHOM", style="quiet"
        )
        return
    table = Table(box=None, pad_edge=False, header_style="quiet")
    for column in ("when", "run", "to", "way", "narrowed for", "until", "sha-256"):
        table.add_column(column)
    for one in found:
        until = f"{one.until.astimezone(zone):%a %d %b %H:%M}" if one.until else ""
        when = f"{one.at.astimezone(zone):%a %d %b %H:%M}"
        row = (when, one.run_id[-6:], one.recipient, one.way, one.service, until, one.bag_sha256[:12])
        table.add_row(*map(Text, row))
    console().print(table)


def _write(made: dict[str, bytes], found: FetchedEvidence, out: Path | None, service: str, *, as_zip: bool) -> Path:
    name = f"evidence-{found.run.id[-6:]}" + (f"-for-{service}" if service else "")
    place = out or Path(f"{name}.zip" if as_zip else name)
    if place.exists():
        give_up(f"{place} exists already; remove it, or name another place with --out", code=3)
    try:
        if as_zip:
            place.write_bytes(zipped(made, name))
        else:
            write_bag(made, place)
    except OSError as error:
        give_up(f"{place} cannot be written ({error.strerror}); name another place with --out", code=2)
    return place


def show(files: Mapping[str, bytes], page: str = "") -> None:
    """Serve it until Ctrl-C, or until this process is told to end, and open one page of it."""
    with Signals() as signals, serve_files(files) as folder:
        address = folder + page
        console().print(f"Open {address}   (this machine only; Ctrl-C ends it)", soft_wrap=True)
        webbrowser.open(address)
        while not signals.wait(AN_HOUR_S):
            pass


def _tick(what: str, *, holds: bool) -> None:
    mark, style = ("✓", "passed") if holds else ("✗", "failed")
    console().print(Text.assemble((f"  {mark} ", style), what), soft_wrap=True)


def _signature(found: dict[str, bytes], key: str) -> str:
    if bags.SIGNATURE not in found:
        return "not signed"
    if not key:
        return "signed; give --key to see whether by whom you think"
    said = verify(found.get(bags.TAG_MANIFEST, b""), found[bags.SIGNATURE], key)
    return f"not signed with this key: {said}" if said else "signed with this key"


def _handover_record(
    found: FetchedEvidence, service: str, recipient: str, made: dict[str, bytes], **more: Any
) -> Handover:
    given: dict[str, Any] = {"way": "bag", "at": datetime.now(UTC), "until": None} | more
    digest = bags.digest_of(made)
    return Handover(run_id=found.run.id, service=service, recipient=recipient, bag_sha256=digest, **given)


def _hold(run: str, why: str, config_file: Path | None, *, keep: bool) -> None:
    with open_history(config_file) as (config, database), evidence_errors_as_sentences():
        found, store = evidence_of(config, database, run), store_of(config)
        if not isinstance(store, SupportsHolds):
            give_up("this store keeps nothing for longer than it lives; use a folder or a bucket", code=3)
        if keep:
            store.hold(found.names, by=why)
        else:
            store.let_go(found.names, lifetime_of(found.files["run.json"]))
        record = Handover(
            run_id=found.run.id, service="", recipient=why, way="hold" if keep else "let go", at=datetime.now(UTC),
            until=None, bag_sha256="",
        )  # fmt: skip
        HandoverHistory(database).record(record)
    word = "is held until it is let go" if keep else "goes its way again"
    console().print(f"{found.run.id} {word} ({len(found.names)} objects).")
