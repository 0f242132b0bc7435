"""`firstbell practice`: runs the practice school alone, with faults that another terminal switches."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import click
from rich.table import Table

from firstbell.journeys.practice.client import PracticeSchool
from firstbell.journeys.practice.faults import FAULTS
from firstbell.runner.cli.console import console, foreseen, give_up
from firstbell.runner.cli.practice.running_school import announce_school, announced_school, withdraw_school

CA_FILE = Path(".firstbell/practice-ca.pem")
"""The certificate of its authority, for browsers that should trust it."""

OPTIONS = {"": "", "tls": "--tls", "names": "--domain"}
"""The option of `firstbell practice` that a fault needs."""


@click.group(invoke_without_command=True)
@click.option("--tls", is_flag=True, help=f"Use TLS; the authority to trust is in {CA_FILE}.")
@click.option("--domain", default="", help="Use TLS, names below this domain and a name server (as root).")
@click.pass_context
def practice(context: click.Context, tls: bool, domain: str) -> None:
    """Open the practice school for your own browser."""
    if context.invoked_subcommand is not None:
        return
    out = console()
    with foreseen():
        school = PracticeSchool.start(tls=tls or bool(domain), **({"domain": domain} if domain else {}))
    with school, _state_written(school):
        district = school.introduction
        out.print("The practice school is open at:", style="strong")
        out.print(f"  {district.origins['edge']}\n")
        table = Table(box=None, pad_edge=False, header_style="quiet")
        for column in ("account", "username", "password"):
            table.add_column(column)
        for name, account in district.accounts.items():
            table.add_row(f"  {name}", account.username, account.password)
        out.print(table)
        out.print(f"\n  plan B at {district.origins['plan-b']} with the code {district.meeting_code}")
        out.print("\nSwitch a fault on from another terminal:  firstbell practice break sessions-empty", style="quiet")
        out.print("Close it with Ctrl-C.", style="quiet")
        _wait_for_stop_signal()


@practice.command("faults")
def faults() -> None:
    """List the faults."""
    out = console()
    table = Table(box=None, pad_edge=False, header_style="quiet")
    for column in ("fault", "service", "option", "effect"):
        table.add_column(column)
    for fault in FAULTS.values():
        service = fault.service or ("none" if fault.cause == "stranger" else "the location")
        table.add_row(fault.name, service, OPTIONS[fault.needs], fault.seen)
    out.print(table)


@practice.command("break")
@click.argument("fault", type=click.Choice(sorted(FAULTS)))
def break_(fault: str) -> None:
    """Switch a fault on."""
    with _running() as school:
        school.break_(fault)
    console().print(f"{fault}: on. {FAULTS[fault].seen}")


@practice.command("heal")
@click.argument("fault", type=click.Choice(sorted(FAULTS)), required=False)
def heal(fault: str | None) -> None:
    """Switch one fault off, or all faults."""
    with _running() as school:
        school.heal(fault) if fault else school.heal_all()
    console().print(f"{fault or 'everything'}: healed")


@contextlib.contextmanager
def _state_written(school: PracticeSchool) -> Iterator[None]:
    """Keeps the control address in a file for other commands, while the school is open."""
    announce_school(school.introduction.control, school.introduction.token)
    if school.introduction.ca:
        CA_FILE.write_text(school.introduction.ca)
    try:
        yield
    finally:
        withdraw_school(school.introduction.token)
        CA_FILE.unlink(missing_ok=True)


@contextlib.contextmanager
def _running() -> Iterator[PracticeSchool]:
    """Attaches to the practice school that `practice` or `watch` started in this folder, in another terminal."""
    found = announced_school()
    if found is None:
        give_up(
            "no practice school runs in this folder; start one with: firstbell practice, or firstbell watch", code=2
        )
    with foreseen():
        yield PracticeSchool.attach(*found)


def _wait_for_stop_signal() -> None:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    stop.wait()
