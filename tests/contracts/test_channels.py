"""The contract of every kind of channel, tested against real receivers."""

from __future__ import annotations

import base64
import email
import email.policy
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest

from firstbell.runner.alarms.channels import (
    CHANNELS,
    BadAddress,
    Channel,
    ChannelOptions,
    Delivered,
    MailSettings,
    Refused,
    TryAgain,
    open_channel,
    slack,
    teams,
)
from firstbell.runner.alarms.message import Message
from firstbell.runner.alarms.routing import NoticeKind, Severity
from tests.support.receivers import MailServer, Receiver, http_receiver, mail_server

MESSAGE = Message(
    kind=NoticeKind.OPENED,
    severity=Severity.CRITICAL,
    incident=217,
    thread="217.1",
    subject="[critical] the class list is empty: Contoso Learn (platform), since 07:46 EDT",
    rows=(("Problem", "live-class: the list says <b>No classes</b>"), ("Next", "firstbell ack 217")),
    service="platform",
    owner="Contoso Learn",
    proof="https://firstbell.example/i/217",
    picture=b"\xff\xd8jpeg",
    at=datetime(2026, 8, 31, 11, 46, tzinfo=UTC),
    since=datetime(2026, 8, 31, 11, 45, tzinfo=UTC),
    good_until=datetime(2026, 8, 31, 16, 16, tzinfo=UTC),
)
TOPIC = "arn:aws:sns:us-east-1:123456789012:alarms"
PUBLISHED = (
    b'<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>m-1</MessageId>'
    b"</PublishResult></PublishResponse>"
)
REFUSED = b"<ErrorResponse><Error><Type>Sender</Type><Code>InvalidParameter</Code></Error></ErrorResponse>"
KEY = "217/1/on-call/opened/1"
SECRETS = {"env:KEY": "planted-key"}


@dataclass(frozen=True)
class ChannelCase:
    """A channel, the number of its deliveries, how to make its receiver refuse (for now, or for good), and whether it
    can tell the two apart."""

    channel: Channel
    delivered: Callable[[], int]
    refuse: Callable[[str], None]
    is_clear: bool = True


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with http_receiver() as receiver:
        yield receiver


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


def opened(address: str, mail_port: int = 0) -> Channel:
    mail = MailSettings(host="127.0.0.1", port=mail_port, sender="First Bell <bell@bayfront.example>")
    return open_channel(address, ChannelOptions(secret=SECRETS.__getitem__, mail=mail))


@pytest.fixture(params=sorted(CHANNELS))
def case(request: pytest.FixtureRequest) -> ChannelCase:
    if request.param == "smtp":
        mail: MailServer = request.getfixturevalue("mail")
        return ChannelCase(
            opened("smtp:it@bayfront.example", mail.port),
            lambda: len(mail.letters),
            lambda duration: mail.refusals.append("550 never" if duration == "for good" else "451 busy"),
        )
    receiver: Receiver = request.getfixturevalue("receiver")
    monkeypatch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
    monkeypatch.setitem(SECRETS, "env:URL", f"{receiver.url}/planted-key")
    monkeypatch.setitem(SECRETS, "env:APPRISE", receiver.url.replace("http://", "json://") + "/planted-key")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "planted-key")
    if request.param == "sns":
        receiver.reply, receiver.complaint = PUBLISHED, REFUSED
    address = {
        "alertmanager": f"alertmanager:{receiver.url}#env:KEY",
        "apprise": "apprise:env:APPRISE",
        "pagerduty": f"pagerduty:env:KEY@{receiver.url}",
        "slack": "slack:env:URL",
        "sns": f"sns:{TOPIC}@{receiver.url}",
        "teams": "teams:env:URL",
        "webhook": f"webhook:{receiver.url}#env:KEY",
    }
    return ChannelCase(
        opened(address[request.param]),
        lambda: len(receiver.posts),
        lambda duration: receiver.answers.append((400 if duration == "for good" else 503, {})),
        is_clear=request.param != "apprise",
    )


def test_a_notice_is_delivered(case: ChannelCase) -> None:
    assert isinstance(case.channel.deliver(MESSAGE, KEY), Delivered)
    assert case.delivered() == 1


