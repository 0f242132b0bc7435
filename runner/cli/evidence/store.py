"""`firstbell store`: tests the evidence store, sends waiting evidence, and removes expired evidence."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from firstbell.artifacts.holds import UnreadableHold
from firstbell.artifacts.retention import Retention
from firstbell.artifacts.retention import sweep as sweep_folder
from firstbell.artifacts.spool import MIB
from firstbell.artifacts.stores import Store
from firstbell.artifacts.stores.folder import FolderStore
from firstbell.artifacts.stores.s3 import S3Store
from firstbell.artifacts.stores.s3_policies import POLICIES, access_policy, lifecycle
from firstbell.artifacts.stores.self_test import SelfTestResult, self_test
from firstbell.runner.app.build import config_at
from firstbell.runner.app.build_storage import retention_of, spool_of, store_of
from firstbell.runner.cli.console import console, echo, errors_as_sentences, give_up
from firstbell.runner.cli.options import CONFIG_OPTION

FOLDER = ("firstbell watch removes expired evidence once a day; by hand: firstbell store sweep",)
BUCKET = (
    "Apply these lifecycle rules, and the bucket removes expired evidence itself:",
    "  firstbell store check --lifecycle        for: aws s3api put-bucket-lifecycle-configuration",
    "The least rights needed, for: aws iam put-role-policy",
    "  firstbell store check --policy agent     this machine: writes only",
    "  firstbell store check --policy reader    people who read evidence and share links",
    "  firstbell store check --policy keeper    people who hold evidence",
)


@click.group()
def store() -> None:
    """Check the evidence store; send or remove evidence."""


@store.command()
@click.option(
    "--policy",
    "policy_of",
    type=click.Choice(list(POLICIES)),
    is_flag=False,
    flag_value="agent",
    help="Print only one access policy, as JSON.",
)
@click.option("--lifecycle", "only_lifecycle", is_flag=True, help="Print only the lifecycle rules, as JSON.")
@CONFIG_OPTION
def check(config_file: Path | None, policy_of: str | None, only_lifecycle: bool) -> None:
    """Test the store with an object of its own.

    For a bucket, the rules and policies to apply are printed as well.
    """
    with errors_as_sentences():
        config = config_at(config_file, Path.cwd())
        kept, retention = store_of(config), retention_of(config)
    if policy_of or only_lifecycle:
        _print_json(kept, policy_of, retention)
        return
    out = console()
    with errors_as_sentences():
        holds = all([_print(out, test) for test in self_test(kept)])  # noqa: C419  # each is printed
    if not holds:
        raise SystemExit(1)
    days = ", ".join(f"{lifetime.value} {days:g} days" for lifetime, days in retention.days.items())
    out.print(f"\nKept: {days}; held evidence until it is released.", style="quiet")
    for line in BUCKET if isinstance(kept, S3Store) else FOLDER:
        out.print(line, style="quiet" if line[0] != " " else None)


def _print(out: Console, test: SelfTestResult) -> bool:
    mark, style = ("✗", "failed") if not test.passed else ("✓", "passed") if test.is_fine else ("!", "errored")
    seen = (test.text, "quiet" if test.is_fine else style)
    out.print(Text.assemble((f"  {mark} ", style), f"{test.name:<42}", seen), soft_wrap=True)
    return test.passed


def _print_json(kept: Store, policy_of: str | None, retention: Retention) -> None:
    if not isinstance(kept, S3Store):
        give_up(
            "a folder needs no policy and no lifecycle rules; to remove expired evidence: firstbell store sweep",
            code=3,
        )
    if policy_of:
        document = access_policy(kept.bucket, kept.prefix, kept.options, name=policy_of)
    else:
        document = lifecycle(kept.prefix, retention, kept.options)
    echo(json.dumps(document, indent=2))


@store.command()
@CONFIG_OPTION
def deliver(config_file: Path | None) -> None:
    """Send the evidence that waits in the spool.

    Exits with 1 if some of it still waits.
    """
    out = console()
    with errors_as_sentences():
        config = config_at(config_file, Path.cwd())
        spool, kept = spool_of(config), store_of(config)
        before = spool.waiting()
    if not before.runs:
        out.print(f"Nothing waits{_aside(before.aside)}.", style="quiet")
        return
    with errors_as_sentences(), out.status(f"{_runs(before.runs)}, {before.size_bytes / MIB:.1f} MiB") as status:
        sent: list[str] = []

        def sent_one(run: str) -> None:
            sent.append(run)
            status.update(f"{len(sent)} of {before.runs}: {escape(run)}")

        delivery = spool.deliver(kept, sent_one)
    if delivery.busy:
        out.print("Another process is sending it.", style="quiet")
        return
    after = spool.waiting()
    out.print(f"{_runs(len(sent))} sent, {delivery.objects} objects; {_runs(after.runs)} still to be sent.")
    for line in delivery.aside:
        out.print(Text(f"  put aside: {line}", "failed"), soft_wrap=True)
    for line in delivery.waiting:
        out.print(Text(f"  {line}", "errored"), soft_wrap=True)
    raise SystemExit(1 if after.runs else 0)


@store.command()
@CONFIG_OPTION
def sweep(config_file: Path | None) -> None:
    """Remove expired evidence from a folder.

    A bucket removes it by its lifecycle rules.
    """
    with errors_as_sentences():
        config = config_at(config_file, Path.cwd())
        kept = store_of(config)
    if not isinstance(kept, FolderStore):
        give_up("only a folder is swept; a bucket has lifecycle rules: firstbell store check --lifecycle", code=3)
    try:
        swept = sweep_folder(kept.root, retention_of(config), datetime.now(UTC))
    except UnreadableHold as error:
        give_up(f"{kept.root}: {error}", code=error.exit_code)
    out = console()
    removed = f"{_runs(swept.runs)}, {swept.parts} parts and {swept.shared} shared bags"
    out.print(f"Removed {removed}: {swept.size_bytes / MIB:.1f} MiB.")
    for line in swept.stuck:
        out.print(Text(f"  could not be removed: {line}", "errored"), soft_wrap=True)
    raise SystemExit(2 if swept.stuck else 0)


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"


def _aside(count: int) -> str:
    return f"; {_runs(count)} put aside in .firstbell/spool, with why.txt" if count else ""
