"""`firstbell share`: uploads a run's page and bag to the store, and prints a link that opens without an account."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.text import Text

from firstbell.artifacts.bundle import bag as bags
from firstbell.artifacts.bundle.build import build, shared_page
from firstbell.artifacts.policy import Lifetime
from firstbell.artifacts.stores import ShareLink, Store, StoreError, SupportsLinks
from firstbell.runner.app.build_storage import store_of
from firstbell.runner.cli.console import console
from firstbell.runner.cli.evidence.evidence import ATTEMPT_OPTION, FOR_OPTION, evidence_errors_as_sentences
from firstbell.runner.cli.evidence.fetch import bundle_request_of, evidence_of, zipped
from firstbell.runner.cli.opening import open_history, zone_of
from firstbell.runner.cli.options import CONFIG_OPTION
from firstbell.runner.history.runs.handovers import Handover, HandoverHistory

DAY_S = 86_400


@click.command()
@click.argument("run")
@click.option("--to", "recipient", required=True, help="The recipient; recorded as a hand-over.")
@FOR_OPTION
@ATTEMPT_OPTION
@click.option(
    "--days", type=click.FloatRange(0.01, 7), default=7.0, show_default=True, help="The lifetime of the link."
)
@CONFIG_OPTION
def share(run: str, recipient: str, service: str, attempt: int, days: float, config_file: Path | None) -> None:
    """Upload a run's evidence and print a link to it.

    The page and the bag are in the store. The link opens for at most 7 days, for everybody who has it.
    """
    screen, now = console(), datetime.now(UTC)
    with open_history(config_file) as (config, database), evidence_errors_as_sentences():
        with screen.status("fetching the run from the store"):
            found, store = evidence_of(config, database, run), store_of(config)
        folder = f"shared/{now:%Y-%m-%d}-{secrets.token_urlsafe(24)}"
        with screen.status("making the bag"):
            request = bundle_request_of(config, found, service, attempt)
            bag = build(found.files, request, now)
        with screen.status("uploading to the store"):
            name = f"evidence-{found.run.id[-6:]}"
            store.put(f"{folder}/{name}.zip", zipped(bag, name), Lifetime.SHARED)
            bag_link = _link(store, f"{folder}/{name}.zip", days)
            linked = replace(request, context=replace(request.context, bag_link=bag_link.url))
            store.put(f"{folder}/index.html", shared_page(found.files, linked), Lifetime.SHARED)
            link = _link(store, f"{folder}/index.html", days)
        HandoverHistory(database).record(
            Handover(
                run_id=found.run.id, service=service, recipient=recipient, way="link", at=now, until=link.ends_at,
                bag_sha256=bags.digest_of(bag),
            )
        )  # fmt: skip
        ends = link.ends_at.astimezone(zone_of(config))
    screen.print(Text(link.url), soft_wrap=True)
    screen.print(
        f"  opens until {ends:%a %d %b %Y %H:%M %Z} ({link.why}), for every person with the link",
        style="quiet",
        soft_wrap=True,
    )
    screen.print(
        Text.assemble(("  SHA-256     ", "quiet"), bags.digest_of(bag), ("   of the bag's tagmanifest", "quiet"))
    )


def _link(store: Store, name: str, days: float) -> ShareLink:
    if not isinstance(store, SupportsLinks):
        message = "a folder has no links; hand over the bag instead: firstbell evidence RUN --zip --to WHOM"
        raise StoreError(message, permanent=True)
    return store.link(name, for_s=days * DAY_S)