def test_a_temporary_refusal_is_retried_and_a_permanent_one_is_not(case: ChannelCase) -> None:
    case.refuse("for now")
    assert isinstance(case.channel.deliver(MESSAGE, KEY), TryAgain)
    case.refuse("for good")
    assert isinstance(case.channel.deliver(MESSAGE, KEY), Refused if case.is_clear else TryAgain)
    assert case.delivered() == 0
    assert isinstance(case.channel.deliver(MESSAGE, KEY), Delivered)


def test_no_reason_holds_a_secret(case: ChannelCase) -> None:
    case.refuse("for good")
    assert "planted-key" not in repr(case.channel.deliver(MESSAGE, KEY))


@pytest.mark.parametrize(
    "address",
    ["webhook:env:KEY", "smtp:no-address", "pigeon:home", "smtp:", "slack:env:KEY", "sns:topic"],
)
def test_an_unusable_address_is_refused(address: str) -> None:
    with pytest.raises(BadAddress):
        opened(address)


def test_retry_after_is_respected_and_redirects_are_refused(receiver: Receiver) -> None:
    channel = opened(f"webhook:{receiver.url}")
    receiver.answers = [(429, {"Retry-After": "7"}), "reset", (302, {"Location": "http://127.0.0.1:9/"})]
    assert channel.deliver(MESSAGE, KEY) == TryAgain(reason="127.0.0.1 answered 429", after_s=7.0)
    assert isinstance(channel.deliver(MESSAGE, KEY), TryAgain)
    assert channel.deliver(MESSAGE, KEY) == Refused(reason="127.0.0.1 answered 302: it has moved; correct the address")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 410, 413, 422])
def test_a_fault_of_the_request_is_refused_for_good(receiver: Receiver, status: int) -> None:
    receiver.answers = [(status, {})]
    assert opened(f"webhook:{receiver.url}").deliver(MESSAGE, KEY) == Refused(reason=f"127.0.0.1 answered {status}")


