"""Words of the configuration: one grammar, and each mistake told in one sentence with its remedy."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from firstbell.journeys.adapters.words import (
    BadOption,
    Look,
    Word,
    option_faults,
    options_in,
    plain,
    switch,
    word,
    words_of,
)
from firstbell.journeys.stage.service import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    button: Word = word("Next", Look.PRESS, "The button.")
    class_link: Word = word("{title}", Look.PRESS, "The link.", "title")
    is_quick: bool = switch(default=False, meaning="Quick or not.")
    answer: str = plain("no", "The answer.", "yes", "no", "ask")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Next",
        "Weiter »",
        "/next|weiter/i",
        "css=#idSIButton9",
        'role=button[name="Next"]',
        "a=b",
        "50% off",
        "/a{2}/",
    ],
)
def test_a_word_that_can_be_used_has_no_fault(text: str) -> None:
    assert list(option_faults(Words, {"button": text})) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("/next(/", "cannot be read"),
        ("/next/g", "'g' after the regular expression is not known; write i or nothing"),
        ("/next", "ends with /"),
        ("/(?P<a>x)/", "browsers do not understand"),
        ("/(?i)next/", "browsers do not understand"),
        ("^Welcome", "write /^Welcome/"),
        ("css=", "css= names nothing"),
        ("css=[data-x='a", "not closed"),
        ("role=button[name=Next", "not closed"),
        ("csss=#a", "did you mean 'css='?"),
        ("#idSIButton9", "write css=#idSIButton9"),
        ("//button", "XPath is not known"),
        ("Join {title}", "{title} is not known here"),
        ("a\nb", "stands in one line"),
        ("x" * 501, "at most 500 characters"),
    ],
)
def test_a_word_that_cannot_be_used_says_why(text: str, said: str) -> None:
    ((name, fault),) = option_faults(Words, {"button": text})
    assert name == "button"
    assert said in fault


@pytest.mark.parametrize(
    ("options", "name", "said"),
    [
        ({"buton": "Next"}, "buton", "did you mean 'button'?"),
        ({"zzz": "Next"}, "zzz", "there are: button, class_link, is_quick, answer"),
        ({"is_quick": "true"}, "is_quick", "write yes or no"),
        ({"answer": "maybe"}, "answer", "write one of: yes, no, ask"),
    ],
)
def test_an_option_that_is_not_declared_is_a_mistake(options: dict[str, str], name: str, said: str) -> None:
    ((found, fault),) = option_faults(Words, options)
    assert found == name
    assert said in fault


def test_a_table_holds_the_options_and_its_defaults_for_the_others() -> None:
    service = Service(name="x", owner="", url="", kind="", options={"is_quick": "yes", "button": "/Go/"})
    words = words_of(Words, service)
    assert (words.is_quick, words.answer) == (True, "no")
    assert words.button.matches("Let us Go")
    assert not words.button.matches("let us go")
    assert words.class_link.matches("Math (A)", title="Math (A)")
    assert Word("/^{title}$/", Look.PRESS, ("title",)).matches("Math (A)", title="Math (A)")


def test_a_bad_option_names_service_and_key_when_an_adapter_is_built() -> None:
    service = Service(name="sign-in", owner="", url="", kind="", options={"button": "/(/"})
    with pytest.raises(BadOption, match=r"\[services\.sign-in\.options\] button: this regular expression"):
        words_of(Words, service)


def test_options_are_described_from_the_table() -> None:
    described = [(one.name, one.kind, one.default) for one in options_in(Words)]
    assert described == [
        ("button", "button or link", "Next"),
        ("class_link", "button or link", "{title}"),
        ("is_quick", "yes or no", "no"),
        ("answer", "yes, no, ask", "no"),
    ]
