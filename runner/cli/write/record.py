"""`firstbell record`: clicks in a browser, made into a journey whose secrets are the account's."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import click
from playwright.sync_api import Error as PlaywrightError

from firstbell.errors import CONFIG, ERRORED
from firstbell.journeys.stage.ending import JourneyError
from firstbell.journeys.stage.failures import one_line
from firstbell.runner.app.build import district_at, location_named, locations_of, practice_for
from firstbell.runner.authoring.journey_folder import journey_folder_of, prepare_folder
from firstbell.runner.authoring.recording.from_codegen import journey_of
from firstbell.runner.authoring.recording.recorder import RecordingRequest, must_have_a_screen, not_given
from firstbell.runner.authoring.recording.recorder import record as recorded_with
from firstbell.runner.authoring.recording.statements import JourneyRequest
from firstbell.runner.authoring.template import refusal_of, variable, variable_of_role
from firstbell.runner.cli.console import console, errors_as_sentences, foreseen, give_up
from firstbell.runner.cli.options import CONFIG_OPTION
from firstbell.runner.cli.signals import stopped_by_signals
from firstbell.runner.cli.write.new import print_created, print_next_steps
from firstbell.runner.config.browsers import BROWSER_KINDS, nearest_name
from firstbell.runner.config.devices import devices
from firstbell.runner.config.secrets import MissingSecret
from firstbell.runner.execution.district import District


@contextmanager
def recording_errors_as_sentences() -> Iterator[None]:
    """Ends the command on what stopped the recording or the signing in before it, with one sentence."""
    try:
        with foreseen():
            yield
    except (JourneyError, PlaywrightError) as error:
        give_up(f"signing in did not work: {one_line(error)}", code=ERRORED)


@click.command()
@click.argument("url")
@click.option("--as", "role", default="student", show_default=True, help="Who you are while you record.")
@click.option("--name", default="recorded", show_default=True, help="What the journey is called.")
@click.option("--signed-in", is_flag=True, help="Have them signed in before the recording begins.")
@click.option("--device", default="", help="A device of Playwright's; the account's own if left out.")
@click.option("--browser", "browser_name", default="", help="Such as firefox; the account's own if left out.")
@click.option("--from", "location", default="", help="The location to record from; the first one if left out.")
@CONFIG_OPTION
def record(
    url: str, role: str, name: str, signed_in: bool, device: str, browser_name: str, location: str,
    config_file: Path | None,
) -> None:  # fmt: skip
    """Open a browser at URL, or at the front door of a service, and turn what you do in it into a journey.

    Close the browser when you are done. What goes into fields whose names say that they take a user name, a password or
    a code is replaced by the account's own, whatever it was and wherever else it stands.
    """
    for refusal in (
        refusal_of(name),
        _unknown("device", device, devices()),
        _unknown("browser", browser_name, BROWSER_KINDS),
    ):
        if refusal:
            give_up(refusal, code=CONFIG)
    with stopped_by_signals(), errors_as_sentences(), recording_errors_as_sentences():
        config, made = prepare_folder(config_file, Path.cwd())
        print_created(made)
        desk = journey_folder_of(config)
        file = desk.place(name, f"test_{variable(name)}.py")
        must_have_a_screen(os.environ)
        with practice_for(config.settings) as practice:
            location_named(location, locations_of(config, practice.introduction if practice else None), config)
            district = district_at(location, config, practice)
            account = district.account(role)
            district = replace(district, browser_name=browser_name or account.browser or district.browser_name)
            wanted = _wanted(district, name, role, signed_in=signed_in)
            if practice is not None and not signed_in:
                console().print(f"Sign in as {account.username}, password {account.password.reveal()}", markup=False)
            recording = RecordingRequest(
                url=wanted.doors.get(url, url),
                district=district,
                role=role,
                signed_in=signed_in,
                device=device or account.device,
            )
            for said in not_given(recording):
                console().print(f"{said}.", style="quiet", markup=False)
            written = recorded_with(recording)
        desk.write(file, journey_of(written, replace(wanted, device=device)))
    print_next_steps(file, name, desk, config)
    console().print("Services were guessed from addresses: look at each relies_on.", style="quiet")


def _unknown(what: str, name: str, known: Collection[str]) -> str:
    """What is wrong with a name; empty where it is known, or where none was given."""
    return f"this {what} is not known; {nearest_name(name, known)}" if name and known and name not in known else ""


def _wanted(district: District, name: str, role: str, *, signed_in: bool) -> JourneyRequest:
    """What the journey is made with. Raises NoAccount."""
    account, who = district.account(role), f"{variable_of_role(role)}.account"
    # The user name comes last, and wins, where an account is called as it signs in.
    values = {account.display_name: f"{who}.display_name", account.username: f"{who}.username"}
    with suppress(MissingSecret):  # Then what stands in a password field goes all the same.
        values[account.password.reveal()] = f"{who}.password.reveal()"
    if code := district.classroom.meeting_code:
        with suppress(MissingSecret):
            values[code.reveal()] = "classroom.meeting_code.reveal()"
    services = district.school.services
    return JourneyRequest(
        name=name,
        role=role,
        doors={name: service.url for name, service in services.items() if service.url},
        hosts={name: service.own_hosts for name, service in services.items()},
        values={value: expression for value, expression in values.items() if value},
        is_signed_in=signed_in,
    )
