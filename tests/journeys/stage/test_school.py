"""A school speaks through the adapters that its services name, and says so plainly when it cannot."""

from __future__ import annotations

import pytest

from firstbell.journeys.adapters.loading import UnknownKind
from firstbell.journeys.rooms.practice import PracticeRoom
from firstbell.journeys.stage.school import School
from firstbell.journeys.stage.secret import Secret
from firstbell.journeys.stage.service import Account, Service


def school(kind: str) -> School:
    service = Service(name="live-class", owner="Contoso", url="https://live.example", kind=kind)
    return School(name="Bayfront", services={"live-class": service})


def test_a_service_is_reached_through_the_adapter_of_its_kind() -> None:
    assert isinstance(school("practice").live_class, PracticeRoom)


def test_an_unknown_kind_comes_with_a_suggestion() -> None:
    with pytest.raises(UnknownKind, match=r"no live-class of kind 'practise'; did you mean 'practice'\?"):
        _ = school("practise").live_class


def test_a_service_without_kind_fails_only_when_its_pages_are_used() -> None:
    assert school("").service("live-class").url == "https://live.example"
    with pytest.raises(UnknownKind, match=r"\[services\.live-class\] has no kind, .* add kind \(practice, web-room\)"):
        _ = school("").live_class


def test_a_missing_service_is_named_with_the_section_to_add() -> None:
    with pytest.raises(UnknownKind, match=r"no service 'plan-b' .*add \[services\.plan-b\]"):
        _ = school("practice").plan_b


def test_an_account_shows_no_secret_however_it_is_printed() -> None:
    account = Account(username="zz", display_name="Zz", password=Secret(lambda: "hunter2"))
    assert "hunter2" not in f"{account!r} {account.password} {account.password!r}"
    assert account.password.reveal() == "hunter2"