def test_a_webhook_is_signed_over_id_time_and_body(receiver: Receiver) -> None:
    opened(f"webhook:{receiver.url}#env:KEY").deliver(MESSAGE, KEY)
    ((headers, body),) = receiver.posts
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(b"planted-key", signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    event = json.loads(body)
    assert (event["specversion"], event["id"], event["type"]) == ("1.0", KEY, "firstbell.incident.opened")


def test_pagerduty_gets_one_alert_from_trigger_to_resolve(receiver: Receiver) -> None:
    channel = opened(f"pagerduty:env:KEY@{receiver.url}")
    for kind in (NoticeKind.OPENED, NoticeKind.REMINDER, NoticeKind.ACKNOWLEDGED, NoticeKind.CLOSED):
        channel.deliver(replace(MESSAGE, kind=kind), KEY)
    events = [json.loads(body) for _, body in receiver.posts]
    assert [event["event_action"] for event in events] == ["trigger", "trigger", "acknowledge", "resolve"]
    assert {event["dedup_key"] for event in events} == {"firstbell-217.1"}
    assert events[0]["payload"]["summary"] == MESSAGE.subject


def test_a_mail_shows_the_picture_and_the_closing_is_in_its_thread(mail: MailServer) -> None:
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


def test_an_accepted_mail_is_not_sent_again_for_an_error_at_quit(mail: MailServer) -> None:
    mail.goodbye = "554 go away"
    assert isinstance(opened("smtp:it@bayfront.example", mail.port).deliver(MESSAGE, KEY), Delivered)
    assert len(mail.letters) == 1


def test_a_mail_is_marked_as_automatic(mail: MailServer) -> None:
    opened("smtp:it@bayfront.example", mail.port).deliver(MESSAGE, KEY)
    letter = email.message_from_bytes(mail.letters[0], policy=email.policy.default)
    assert letter["List-Id"] == "First Bell alarms <alarms.bayfront.example>"
    assert letter["List-Archive"] == "<https://firstbell.example/i/217>"
    assert (letter["List-Post"], letter["Auto-Submitted"]) == ("NO", "auto-generated")


def test_an_invalid_url_is_refused_and_not_repeated(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SECRETS, "env:URL", "https://hooks.example:port/planted-key")
    answer = opened("slack:env:URL").deliver(MESSAGE, KEY)
    assert isinstance(answer, Refused)
    assert "planted-key" not in repr(answer)
    assert receiver.posts == []


@pytest.mark.parametrize(
    "address", ["webhook:https://me:planted-key@host/hook", "alertmanager:http://me:planted-key@host:9093"]
)
def test_a_password_in_an_address_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(BadAddress) as refused:
        opened(address)
    assert "planted-key" not in str(refused.value)


def test_an_endless_answer_is_read_up_to_a_bound(receiver: Receiver) -> None:
    receiver.answers = ["babble"]
    answer = opened(f"webhook:{receiver.url}").deliver(MESSAGE, KEY)
    assert answer == Delivered(receipt="x" * 200)


def test_a_webhook_key_may_have_the_form_of_standard_webhooks(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SECRETS, "env:STANDARD", f"whsec_{base64.b64encode(b'planted-key').decode()}")
    opened(f"webhook:{receiver.url}#env:STANDARD").deliver(MESSAGE, KEY)
    ((headers, body),) = receiver.posts
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(b"planted-key", signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    monkeypatch.setitem(SECRETS, "env:STANDARD", "whsec_no base64")
    with pytest.raises(BadAddress):
        opened(f"webhook:{receiver.url}#env:STANDARD")


def test_a_webhook_carries_the_text_for_parents(receiver: Receiver) -> None:
    opened(f"webhook:{receiver.url}").deliver(replace(MESSAGE, body="Use plan B.", rows=()), KEY)
    assert json.loads(receiver.posts[0][1])["data"]["body"] == "Use plan B."


def test_apprise_is_judged_by_each_attempt(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """`optional=yes` lets a failure count as a success, and two addresses in one would be retried together."""
    address = receiver.url.replace("http://", "json://")
    monkeypatch.setitem(SECRETS, "env:APPRISE", f"{address}?optional=yes")
    receiver.answers = [(503, {})]
    answer = opened("apprise:env:APPRISE").deliver(MESSAGE, KEY)
    assert answer == TryAgain(reason="json: Apprise reports failure (error=503)")
    monkeypatch.setitem(SECRETS, "env:APPRISE", f"{address} {address}")
    with pytest.raises(BadAddress, match="2 addresses"):
        opened("apprise:env:APPRISE")


def test_text_of_a_page_is_not_interpreted_by_slack_and_teams() -> None:
    hostile = replace(
        MESSAGE, subject="<!channel> *gone* <https://evil.example|click>", rows=(("Problem", "[x](http://e)"),)
    )
    posted = slack.card(hostile)
    assert "<" not in str(posted["text"])
    attachments = json.dumps(posted["attachments"])
    assert attachments.count('"mrkdwn"') == 1  # the label, which is ours
    facts = json.dumps(teams.card(hostile)["body"])
    assert r"\\[x\\]\\(http://e\\)" in facts


def test_alertmanager_gets_one_alert_for_each_severity_that_ends_with_it(receiver: Receiver) -> None:
    channel = opened(f"alertmanager:{receiver.url}")
    later, over = (MESSAGE.at + timedelta(minutes=minutes) for minutes in (5, 26))
    channel.deliver(replace(MESSAGE, severity=Severity.WARNING), KEY)
    channel.deliver(replace(MESSAGE, severity=Severity.CRITICAL, at=later), KEY)
    channel.deliver(replace(MESSAGE, kind=NoticeKind.CLOSED, at=over), KEY)
    posts = [{alert["labels"]["severity"]: alert for alert in json.loads(body)} for _, body in receiver.posts]
    ends = [{severity: alert["endsAt"] for severity, alert in alerts.items()} for alerts in posts]
    good_until = MESSAGE.good_until.isoformat()
    assert [ends[0]["warning"], ends[1]["critical"]] == [good_until, good_until]
    assert [ends[0]["critical"], ends[1]["warning"]] == [MESSAGE.at.isoformat(), later.isoformat()]
    assert set(ends[2].values()) == {over.isoformat()}
    assert posts[0]["warning"]["labels"] == posts[2]["warning"]["labels"]
    assert {alert["startsAt"] for alerts in posts for alert in alerts.values()} == {MESSAGE.since.isoformat()}


def test_a_fifo_topic_gets_key_and_order(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "planted-key")
    receiver.reply = PUBLISHED
    opened(f"sns:{TOPIC}.fifo@{receiver.url}").deliver(MESSAGE, KEY)
    given = parse_qs(receiver.posts[0][1].decode())
    assert given["MessageGroupId"] == [MESSAGE.thread]
    assert given["MessageDeduplicationId"] == [hashlib.sha256(KEY.encode()).hexdigest()]
    assert json.loads(given["Message"][0])["sms"] == MESSAGE.subject
