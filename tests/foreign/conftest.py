"""The products, started once for the tests of this folder; a test whose product is missing is skipped with the command
that installs it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.foreign.district import District, open_district
from tests.foreign.product import NotInstalled

# The district's journeys are played by First Bell, from a folder of their own.
collect_ignore = ["my_journeys"]


@pytest.fixture(scope="session")
def district() -> Iterator[District]:
    """A district whose products all run."""
    try:
        with open_district() as district:
            yield district
    except NotInstalled as missing:
        pytest.skip(str(missing))
