"""Mail at servers that lack something, and header lines that every mail program can read."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from firstbell.runner.alarms.channels import Answer, ChannelOptions, Delivered, MailSettings, Refused, TryAgain
from firstbell.runner.alarms.channels.smtp import Smtp, compose
from firstbell.runner.alarms.message import Message
from firstbell.runner.alarms.routing import NoticeKind, Severity
from tests.support.hosts import Authority
from tests.support.receivers import MailServer, mail_server

NOW = datetime(2026, 8, 31, 11, 46, tzinfo=UTC)
MESSAGE = Message(
    kind=NoticeKind.OPENED,
    severity=Severity.CRITICAL,
    incident=217,
    thread="217.1",
    subject="[critical] the class list is empty",
    rows=(("Problem", "the list is empty"),),
    service="platform",
    owner="Contoso Learn",
    at=NOW,
    since=NOW,
    good_until=NOW,
)
SIGN_IN: dict[str, Any] = {"username": "bell", "password": "secret"}
TO = "it@bayfront.example"


@pytest.fixture
def servers() -> Iterator[Callable[..., MailServer]]:
    with ExitStack() as stack:
        yield lambda **abilities: stack.enter_context(mail_server(**abilities))


def answer(server: MailServer, to: str = TO, message: Message = MESSAGE, **settings: Any) -> Answer:
    mail = MailSettings(host="127.0.0.1", port=server.port, sender="First Bell <bell@bayfront.example>", **settings)
    return Smtp(to, ChannelOptions(secret=lambda _reference: "", mail=mail)).deliver(message, "217/1/it/opened/1")


@pytest.mark.parametrize(
    ("abilities", "settings", "words"),
    [
        ({}, {"encryption": "starttls"}, "offers no STARTTLS; set alarms.mail.encryption"),
        ({}, SIGN_IN, "takes no sign-in; set alarms.mail.encryption"),
        ({"auth_require_tls": False, "auth_exclude_mechanism": ["LOGIN", "PLAIN"]}, SIGN_IN, "takes no sign-in"),
        ({"auth_require_tls": False, "auth_callback": lambda *_: False}, SIGN_IN, "the user name or password (535)"),
        ({}, {"username": "bell", "password": "contraseña"}, "letters that are not ASCII"),
        ({}, {"encryption": "tls"}, "does not speak TLS at this port"),
        ({"enable_SMTPUTF8": False}, {"to": "señal@bayfront.example"}, "no address with letters that are not ASCII"),
        ({"data_size_limit": 100}, {}, "refuses"),
    ],
)
def test_what_a_server_lacks_is_refused_for_good(
    servers: Callable[..., MailServer], abilities: dict[str, Any], settings: dict[str, Any], words: str
) -> None:
    server = servers(**abilities)
    given = answer(server, **settings)
    assert isinstance(given, Refused)
    assert words in given.reason
    assert server.letters == []


@pytest.mark.parametrize(("reply", "kind"), [("550 5.1.1 no such user", Refused), ("450 4.2.0 greylisted", TryAgain)])
def test_a_refused_recipient_is_refused_for_good_and_a_greylisted_one_is_not(
    servers: Callable[..., MailServer], reply: str, kind: type
) -> None:
    server = servers()
    server.unknown[TO] = reply
    assert isinstance(answer(server), kind)


def test_a_server_that_is_away_is_tried_again() -> None:
    away = MailServer(port=1)
    assert isinstance(answer(away), TryAgain)


def test_a_certificate_that_is_not_trusted_is_refused_for_good(
    servers: Callable[..., MailServer], tmp_path: Path
) -> None:
    given = answer(servers(tls_context=Authority(tmp_path).context("127.0.0.1")), encryption="starttls")
    assert isinstance(given, Refused)
    assert "certificate" in given.reason


def test_what_a_server_offers_is_used(servers: Callable[..., MailServer]) -> None:
    abilities = {"auth_require_tls": False, "auth_callback": lambda *_: True, "enable_SMTPUTF8": True}
    server = servers(**abilities)
    assert isinstance(answer(server, **SIGN_IN), Delivered)
    assert isinstance(answer(server, to="señal@bayfront.example"), Delivered)
    assert isinstance(answer(servers(), to="it@escuela-ñandú.example"), Delivered)


def test_a_mail_that_is_too_large_goes_without_its_picture(servers: Callable[..., MailServer]) -> None:
    server = servers(data_size_limit=20_000)
    assert isinstance(answer(server, message=replace(MESSAGE, picture=b"\xff\xd8" * 10_000)), Delivered)
    letter = email.message_from_bytes(server.letters[0])
    assert [part for part in letter.walk() if part.get_content_maintype() == "image"] == []


SUBJECTS = (
    "[critical] La lista de clases está vacía: Contoso Learn (plataforma), desde las 07:46 EDT, 2 de 2 ubicaciones",
    "Klas yo pa ka louvri: elèv ak pwofesè pa wè youn lòt depi 7:46 · " * 3,
    "🔔👩🏽‍🏫 " * 25,
    "é" * 200,
    "学習プラットフォームで今日の授業が見つかりません、" * 8,
    "x" * 150 + " y é",
    "=?utf-8?q?a_page_wrote_this=0D=0ABcc:_x@evil.example?=",
    "الفصل الدراسي لا يعمل منذ الساعة السابعة",
)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_encoded_words_have_at_most_75_characters_and_read_back(subject: str) -> None:
    subject = subject.strip()[:200]
    mail = MailSettings(sender=f"{'Dirección de informática · Ekip rezo ' * 3}<bell@bayfront.example>")
    data = compose(replace(MESSAGE, subject=subject), "k/1", to=TO, mail=mail).as_bytes()
    head = data.split(b"\r\n\r\n")[0].decode("ascii")
    encoded = re.findall(r"=\?[^?\s]+\?[bqBQ]\?[^?\s]*\?=", head)
    assert encoded
    assert max(map(len, encoded)) <= 75
    assert max(len(line) for line in head.split("\r\n") if "=?" in line) <= 76
    read = email.message_from_bytes(data, policy=email.policy.default)
    assert read["Subject"] == subject
    assert "Bcc" not in read
    assert read["From"].addresses[0].addr_spec == "bell@bayfront.example"


def test_a_subject_in_ascii_stands_in_one_line() -> None:
    subject = "the class list is empty " * 8
    data = compose(replace(MESSAGE, subject=subject.strip()), "k/1", to=TO, mail=MailSettings()).as_bytes()
    assert f"\r\nSubject: {subject.strip()}\r\n".encode() in data
