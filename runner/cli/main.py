"""The command `firstbell`: synthetic students and teachers that go to class before the real ones do."""

from __future__ import annotations

import click

from firstbell.runner.cli.lazy_group import LazyCommand, LazyGroup


def _command(module: str, short_help: str, attribute: str = "") -> LazyCommand:
    """A command by its module below this package, and by its attribute there where that has another name."""
    name = attribute or module.rpartition(".")[2]
    return LazyCommand(f"firstbell.runner.cli.{module}", name, short_help)


SECTIONS = {
    "Set up": {
        "init": _command("setup.init", "Write a commented firstbell.toml to start from."),
        "check": _command("setup.check", "Check everything that runs depend on; runs nothing."),
        "adapters": _command("setup.adapters", "List the kinds of services, or the words of one."),
        "browser": _command("setup.browser", "Find or install the browser that runs journeys."),
        "calendar": _command("setup.calendar", "Import days off from a published calendar."),
        "schema": _command("setup.init", "Print the JSON schema of firstbell.toml or run.json.", "schema"),
    },
    "Write": {
        "new": _command("write.new", "Create a journey file that already runs."),
        "record": _command("write.record", "Record clicks in a browser as a journey."),
    },
    "Run": {
        "run": _command("play.run", "Run journeys now: the named ones, or all."),
        "watch": _command("play.watch", "Run every journey on its schedule, until stopped."),
        "schedule": _command("play.schedule", "Show the slots of the next days, and what is not scheduled."),
        "rehearse": _command("play.rehearse", "Bring a whole class online at once, and measure it.", "rehearse_"),
    },
    "Look": {
        "status": _command("look.status", "Show the present state of every journey."),
        "runs": _command("look.runs", "List the latest runs, newest first."),
        "show": _command("look.runs", "Show one run, step by step.", "show"),
        "diagnose": _command("look.diagnose", "Show the service that broke a run, with reasons."),
        "uptime": _command("look.uptime", "Show the share of runs that passed, by journey."),
        "probe": _command("look.probe", "Test DNS, TCP, TLS and HTTP of every host, now."),
    },
    "Alarms": {
        "incidents": _command("alarms.incidents", "List incidents, show one, or close one."),
        "ack": _command("alarms.incidents", "Acknowledge an incident: no reminders, no escalation.", "ack"),
        "silence": _command("alarms.silence", "Hold notices back for a while."),
        "alarm": _command("alarms.alarm", "Test the routes, read the outbox, publish a notice."),
    },
    "Evidence": {
        "evidence": _command("evidence.evidence", "Make a run's evidence into a bag, or show it."),
        "trace": _command("evidence.trace", "Open a run's trace in Playwright's viewer."),
        "share": _command("evidence.share", "Upload a run's evidence and print a link to it."),
        "store": _command("evidence.store", "Check the evidence store; send or remove evidence."),
    },
    "Practice": {
        "demo": _command("practice.demo", "Play a failing morning against the practice school."),
        "practice": _command("practice.practice", "Open the practice school for your own browser."),
        "drill": _command("practice.drill", "Break the practice school and time the alarm."),
        "morning": _command("practice.morning", "Play three outages of one morning and draw them."),
    },
}


class _Commands(LazyGroup):
    """The sections of `firstbell --help`."""

    sections = SECTIONS


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="firstbell", prog_name="firstbell", message="%(prog)s %(version)s")
def main() -> None:
    """Synthetic students and teachers that go to class before the real ones do."""
