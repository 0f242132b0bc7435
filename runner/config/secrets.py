"""References to secrets, one row for each scheme. A secret is read when its value is needed.

`env:NAME` reads the environment, `file:PATH` a file (without one newline at its end), `practice:ACCOUNT#FIELD` the
running practice school, whose passwords are new at every start.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from firstbell.errors import CONFIG, FirstBellError
from firstbell.journeys.stage.secret import Secret

if TYPE_CHECKING:
    from firstbell.journeys.practice.client import SchoolInfo


class MissingSecret(FirstBellError):
    """A reference refers to no secret. The message says what to do and never contains a value."""

    exit_code = CONFIG


def _from_environment(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise MissingSecret(f"env:{name} is not set; set the environment variable {name}")
    return value


def _from_file(path: str) -> str:
    try:
        value = Path(path).expanduser().read_text().removesuffix("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise MissingSecret(f"file:{path} cannot be read ({reason}); correct the path or its permissions") from None
    if not value:
        raise MissingSecret(f"file:{path} is empty; put the secret into it")
    return value


def _no_practice_school(reference: str) -> str:
    raise MissingSecret(f"practice:{reference} needs the practice school; set school.practice = true")


SCHEMES: Mapping[str, Callable[[str], str]] = {
    "env": _from_environment,
    "file": _from_file,
    "practice": _no_practice_school,
}
"""The function that reads a secret, by scheme."""


def well_formed(reference: str) -> str:
    """Returns the text if it is a reference to a secret. Raises ValueError, whose message never repeats the text."""
    scheme, colon, rest = reference.partition(":")
    if not colon or scheme not in SCHEMES:
        raise ValueError('secrets are never written here; write a reference such as "env:FIRSTBELL_STUDENT_PASSWORD"')
    if not rest:
        raise ValueError(f'"{scheme}:" refers to nothing; write a name or path after the colon')
    return reference


Reference = Annotated[str, AfterValidator(well_formed), Field(examples=["env:FIRSTBELL_STUDENT_PASSWORD"])]
"""The type of a configuration key whose value is a reference to a secret."""


def secret(reference: str, practice: SchoolInfo | None = None) -> Secret:
    """Returns the secret of a reference. Revealing it raises MissingSecret if there is none."""
    scheme, _, rest = reference.partition(":")
    if scheme == "practice" and practice is not None:
        return Secret(lambda: _from_practice(rest, practice))
    return Secret(lambda: SCHEMES[scheme](rest))


def _from_practice(reference: str, practice: SchoolInfo) -> str:
    if reference == "meeting_code":
        return practice.meeting_code
    account, _, field = reference.partition("#")
    person = practice.accounts.get(account)
    value = {"password": person.password, "totp": person.totp_key}.get(field or "password") if person else None
    if not value:
        known = ", ".join(sorted(practice.accounts))
        raise MissingSecret(f"practice:{reference} does not exist; the practice school's accounts are: {known}")
    return value
