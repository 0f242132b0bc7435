"""`firstbell store`: whether the store does what it should, what waits for it, and what is past its time."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.text import Text

from artifacts.retention import sweep as sweep_folder
from artifacts.spool import MIB
from artifacts.stores import StoreError
from artifacts.stores.folder import FolderStore
from artifacts.stores.policies import access_policy, lifecycle
from artifacts.stores.proving import prove
from artifacts.stores.s3 import S3Store
from runner.cli.console import console, give_up
from runner.cli.look_back import CONFIG_OPTION
from runner.cli.run import sentences
from runner.wiring import config_at, retention_of, spool_of, store_of


@click.group()
def store() -> None:
    """Try the store, send what waits for it, remove what is past its time."""


@store.command()
@click.option("--policy", "only_policy", is_flag=True, help="Print the access policy alone, as JSON.")
@click.option("--lifecycle", "only_lifecycle", is_flag=True, help="Print the lifecycle rules alone, as JSON.")
@CONFIG_OPTION
def check(config_file: Path | None, only_policy: bool, only_lifecycle: bool) -> None:
    """Prove what the store does; for a bucket, print the access policy and the lifecycle rules that it needs."""
    with sentences():
        config = config_at(config_file, Path.cwd())
        kept, retention = store_of(config), retention_of(config)
    bucket = kept if isinstance(kept, S3Store) else None
    if only_policy or only_lifecycle:
        if bucket is None:
            give_up(
                "a folder needs no policy and no lifecycle rules; firstbell store sweep removes what is old", code=3
            )
        wanted = access_policy(bucket.bucket, bucket.prefix, bucket.options) if only_policy else None
        click.echo(json.dumps(wanted or lifecycle(bucket.prefix, retention, bucket.options), indent=2))
        return
    out, holds = console(), True
    for proof in prove(kept):
        tick, style = ("✓", "passed") if proof.holds else ("✗", "failed")
        out.print(Text.assemble((f"  {tick} ", style), f"{proof.what:<42}", (proof.seen, "quiet")), soft_wrap=True)
        holds = proof.holds
    if not holds:
        raise SystemExit(1)
    days = ", ".join(f"{lifetime.value} {days:g} days" for lifetime, days in retention.days.items())
    out.print(f"\nKept for: {days}; what is held stays.", style="quiet")
    if bucket is None:
        out.print(
            "firstbell watch removes what is past its time once a day; by hand: firstbell store sweep", style="quiet"
        )
        return
    out.print(
        "The bucket removes by itself, once these are applied (First Bell needs no right to delete):", style="quiet"
    )
    out.print("  firstbell store check --policy      the least that this machine has to be allowed")
    out.print("  firstbell store check --lifecycle   for: aws s3api put-bucket-lifecycle-configuration")


@store.command()
@CONFIG_OPTION
def deliver(config_file: Path | None) -> None:
    """Send what waits in the spool, now. Exits with 1 if something still waits."""
    out = console()
    with sentences():
        config = config_at(config_file, Path.cwd())
        spool, kept = spool_of(config), store_of(config)
    before = spool.waiting()
    if not before.runs:
        out.print(f"Nothing waits{_aside(before.aside)}.", style="quiet")
        return
    with out.status(f"{before.runs} runs, {before.size_bytes / MIB:.1f} MiB") as status:
        sent = iter(range(1, before.runs + 1))
        delivery = spool.deliver(
            kept, told=lambda run: status.update(f"{next(sent, before.runs)} of {before.runs} runs: {run}")
        )
    if delivery.busy:
        out.print("Another First Bell is sending it already.", style="quiet")
        return
    after = spool.waiting()
    out.print(f"{before.runs - after.runs} of {before.runs} runs are in the store ({delivery.objects} objects).")
    for line in (*delivery.aside, *delivery.waiting):
        out.print(Text(f"  {line}", "errored"), soft_wrap=True)
    raise SystemExit(1 if after.runs else 0)


@store.command()
@CONFIG_OPTION
def sweep(config_file: Path | None) -> None:
    """Remove from a folder what is past its time; a bucket does that by its lifecycle rules."""
    with sentences():
        config = config_at(config_file, Path.cwd())
        kept = store_of(config)
    if not isinstance(kept, FolderStore):
        give_up("this store is no folder; its lifecycle rules do that: firstbell store check --lifecycle", code=3)
    try:
        swept = sweep_folder(kept.root, retention_of(config), datetime.now(UTC))
    except (OSError, StoreError) as error:
        give_up(f"{kept.root}: {error}", code=2)
    removed = f"{swept.runs} runs, {swept.parts} parts and {swept.shared} shared bags"
    console().print(f"Removed {removed}: {swept.size_bytes / MIB:.1f} MiB.")


def _aside(count: int) -> str:
    return f"; {count} runs lie aside in .firstbell/spool, each with its why.txt" if count else ""
