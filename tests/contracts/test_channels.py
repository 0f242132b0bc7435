"""What every way to people must do, run over each row of the table, against receivers that really listen."""

from __future__ import annotations

import base64
import email
import email.policy
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from runner.alarms.channels import (
    CHANNELS,
    BadAddress,
    Channel,
    ChannelOptions,
    Delivered,
    Mail,
    Refused,
    TryAgain,
    open_channel,
)
from runner.alarms.message import Message
from runner.alarms.routing import NoticeKind, Severity
from tests.receivers import MailServer, Receiver, http_receiver, mail_server

MESSAGE = Message(
    kind=NoticeKind.OPENED,
    severity=Severity.CRITICAL,
    incident=217,
    thread="217.1",
    subject="[critical] the class list is empty: Contoso Learn (platform), since 07:46",
    rows=(("What", "live-class: the list says <b>No classes</b>"), ("Next", "firstbell ack 217")),
    service="platform",
    owner="Contoso Learn",
    proof="https://firstbell.example/i/217",
    picture=b"\xff\xd8jpeg",
    at=datetime(2026, 8, 31, 11, 46, tzinfo=UTC),
)
KEY = "217/1/on-call/opened/1"
SECRETS = {"env:KEY": "planted-key"}


@dataclass(frozen=True)
class Way:
    """A channel, how many it has delivered, and how to make its other side refuse: for now, or for good."""

    channel: Channel
    taken: Callable[[], int]
    refuse: Callable[[str], None]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with http_receiver() as receiver:
        yield receiver


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


def opened(address: str, mail_port: int = 0) -> Channel:
    mail = Mail(host="127.0.0.1", port=mail_port, sender="First Bell <bell@bayfront.example>")
    return open_channel(address, ChannelOptions(secret=SECRETS.__getitem__, mail=mail))


@pytest.fixture(params=sorted(CHANNELS))
def way(request: pytest.FixtureRequest) -> Way:
    if request.param == "smtp":
        mail: MailServer = request.getfixturevalue("mail")
        return Way(
            opened("smtp:it@bayfront.example", mail.port),
            lambda: len(mail.letters),
            lambda how: mail.refusals.append("550 never" if how == "for good" else "451 busy"),
        )
    receiver: Receiver = request.getfixturevalue("receiver")
    address = {"webhook": f"webhook:{receiver.url}#env:KEY", "pagerduty": f"pagerduty:env:KEY@{receiver.url}"}
    return Way(
        opened(address[request.param]),
        lambda: len(receiver.posts),
        lambda how: receiver.answers.append((400 if how == "for good" else 503, {})),
    )


def test_a_notice_is_delivered(way: Way) -> None:
    assert isinstance(way.channel.deliver(MESSAGE, KEY), Delivered)
    assert way.taken() == 1


def test_who_refuses_for_now_is_asked_again_and_who_refuses_for_good_is_not(way: Way) -> None:
    way.refuse("for now")
    assert isinstance(way.channel.deliver(MESSAGE, KEY), TryAgain)
    way.refuse("for good")
    assert isinstance(way.channel.deliver(MESSAGE, KEY), Refused)
    assert way.taken() == 0
    assert isinstance(way.channel.deliver(MESSAGE, KEY), Delivered)


def test_no_answer_holds_a_secret(way: Way) -> None:
    way.refuse("for good")
    assert "planted-key" not in repr(way.channel.deliver(MESSAGE, KEY))


@pytest.mark.parametrize("address", ["webhook:env:KEY", "smtp:nobody", "pigeon:home", "smtp:"])
def test_an_address_that_cannot_be_used_says_so(address: str) -> None:
    with pytest.raises(BadAddress):
        opened(address)


def test_a_receiver_that_says_when_is_asked_then(receiver: Receiver) -> None:
    channel = opened(f"webhook:{receiver.url}")
    receiver.answers = [(429, {"Retry-After": "7"}), "reset", (302, {"Location": "http://127.0.0.1:9/"})]
    assert channel.deliver(MESSAGE, KEY) == TryAgain(said="127.0.0.1 answered 429", after_s=7.0)
    assert isinstance(channel.deliver(MESSAGE, KEY), TryAgain)
    assert channel.deliver(MESSAGE, KEY) == Refused(said="127.0.0.1 answered 302: it has moved; correct the address")


def test_a_webhook_is_signed_over_its_id_its_time_and_its_body(receiver: Receiver) -> None:
    opened(f"webhook:{receiver.url}#env:KEY").deliver(MESSAGE, KEY)
    ((headers, body),) = receiver.posts
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = base64.b64encode(hmac.new(b"planted-key", signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{wanted}"
    event = json.loads(body)
    assert (event["specversion"], event["id"], event["type"]) == ("1.0", KEY, "firstbell.incident.opened")


def test_pagerduty_is_told_of_one_alert_from_trigger_to_resolve(receiver: Receiver) -> None:
    channel = opened(f"pagerduty:env:KEY@{receiver.url}")
    for kind in (NoticeKind.OPENED, NoticeKind.REMINDER, NoticeKind.ACKNOWLEDGED, NoticeKind.CLOSED):
        channel.deliver(replace(MESSAGE, kind=kind), KEY)
    events = [json.loads(body) for _, body in receiver.posts]
    assert [event["event_action"] for event in events] == ["trigger", "trigger", "acknowledge", "resolve"]
    assert {event["dedup_key"] for event in events} == {"firstbell-217.1"}
    assert events[0]["payload"]["summary"] == MESSAGE.subject


def test_a_letter_shows_its_picture_and_its_close_lands_under_its_open(mail: MailServer) -> None:
    channel = opened("smtp:it@bayfront.example", mail.port)
    channel.deliver(MESSAGE, KEY)
    channel.deliver(replace(MESSAGE, kind=NoticeKind.CLOSED, picture=b""), "217/1/on-call/closed/1")
    first, last = (email.message_from_bytes(letter, policy=email.policy.default) for letter in mail.letters)
    assert first["Subject"] == MESSAGE.subject
    page, text = first.get_body(("html",)), first.get_body(("plain",))
    assert page is not None
    assert text is not None
    assert "&lt;b&gt;No classes&lt;/b&gt;" in page.get_content()
    assert 'src="cid:step"' in page.get_content()
    assert text.get_content().startswith(MESSAGE.subject)
    assert [part.get_content_type() for part in first.walk() if part.get_content_maintype() == "image"] == [
        "image/jpeg"
    ]
    assert last["In-Reply-To"] == first["Message-ID"]
    assert last["Message-ID"] != first["Message-ID"]
