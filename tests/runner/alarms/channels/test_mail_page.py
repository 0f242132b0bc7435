"""The page of a mail: any width, both schemes, headers of rows, links that open, and a picture that says what it is."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from firstbell.runner.alarms.channels import MailSettings
from firstbell.runner.alarms.channels.mail_page import COLOURS, mail_page, mail_text
from firstbell.runner.alarms.channels.smtp import compose
from firstbell.runner.alarms.message import Message
from firstbell.runner.alarms.routing import NoticeKind, Severity

NOW = datetime(2026, 8, 31, 11, 46, tzinfo=UTC)
TOPIC = "The class list is empty (live-class): Contoso Learn (platform), since Mon 31 Aug 07:46 EDT"
MESSAGE = Message(
    kind=NoticeKind.OPENED,
    severity=Severity.CRITICAL,
    incident=217,
    thread="217.1.0",
    subject=f"[critical] [from home; school not tried yet] {TOPIC}",
    topic=TOPIC,
    rows=(
        ("Problem", "the page says https://evil.example <script>alert(1)</script>"),
        ("Call", "Contoso Learn, support@contoso.example, +1 305 555 0100"),
    ),
    service="platform",
    owner="Contoso Learn",
    proof="https://firstbell.example/i/217",
    picture=b"\xff\xd8jpeg",
    shows='The student\'s page at "finds the live session"',
    at=NOW,
    since=NOW,
    good_until=NOW,
)


class Tags(HTMLParser):
    """The start tags of a page, with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def named(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.found if tag == name]


def test_a_mail_reads_at_any_width_in_any_scheme_and_for_a_screen_reader() -> None:
    page = mail_page(MESSAGE)
    tags = Tags(page)
    assert tags.named("html") == [{"lang": "en"}]
    named = {one["name"]: one["content"] for one in tags.named("meta") if "name" in one}
    assert named["viewport"] == "width=device-width, initial-scale=1"
    assert named["color-scheme"] == "light dark"
    assert not re.search(r"(?<![-\w])width: *\d+px", page)
    assert [one["scope"] for one in tags.named("th")] == ["row", "row"]
    assert [one["alt"] for one in tags.named("img")] == [MESSAGE.shows]


def test_links_open_and_none_of_a_page_does() -> None:
    hrefs = [one["href"] for one in Tags(mail_page(MESSAGE)).named("a")]
    assert hrefs == ["mailto:support@contoso.example", "tel:+13055550100", MESSAGE.proof]
    assert Tags(mail_page(MESSAGE)).named("script") == []


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (replace(MESSAGE, picture=b""), "No picture: it could not be read when this mail was sent."),
        (replace(MESSAGE, picture=b"", no_picture="No picture: it is private."), "No picture: it is private."),
    ],
)
def test_a_mail_says_why_it_has_no_picture_in_both_parts(message: Message, words: str) -> None:
    assert words in mail_page(message)
    assert mail_text(message).endswith(words)
    assert "No picture" not in mail_page(MESSAGE) + mail_page(replace(MESSAGE, picture=b"", shows=""))


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colour", COLOURS.values())
def test_white_letters_are_readable_on_each_colour(colour: str) -> None:
    assert 1.05 / (luminance(colour) + 0.05) >= 4.5


def test_one_opening_is_one_conversation_in_outlook_too() -> None:
    closing = replace(MESSAGE, kind=NoticeKind.CLOSED, subject=f"[closed] {TOPIC}")
    mails = [
        compose(message, message.kind.value, to="it@x.example", mail=MailSettings()) for message in (MESSAGE, closing)
    ]
    first, last = (email.message_from_bytes(mail.as_bytes(), policy=email.policy.default) for mail in mails)
    assert first["Thread-Topic"] == last["Thread-Topic"] == TOPIC
    assert first["Thread-Index"] == last["Thread-Index"]
    assert last["References"] == last["In-Reply-To"] == first["Message-ID"]
    other = compose(replace(MESSAGE, thread="218.1.0"), "k", to="it@x.example", mail=MailSettings())
    assert other["Thread-Index"] != first["Thread-Index"]
