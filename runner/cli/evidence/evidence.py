"""`firstbell evidence`: makes bags of evidence, verifies and shows them, holds runs, and lists hand-overs."""

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
from firstbell.artifacts.bundle.build import build
from firstbell.artifacts.bundle.signature import new_private_key, public_key
from firstbell.artifacts.bundle.trace_viewer import serve_files
from firstbell.artifacts.holds import runs_of_names
from firstbell.artifacts.retention import lifetime_of
from firstbell.artifacts.stores import StoreError, SupportsHolds
from firstbell.errors import ERRORED
from firstbell.runner.app.build_storage import store_of
from firstbell.runner.cli.console import console, echo, give_up
from firstbell.runner.cli.evidence.fetch import (
    FetchedEvidence,
    bundle_request_of,
    evidence_of,
    write_bag,
    zipped,
)
from firstbell.runner.cli.evidence.verify import verify
from firstbell.runner.cli.opening import open_history, zone_of
from firstbell.runner.cli.options import CONFIG_OPTION, JSON_OPTION, LIMIT_OPTION
from firstbell.runner.history.runs.handovers import Handover, HandoverHistory
from firstbell.runner.watch.signals import Signals

AN_HOUR_S = 3600.0

FOR_OPTION = click.option("--for", "service", default="", help="Only the hosts and steps of one service.")
ATTEMPT_OPTION = click.option(
    "--attempt", type=click.IntRange(0), default=0, help="The attempt; the last one by default."
)


class _BagByDefault(click.Group):
    """A group in which `firstbell evidence k3f9tq` stands for `firstbell evidence bag k3f9tq`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands:
            args = ["bag", *args]
        return super().resolve_command(ctx, args)


@click.group(cls=_BagByDefault)
def evidence() -> None:
    """Make a run's evidence into a bag, or show it.

    Short form: firstbell evidence RUN [--for SERVICE] [--open]. RUN is the last letters of a run's id, or the number of
    the incident that it opened.
    """


evidence.add_command(verify)


@contextmanager
def evidence_errors_as_sentences() -> Iterator[None]:
    """Ends the command with 2 on an error of the store, temporary or permanent."""
    try:
        yield
    except StoreError as error:
        give_up(str(error), code=ERRORED)


@evidence.command()
@click.argument("run")
@FOR_OPTION
@ATTEMPT_OPTION
@click.option("--out", type=Path, default=None, help="The path of the bag; evidence-RUN by default.")
@click.option("--zip", "as_zip", is_flag=True, help="Write one zip instead of a folder.")
@click.option("--to", "recipient", default="", help="The recipient; recorded as a hand-over.")
@click.option("--open", "is_shown", is_flag=True, help="Show it in a browser instead.")
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
    """Make a bag: page, traces, network log, figures and hashes."""
    screen = console()
    with open_history(config_file) as (config, database), evidence_errors_as_sentences():
        with screen.status("fetching the run from the store"):
            found = evidence_of(config, database, run)
        with screen.status("making the bag"):
            request = bundle_request_of(config, found, service, attempt)
            bag_ = build(found.files, request, datetime.now(UTC))
        if not is_shown:
            path = _write(bag_, found, out, service, as_zip=as_zip)
        if recipient:
            HandoverHistory(database).record(_handover_record(found, service, recipient, bag_))
    if is_shown:
        show({name.removeprefix("data/"): data for name, data in bag_.items() if name.startswith("data/")})
        return
    files = sum(name.startswith("data/") for name in bag_)
    screen.print(Text.assemble(("  Bag         ", "quiet"), f"{path}", (f"   {files} files", "quiet")), soft_wrap=True)
    screen.print(
        Text.assemble(("  SHA-256     ", "quiet"), bags.digest_of(bag_), ("   of tagmanifest-sha256.txt", "quiet"))
    )
    signed = "signed; " if bags.SIGNATURE in bag_ else "not signed; "
    screen.print(
        f"  {signed}show it: firstbell evidence {run} --open   verify it: firstbell evidence verify {path}",
        style="quiet",
        soft_wrap=True,
    )


@evidence.command()
@click.argument("file", type=click.Path(path_type=Path))
def keygen(file: Path) -> None:
    """Make a signing key in FILE, and print its public key."""
    if file.exists():
        give_up(f"{file} exists; name a new file (keys are never overwritten)", code=3)
    key = new_private_key()
    file.touch(mode=0o600)
    file.write_bytes(key)
    console().print(
        f'In firstbell.toml: [evidence] signing_key = "file:{file.absolute()}"', style="quiet", soft_wrap=True
    )
    console().print(f"Public key: {public_key(key)}", soft_wrap=True)


@evidence.command()
@click.argument("run")
@click.option("--why", required=True, help="The reason, for the records.")
@CONFIG_OPTION
def hold(run: str, why: str, config_file: Path | None) -> None:
    """Keep a run's evidence at any age, until it is released."""
    _hold(run, why, config_file, keep=True)


