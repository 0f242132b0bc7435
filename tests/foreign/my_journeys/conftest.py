"""The people of this district besides student and teacher."""

from collections.abc import Callable

import pytest

from firstbell.journeys.stage.actor import Actor


@pytest.fixture
def pupil(actor: Callable[[str], Actor]) -> Actor:
    """A student with an account of the learning platform's own."""
    return actor("pupil")


@pytest.fixture
def reader(actor: Callable[[str], Actor]) -> Actor:
    """A student with an account of the accounts server's own."""
    return actor("reader")
