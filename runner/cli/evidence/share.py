"""`firstbell share`: a run's page and bag in the store, and a link for somebody who has nothing of ours."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.text import Text

from firstbell.artifacts.bundle import bag as bags
from firstbell.artifacts.bundle.build import BundleRequest, build, shared_page
from firstbell.artifacts.lifetime import Lifetime
from firstbell.artifacts.stores import ShareLink, Store, StoreError, SupportsLinks
from firstbell.runner.app.build import store_of
from firstbell.runner.cli.console import console
from firstbell.runner.cli.evidence.evidence import ATTEMPT_OPTION, FOR_OPTION, evidence_errors_as_sentences
from firstbell.runner.cli.evidence.fetch import evidence_of, page_context_of, signing_key, zipped
from firstbell.runner.cli.opening import open_history, zone_of
from firstbell.runner.cli.options import CONFIG_OPTION
from firstbell.runner.history.runs.handovers import Handover, HandoverHistory

DAY_S = 86_400


@click.command()
@click.argument("run")
@click.option("--to", "recipient", required=True, help="Whom it is for: written down as a hand-over.")
@FOR_OPTION
@ATTEMPT_OPTION
@click.option(
    "--days", type=click.FloatRange(0.01, 7), default=7.0, show_default=True, help="For how long the link opens."
)
@CONFIG_OPTION
def share(run: str, recipient: str, service: str, attempt: int, days: float, config_file: Path | None) -> None:
    """Put a run's page and bag into the store and print a link that opens them, for 7 days at most."""
    screen, now = console(), datetime.now(UTC)
    with open_history(config_file) as (config, database), evidence_errors_as_sentences():
        with screen.status("fetching the run from the store"):
            found, store = evidence_of(config, database, run), store_of(config)
        folder = f"shared/{now:%Y-%m-%d}-{secrets.token_urlsafe(24)}"
        with screen.status("making the bag"):
            setting = page_context_of(config, found, service)
            wanted = BundleRequest(setting=setting, attempt=attempt, signing_key=signing_key(config))
            made = build(found.files, wanted, now)
        with screen.status("putting it into the store"):
            name = f"evidence-{found.run.id[-6:]}"
            store.put(f"{folder}/{name}.zip", zipped(made, name), Lifetime.SHARED)
            bag_link = _link(store, f"{folder}/{name}.zip", days)
            linked = replace(
                wanted, setting=replace(setting, bag_link=bag_link.url, is_signed=bool(wanted.signing_key))
            )
            store.put(f"{folder}/index.html", shared_page(found.files, linked), Lifetime.SHARED)
            link = _link(store, f"{folder}/index.html", days)
        HandoverHistory(database).record(
            Handover(
                run_id=found.run.id, service=service, recipient=recipient, way="link", at=now, until=link.ends_at,
                bag_sha256=bags.digest_of(made),
            )
        )  # fmt: skip
        ends = link.ends_at.astimezone(zone_of(config))
    screen.print(Text(link.url), soft_wrap=True)
    screen.print(
        f"  opens until {ends:%a %d %b %Y %H:%M %Z} ({link.why}), for whoever has it", style="quiet", soft_wrap=True
    )
    screen.print(
        Text.assemble(("  sha-256    ", "quiet"), bags.digest_of(made), ("   of the bag's tagmanifest", "quiet"))
    )


def _link(store: Store, name: str, days: float) -> ShareLink:
    if not isinstance(store, SupportsLinks):
        said = "a folder hands out no links; give the bag itself: firstbell evidence RUN --zip --to WHOM"
        raise StoreError(said, permanent=True)
    return store.link(name, for_s=days * DAY_S)
