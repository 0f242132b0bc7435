"""Tests that what a page wrote calls no person and becomes no link, in a mail and in the services of Apprise."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from firstbell.runner.alarms.channels.mail_page import mail_page, mail_text
from firstbell.runner.alarms.channels.page_text import unlinked, without_links
from firstbell.runner.alarms.message import Message
from firstbell.runner.alarms.routing import NoticeKind, Severity

# As the documentation of Discord, Slack, Mattermost, Rocket.Chat, Matrix and Telegram writes mentions and links, and
# addresses as RFC 3986, RFC 5322 and the linkifiers of mail programs take them.
HOSTILE = [
    "@everyone the class is over",
    "hello @here",
    "@channel @all @room",
    "<@80351110224678912>",
    "<@&165511591545143296>",
    "<!channel>",
    "<!subteam^S0614TZR7>",
    "<https://evil.example|Sign in again>",
    "<#C024BE7LR>",
    "#general",
    "[Sign in again](https://evil.example)",
    "[Sign in again][1]",
    "[1]: https://evil.example",
    "https://evil.example/reset",
    "HTTPS://EVIL.EXAMPLE",
    "//evil.example/reset",
    "www.evil.example",
    "evil.example/reset",
    "bücher.example",
    "help@evil.example",
    "mailto:help@evil.example",
    "tg://resolve?domain=evil",
    "matrix.to/#/@eve:evil.example",
    "text before (evil.example).",
]
MENTION = re.compile(r"(?i)@(?:everyone|here|channel|all|room)\b|<[@!#&]|(?<!\w)[@#]\w|\]\(|\]\[|\]:")
ADDRESS = re.compile(r"(?i)[a-z]+://|//\w|www\.\w|\w\.(?:example|to)\b|\w@\w")


@pytest.mark.parametrize("text", HOSTILE)
def test_no_program_finds_a_link_or_a_mention(text: str) -> None:
    assert MENTION.search(text) or ADDRESS.search(text), "nothing is found in it anyway"
    cleaned = unlinked(text)
    assert not MENTION.search(cleaned)
    assert not ADDRESS.search(cleaned)
    assert cleaned.replace("\u200b", "") == text


@pytest.mark.parametrize("text", ["took 10.5 s; 2 of 3", "He said: no. Then 7:45 EDT, 50 %", "a/b and c", "v1.2.3"])
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert unlinked(text) == text


def test_links_of_the_configuration_stay_and_those_of_a_page_go() -> None:
    at = datetime(2026, 8, 31, 11, 46, tzinfo=UTC)
    call, proof, page = "Contoso, help@contoso.example", "https://proof.example/r/1", "see https://evil.example now"
    message = Message(
        kind=NoticeKind.OPENED,
        severity=Severity.CRITICAL,
        incident=1,
        thread="1",
        subject=f"[critical] {page}",
        topic=page,
        rows=(("Problem", page), ("Call", call), ("Reasons", page), ("Evidence", proof)),
        service="platform",
        owner="Contoso",
        proof=proof,
        at=at,
        since=at,
        good_until=at,
    )
    for text in (mail_page(message), mail_text(message), without_links(message).text):
        assert "evil.example" not in text
        assert "help@contoso.example" in text
        assert proof in text
    assert without_links(replace(message, body="Plan B: https://b.example")).body == "Plan B: https://b.example"
