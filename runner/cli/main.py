"""The command `firstbell`: synthetic students and teachers that go to class before the real ones do."""

from __future__ import annotations

import click

from runner.cli.alarm import alarm
from runner.cli.browser import browser
from runner.cli.calendar import calendar
from runner.cli.check import check
from runner.cli.demo import demo
from runner.cli.diagnose import diagnose
from runner.cli.drill import drill
from runner.cli.evidence import evidence
from runner.cli.incidents import ack, incidents
from runner.cli.init import init, schema
from runner.cli.look_back import runs, show
from runner.cli.morning import morning
from runner.cli.new import new
from runner.cli.practice import practice
from runner.cli.probe import probe
from runner.cli.record import record
from runner.cli.rehearse import rehearse_
from runner.cli.run import run
from runner.cli.schedule import schedule
from runner.cli.share import share
from runner.cli.silence import silence
from runner.cli.status import status
from runner.cli.store import store
from runner.cli.trace import trace
from runner.cli.uptime import uptime
from runner.cli.watch import watch


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="firstbell", prog_name="firstbell", message="%(prog)s %(version)s")
def main() -> None:
    """Synthetic students and teachers that go to class before the real ones do."""


for command in (
    demo,
    init,
    new,
    record,
    check,
    run,
    watch,
    schedule,
    calendar,
    runs,
    show,
    uptime,
    status,
    diagnose,
    probe,
    incidents,
    ack,
    silence,
    alarm,
    drill,
    rehearse_,
    morning,
    evidence,
    trace,
    share,
    store,
    practice,
    browser,
    schema,
):
    main.add_command(command)