@evidence.command("let-go")
@click.argument("run")
@CONFIG_OPTION
def let_go(run: str, config_file: Path | None) -> None:
    """Release a held run: its evidence expires as usual."""
    _hold(run, "let go", config_file, keep=False)


@evidence.command("held")
@JSON_OPTION
@CONFIG_OPTION
def held_(config_file: Path | None, *, as_json: bool) -> None:
    """List held evidence."""
    with open_history(config_file) as (config, _), evidence_errors_as_sentences():
        store, zone = store_of(config), zone_of(config)
        found = sorted(store.held(), key=lambda hold_: hold_.since) if isinstance(store, SupportsHolds) else []
    if as_json:
        rows = [
            {"runs": runs_of_names(hold_.names), "since": hold_.since.isoformat(), "why": hold_.by} for hold_ in found
        ]
        echo(json.dumps(rows, indent=1))
        return
    if not found:
        console().print("Nothing is held; hold a run with: firstbell evidence hold RUN --why WHY", style="quiet")
        return
    table = Table(box=None, pad_edge=False, header_style="quiet")
    for column in ("since", "run", "objects", "why"):
        table.add_column(column)
    for hold_ in found:
        runs = ", ".join(run[-6:] for run in runs_of_names(hold_.names))
        row = (f"{hold_.since.astimezone(zone):%a %d %b %Y %H:%M}", runs, str(len(hold_.names)), hold_.by)
        table.add_row(*map(Text, row))
    console().print(table)


@evidence.command("log")
@LIMIT_OPTION
@JSON_OPTION
@CONFIG_OPTION
def log_(limit: int, as_json: bool, config_file: Path | None) -> None:
    """List hand-overs with their recipients, newest first."""
    with open_history(config_file) as (config, database):
        found = HandoverHistory(database).recent(limit)
        zone = zone_of(config)
    if as_json:
        rows = [{name: getattr(handover, name) for name in Handover.__slots__} for handover in found]
        echo(json.dumps(rows, indent=1, default=str))
        return
    if not found:
        console().print("No hand-overs yet; share a run with: firstbell share RUN --to WHOM", style="quiet")
        return
    table = Table(box=None, pad_edge=False, header_style="quiet")
    for column in ("when", "run", "to", "kind", "service", "until", "sha-256"):
        table.add_column(column)
    for handover in found:
        until = f"{handover.until.astimezone(zone):%a %d %b %H:%M}" if handover.until else ""
        when = f"{handover.at.astimezone(zone):%a %d %b %H:%M}"
        run, digest = handover.run_id[-6:], handover.bag_sha256[:12]
        row = (when, run, handover.recipient, handover.way, handover.service, until, digest)
        table.add_row(*map(Text, row))
    console().print(table)


def _write(bag_: dict[str, bytes], found: FetchedEvidence, out: Path | None, service: str, *, as_zip: bool) -> Path:
    name = f"evidence-{found.run.id[-6:]}" + (f"-for-{service}" if service else "")
    path = out or Path(f"{name}.zip" if as_zip else name)
    if path.exists():
        give_up(f"{path} exists; remove it, or name another path with --out", code=3)
    try:
        if as_zip:
            path.write_bytes(zipped(bag_, name))
        else:
            write_bag(bag_, path)
    except OSError as error:
        give_up(f"{path} cannot be written ({error.strerror}); name another path with --out", code=2)
    return path


def show(files: Mapping[str, bytes], page: str = "") -> None:
    """Serves the files until Ctrl-C or a signal, and opens one page of them."""
    with Signals() as signals, serve_files(files) as folder:
        address = folder + page
        console().print(f"Open {address}   (this machine only; end with Ctrl-C)", soft_wrap=True)
        webbrowser.open(address)
        while not signals.wait(AN_HOUR_S):
            pass


def _handover_record(
    found: FetchedEvidence, service: str, recipient: str, bag_: dict[str, bytes], **more: Any
) -> Handover:
    fields: dict[str, Any] = {"way": "bag", "at": datetime.now(UTC), "until": None} | more
    digest = bags.digest_of(bag_)
    return Handover(run_id=found.run.id, service=service, recipient=recipient, bag_sha256=digest, **fields)


def _hold(run: str, why: str, config_file: Path | None, *, keep: bool) -> None:
    with open_history(config_file) as (config, database), evidence_errors_as_sentences():
        found, store = evidence_of(config, database, run, is_sent=True), store_of(config)
        if not isinstance(store, SupportsHolds):
            give_up("this store cannot hold evidence; use a folder or a bucket", code=3)
        if keep:
            store.hold(found.names, by=why)
        else:
            store.let_go(found.names, lifetime_of(found.files["run.json"]))
        record = Handover(
            run_id=found.run.id, service="", recipient=why, way="hold" if keep else "let go", at=datetime.now(UTC),
            until=None, bag_sha256="",
        )  # fmt: skip
        HandoverHistory(database).record(record)
    state = "is held until released" if keep else "is released"
    console().print(f"{found.run.id} {state} ({len(found.names)} objects).")
