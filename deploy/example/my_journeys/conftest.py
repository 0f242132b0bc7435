"""The fixtures of the library's journeys: its pages, as this student uses them."""

import pytest
from library_pages import Library


@pytest.fixture
def library(student, school):
    return Library(student, door=school.service("library").url)
