"""A practice school for the tests that go to one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from firstbell.journeys.practice.client import PracticeSchool


@pytest.fixture(scope="session")
def running_school() -> Iterator[PracticeSchool]:
    with PracticeSchool.start() as school:
        yield school


@pytest.fixture
def practice(running_school: PracticeSchool) -> Iterator[PracticeSchool]:
    """Healthy at the beginning of each test."""
    yield running_school
    running_school.heal_all()
