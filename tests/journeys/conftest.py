"""A practice school for the tests that go to one; a person and pages that imitate products for those of adapters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page

from firstbell.journeys.media.camera import signature_for
from firstbell.journeys.media.proof import MediaProof
from firstbell.journeys.practice.client import PracticeSchool
from firstbell.journeys.stage.actor import Actor
from firstbell.journeys.stage.pages.refused_address import RefusedAddress
from firstbell.journeys.stage.secret import Secret
from firstbell.journeys.stage.service import Account
from tests.support.likeness import Site, serve


@pytest.fixture(scope="session")
def running_school() -> Iterator[PracticeSchool]:
    with PracticeSchool.start() as school:
        yield school


@pytest.fixture
def practice(running_school: PracticeSchool) -> Iterator[PracticeSchool]:
    """Healthy at the beginning of each test."""
    yield running_school
    running_school.heal_all()


@dataclass
class QuietAttempt:
    """An attempt that notes nothing: for tests of adapters, which only act and wait."""

    limit_s: float = 4.0
    began_ms: float = 0.0
    privacy: None = None
    watches_participants: bool = False

    def step(
        self, actor: Actor, title: str, service: str, *, picture: bool, quotes: bool = False
    ) -> AbstractContextManager[None]:
        """A step that is not recorded."""
        del quotes
        assert actor
        assert title
        assert service
        assert picture
        return nullcontext()

    def address_refused(self, actor: Actor, address: RefusedAddress) -> None:
        """Take no note."""

    def media_judged(self, actor: Actor, proof: MediaProof) -> None:
        """Take no note."""


@pytest.fixture
def person(page: Page) -> Actor:
    """A student on an empty page."""
    page.set_default_timeout(4000)
    account = Account(username="zz.student01", display_name="Zz Student", password=Secret(lambda: "right"))
    return Actor(
        role="student", account=account, page=page, signature=signature_for("a test run", 0), stage=QuietAttempt()
    )


@pytest.fixture(scope="module")
def likeness() -> Iterator[Site]:
    """Pages that imitate products; each test adds its own."""
    with serve(Site()) as site:
        yield site
