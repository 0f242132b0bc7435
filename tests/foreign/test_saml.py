"""A sign-in by SAML, with its form that the browser posts, at an identity provider that we did not write."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from firstbell.runner.app.local_runner import LocalRunner, open_local_runner
from firstbell.runner.config.load import load
from firstbell.runner.diagnosis.cause import Cause
from firstbell.runner.execution.runs.reporter import SilentReporter
from firstbell.runner.outcome import Outcome
from tests.foreign.product import NotInstalled
from tests.foreign.simplesamlphp import STUDENT, SamlPortal, SamlProvider

pytestmark = pytest.mark.browser

PORTAL, PROVIDER = "127.64.0.7", "127.64.0.6"
JOURNEY = '''"""A student signs in."""
import pytest


@pytest.mark.journey("signs-in", relies_on=["edge", "sign-in"])
def test_signs_in(student, school):
    with student.step("opens the portal", relies_on="edge"):
        school.open_portal(student)
    with student.step("signs in", relies_on="sign-in"):
        school.sign_in(student)
'''
CONFIG = """\
[school]
name = "Bayfront"
timezone = "America/New_York"
journeys = ["mine"]

[services.edge]
owner = "Portal team"
url = "{portal}"

[services.sign-in]
owner = "Sign-in team"
url = "{provider}"
kind = "redirect"

[services.sign-in.options]
submit_button = "Login"
refusal = "/Incorrect username or password/"
signed_in_heading = "Your attributes"

[accounts.student]
username = "{username}"
password = "file:{folder}/password"

[browser]
step_limit = "12s"
"""


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRunner]:
    folder = tmp_path_factory.mktemp("district")
    (folder / "mine").mkdir()
    (folder / "mine" / "test_signs_in.py").write_text(JOURNEY)
    (folder / "password").write_text(STUDENT["password"])
    try:
        provider = SamlProvider(PROVIDER)
        portal = SamlPortal(PORTAL, provider)
    except NotInstalled as error:
        pytest.skip(str(error))
    with provider, portal:
        (folder / "firstbell.toml").write_text(
            CONFIG.format(portal=portal.page, provider=provider.url, username=STUDENT["username"], folder=folder)
        )
        with open_local_runner(load(folder / "firstbell.toml"), headed=False, quiet=True) as runner:
            yield runner


def test_sign_in_by_saml_passes_with_the_pages_own_words(runner: LocalRunner) -> None:
    result = runner.play(runner.chosen(["signs-in"])[0], SilentReporter(), confirm=False)
    assert result.run.outcome is Outcome.PASSED, result.document


def test_a_wrong_password_is_told_as_refused(runner: LocalRunner) -> None:
    file = runner.runtime.config.file.parent / "password"
    file.write_text("another-one-1")
    try:
        with open_local_runner(load(runner.runtime.config.file), headed=False, quiet=True) as other:
            result = other.play(other.chosen(["signs-in"])[0], SilentReporter(), confirm=False)
    finally:
        file.write_text(STUDENT["password"])
    # The account is ours to mend: no service has failed.
    assert result.run.outcome is Outcome.ERRORED, result.document
    assert result.run.diagnosis is not None
    assert result.run.diagnosis.cause is Cause.CREDENTIALS_REFUSED, result.run.diagnosis
