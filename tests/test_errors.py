"""Expected errors have one base class, and each ends a command with its message and exit code."""

from __future__ import annotations

import importlib
import inspect

import pytest

from firstbell.artifacts.stores import AlreadyStored, Denied, StoreError
from firstbell.errors import CONFIG, ERRORED, FirstBellError
from firstbell.journeys.adapters.loading import UnknownKind
from firstbell.journeys.adapters.words import BadOption
from firstbell.journeys.stage.ending import JourneyError
from firstbell.runner.alarms.channels import BadAddress
from firstbell.runner.alarms.public_notice import BadTemplate
from firstbell.runner.app.local_runner import UnknownJourney
from firstbell.runner.authoring.journey_folder import CannotWriteJourney
from firstbell.runner.cli.console import foreseen
from firstbell.runner.config.errors import ConfigError, NoConfig
from firstbell.runner.config.secrets import MissingSecret
from firstbell.runner.execution.district import NoAccount
from firstbell.runner.execution.worker.session import UnusableConftest
from firstbell.web_access import BadWebAccess
from tests.test_house import MODULES, ROOT

CONFIGURATION = {
    BadAddress,
    BadOption,
    BadTemplate,
    CannotWriteJourney,
    ConfigError,
    NoAccount,
    NoConfig,
    MissingSecret,
    UnknownJourney,
    UnknownKind,
    UnusableConftest,
    BadWebAccess,
}
CAUGHT_INSIDE = {
    "ChildGone",
    "SelfTestFailed",
    "ServerLacks",
    "ClaimLost",
    "Quarantined",
    "TurnError",
    "TimeLimitPassed",
    "UnknownFault",
}
"""Exceptions that our own code always catches, so that no person sees them."""


def own_exceptions() -> list[type[Exception]]:
    """Returns the exception classes that our modules define. Process entry points and pages of journeys define none."""
    found: set[type[Exception]] = set()
    for path in MODULES:
        text = path.read_text()
        if "Exception)" in text or "Error)" in text:
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts if parts[0] == "firstbell" else ("firstbell", *parts)).removesuffix(".__init__")
            module = importlib.import_module(name)
            classes = (one for _, one in inspect.getmembers(module, inspect.isclass) if one.__module__ == name)
            found |= {one for one in classes if issubclass(one, Exception) and not issubclass(one, Warning)}
    return sorted(found, key=lambda one: one.__qualname__)


OWN = own_exceptions()
EXPECTED = [one for one in OWN if issubclass(one, FirstBellError) and not issubclass(one, StoreError)]


def test_every_exception_is_expected_or_caught_inside() -> None:
    assert len(OWN) > 30
    others = {one.__name__ for one in OWN if not issubclass(one, FirstBellError | JourneyError)}
    assert others == CAUGHT_INSIDE


@pytest.mark.parametrize("kind", EXPECTED, ids=lambda kind: kind.__name__)
def test_configuration_errors_exit_with_3_and_others_with_2(
    kind: type[FirstBellError],
) -> None:
    assert kind.exit_code == (CONFIG if kind in CONFIGURATION else ERRORED)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NoConfig("no firstbell.toml here"), 3),
        (NoAccount("no account for 'counselor'"), 3),
        (FirstBellError("the disk is full"), 2),
        (StoreError("the store is unavailable", permanent=False), 2),
        (StoreError("no such bucket", permanent=True), 3),
        (Denied("access denied"), 3),
        (AlreadyStored("other bytes lie there"), 3),
    ],
    ids=lambda value: type(value).__name__,
)
def test_expected_error_ends_a_command_with_message_and_exit_code(
    error: FirstBellError, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left, foreseen():
        raise error
    assert left.value.code == code
    assert capsys.readouterr().err == f"firstbell: {error}\n"


def test_unexpected_error_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError), foreseen():
        raise ZeroDivisionError
