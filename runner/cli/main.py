"""The command `firstbell`: synthetic students and teachers that go to class before the real ones do."""

from __future__ import annotations

import click

from firstbell.runner.cli.alarms.alarm import alarm
from firstbell.runner.cli.alarms.incidents import ack, incidents
from firstbell.runner.cli.alarms.silence import silence
from firstbell.runner.cli.evidence.evidence import evidence
from firstbell.runner.cli.evidence.share import share
from firstbell.runner.cli.evidence.store import store
from firstbell.runner.cli.evidence.trace import trace
from firstbell.runner.cli.look.diagnose import diagnose
from firstbell.runner.cli.look.probe import probe
from firstbell.runner.cli.look.runs import runs, show
from firstbell.runner.cli.look.status import status
from firstbell.runner.cli.look.uptime import uptime
from firstbell.runner.cli.play.rehearse import rehearse_
from firstbell.runner.cli.play.run import run
from firstbell.runner.cli.play.schedule import schedule
from firstbell.runner.cli.play.watch import watch
from firstbell.runner.cli.practice.demo import demo
from firstbell.runner.cli.practice.drill import drill
from firstbell.runner.cli.practice.morning import morning
from firstbell.runner.cli.practice.practice import practice
from firstbell.runner.cli.setup.browser import browser
from firstbell.runner.cli.setup.calendar import calendar
from firstbell.runner.cli.setup.check import check
from firstbell.runner.cli.setup.init import init, schema
from firstbell.runner.cli.write.new import new
from firstbell.runner.cli.write.record import record


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
