"""`firstbell record`: records clicks in a browser as a journey without secrets in its text."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import click
from playwright.sync_api import Error as PlaywrightError

from firstbell.artifacts.redaction.text_cleaner import TextCleaner
from firstbell.errors import CONFIG, ERRORED
from firstbell.hostile_text import cleaned_by
from firstbell.journeys.stage.ending import JourneyError
from firstbell.journeys.stage.failures import one_line
from firstbell.runner.app.build import district_at, practice_for, secrets_of
from firstbell.runner.app.build_locations import location_named, locations_of
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
    """Ends the command with one sentence where the recording, or the sign-in before it, failed."""
    try:
        with foreseen():
            yield
    except (JourneyError, PlaywrightError, AssertionError) as error:
        give_up(f"sign-in failed: {one_line(error)}", code=ERRORED)


@click.command()
@click.argument("url")
@click.option("--as", "role", default="student", show_default=True, help="The role whose account you use.")
@click.option("--name", default="recorded", show_default=True, help="The name of the journey.")
@click.option("--signed-in", is_flag=True, help="Sign in before the recording begins.")
@click.option("--device", default="", help="A Playwright device; the account's by default.")
@click.option("--browser", "browser_name", default="", help="Such as firefox; the account's by default.")
@click.option("--from", "location", default="", help="The location to record from; the first one by default.")
@CONFIG_OPTION
def record(
    url: str, role: str, name: str, signed_in: bool, device: str, browser_name: str, location: str,
    config_file: Path | None,
) -> None:  # fmt: skip
    """Record clicks in a browser as a journey.

    The browser opens URL, or the address of the service with this name. Close it to end the recording. Text typed into
    fields for a user name, a password or a code is replaced by a reference to the account's own, everywhere.
    """
    for refusal in (
        refusal_of(name),
        _unknown("device", device, devices()),
        _unknown("browser", browser_name, BROWSER_KINDS),
    ):
        if refusal:
            give_up(refusal, code=CONFIG)
    with stopped_by_signals(), errors_as_sentences():
        config, created = prepare_folder(config_file, Path.cwd())
        print_created(created)
        folder = journey_folder_of(config)
        file = folder.place(name, f"test_{variable(name)}.py")
        must_have_a_screen(os.environ)
        with practice_for(config.settings) as practice:
            location_named(location, locations_of(config, practice.introduction if practice else None), config)
            district = district_at(location, config, practice)
            account = district.account(role)
            district = replace(district, browser_name=browser_name or account.browser or district.browser_name)
            journey = _journey_request(district, name, role, signed_in=signed_in)
            if practice is not None and not signed_in:
                console().print(f"Sign in as {account.username}, password {account.password.reveal()}")
            recording = RecordingRequest(
                url=journey.doors.get(url, url),
                district=district,
                role=role,
                signed_in=signed_in,
                device=device or account.device,
            )
            for limitation in not_given(recording):
                console().print(f"{limitation}.", style="quiet")
            with cleaned_by(TextCleaner(_revealed(district))), recording_errors_as_sentences():
                written = recorded_with(recording)
        folder.write(file, journey_of(written, replace(journey, device=device)))
    print_next_steps(file, name, folder, config)
    console().print("The services were guessed from addresses; check each relies_on.", style="quiet")


def _unknown(kind: str, name: str, known: Collection[str]) -> str:
    """The refusal of an unknown name; empty for a known one, or for none."""
    return f"this {kind} is unknown; {nearest_name(name, known)}" if name and known and name not in known else ""


def _revealed(district: District) -> Iterator[str]:
    for secret in secrets_of(district):
        with suppress(MissingSecret):  # Of an account that this recording does not need.
            yield secret.reveal()


def _journey_request(district: District, name: str, role: str, *, signed_in: bool) -> JourneyRequest:
    """The request for the journey that the recording is turned into. Raises NoAccount."""
    account, variable_ = district.account(role), f"{variable_of_role(role)}.account"
    # The user name comes last: it wins where the display name is the same text.
    values = {account.display_name: f"{variable_}.display_name", account.username: f"{variable_}.username"}
    with suppress(MissingSecret):  # Text of a password field is replaced in any case.
        if password := account.password.reveal():
            values[password] = f"{variable_}.password.reveal()"
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
