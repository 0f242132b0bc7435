"""A student signs in to the library with a card, finds a book, and has it on loan."""

import pytest


@pytest.mark.journey("borrow-a-book", relies_on=["library", "library-card"])
def test_borrow_a_book(student, library):
    with student.step("opens the library", relies_on="library"):
        library.enter()
    with student.step("signs in", relies_on="library-card"):
        library.sign_in()
    with student.step("finds a book", relies_on="library"):
        library.find("Hatchet")
    with student.step("borrows it", relies_on="library"):
        library.borrow("Hatchet")
    with student.step("signs out", relies_on="library-card", picture=False):
        library.sign_out()
