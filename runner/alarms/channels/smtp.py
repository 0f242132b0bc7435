"""E-mail, with the picture of the failing step, in one thread from opening to close."""

from __future__ import annotations

import base64
import smtplib
import ssl
import uuid
from contextlib import suppress
from dataclasses import replace
from email.message import EmailMessage
from email.utils import formatdate, parseaddr

from firstbell.runner.alarms.channels import (
    Answer,
    BadAddress,
    ChannelOptions,
    Delivered,
    MailSettings,
    Refused,
    TryAgain,
)
from firstbell.runner.alarms.channels.mail_headers import LINES
from firstbell.runner.alarms.channels.mail_page import mail_page, mail_text
from firstbell.runner.alarms.message import Message
from firstbell.runner.alarms.routing import NoticeKind

LIMIT_S = 20.0
TOO_LARGE = "No picture: it is larger than the mail server takes."


class Smtp:
    """`smtp:it@bayfront.example`, sent by the server of [alarms.mail]."""

    def __init__(self, address: str, options: ChannelOptions) -> None:
        if "@" not in parseaddr(address)[1]:
            raise BadAddress(f"{address!r} is not an e-mail address")
        name, _, domain = address.rpartition("@")
        try:
            self._to = address if domain.isascii() else f"{name}@{domain.encode('idna').decode()}"
        except UnicodeError:
            raise BadAddress(f"{address!r} is not an e-mail address: its domain cannot be looked up") from None
        self._mail = options.mail

    def deliver(self, message: Message, key: str) -> Answer:
        """Sends the mail. A temporary refusal (4xx) is retried; a permanent one (5xx), and a server that cannot do what
        the configuration asks for, are not."""
        try:
            server = _connect(self._mail)
            try:
                server.ehlo_or_helo_if_needed()
                _sign_in(server, self._mail)
                mail = compose(message, key, to=self._to, mail=self._mail)
                if message.picture and _is_too_large(server, mail):
                    message = replace(message, picture=b"", no_picture=TOO_LARGE)
                    mail = compose(message, key, to=self._to, mail=self._mail)
                server.send_message(mail)
            finally:
                _quit(server)
        except ServerLacks as lack:
            return Refused(reason=str(lack))
        except (OSError, smtplib.SMTPException) as error:
            return _answer_of(error, self._mail.host)
        return Delivered(receipt=str(mail["Message-ID"]))


def compose(message: Message, key: str, *, to: str, mail: MailSettings) -> EmailMessage:
    """Returns the mail. Its id follows from the key, so that a second delivery is the same mail."""
    letter = EmailMessage(policy=LINES)
    domain = parseaddr(mail.sender)[1].rpartition("@")[2] or "localhost"
    first = f"<incident.{message.thread}@{domain}>"
    opens = message.kind is NoticeKind.OPENED
    letter["Message-ID"] = first if opens else f"<{key.replace('/', '.')}@{domain}>"
    if not opens:
        letter["In-Reply-To"] = letter["References"] = first
    letter["From"], letter["To"] = mail.sender, to
    letter["Subject"] = message.subject
    letter["Date"] = formatdate(message.at.timestamp())
    letter["List-Id"] = f"First Bell alarms <alarms.{domain}>"
    letter["List-Post"] = "NO"
    if message.proof.startswith("https://"):
        letter["List-Archive"] = f"<{message.proof}>"
    letter["Auto-Submitted"] = "auto-generated"
    if message.topic:
        # Outlook and Exchange put mails into one conversation by these, whatever their subjects.
        letter["Thread-Topic"] = message.topic
        letter["Thread-Index"] = _thread_index(first)
    letter.set_content(mail_text(message))
    letter.add_alternative(mail_page(message), subtype="html")
    if message.picture:
        parts = letter.get_payload()
        parts[1].add_related(message.picture, "image", "jpeg", cid="<step>", filename="step.jpg")  # type: ignore[union-attr,index]
    return letter


def _thread_index(first: str) -> str:
    """Returns the index of a conversation (MS-OXOMSG 2.2.1.3): a byte, five of a time, and sixteen that name it."""
    return base64.b64encode(b"\x01" + bytes(5) + uuid.uuid5(uuid.NAMESPACE_URL, first).bytes).decode()


class ServerLacks(Exception):
    """The server lacks an extension that the configuration asks for; the text says which."""


def _connect(mail: MailSettings) -> smtplib.SMTP:
    if mail.encryption == "tls":
        return smtplib.SMTP_SSL(mail.host, mail.port, timeout=LIMIT_S, context=ssl.create_default_context())
    server = smtplib.SMTP(mail.host, mail.port, timeout=LIMIT_S)
    if mail.encryption == "starttls":
        try:
            server.starttls(context=ssl.create_default_context())
        except BaseException as error:
            server.close()
            if isinstance(error, smtplib.SMTPNotSupportedError):
                raise ServerLacks("the mail server offers no STARTTLS; set alarms.mail.encryption") from None
            raise
    return server


def _sign_in(server: smtplib.SMTP, mail: MailSettings) -> None:
    """Signs in, if the configuration names a user. Raises ServerLacks if the server can never accept it."""
    if not mail.username:
        return
    if not (mail.username + mail.password).isascii():
        raise ServerLacks("the user name or password of alarms.mail has letters that are not ASCII; correct them")
    try:
        server.login(mail.username, mail.password)
    except smtplib.SMTPNotSupportedError:
        hint = "; set alarms.mail.encryption" if mail.encryption == "none" else ""
        raise ServerLacks(f"the mail server takes no sign-in{hint or '; remove alarms.mail.username'}") from None
    except smtplib.SMTPResponseException:
        raise
    except smtplib.SMTPServerDisconnected:
        raise
    except smtplib.SMTPException:
        raise ServerLacks("the mail server takes no sign-in by password; use a server that does") from None


def _is_too_large(server: smtplib.SMTP, mail: EmailMessage) -> bool:
    """True if the server announces a limit (RFC 1870) that the mail exceeds; 0 and nothing are no limit."""
    limit = str(server.esmtp_features.get("size", ""))
    return limit.isdecimal() and 0 < int(limit) < len(mail.as_bytes())


def _quit(server: smtplib.SMTP) -> None:
    """Closes the connection. The mail is accepted already: an error here must not send it twice."""
    with suppress(OSError, smtplib.SMTPException):
        server.quit()
    server.close()


def _answer_of(error: Exception, host: str) -> Answer:
    """Returns the answer for an error of the connection or of the server."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            return _refused(max(code for code, _ in error.recipients.values()), "the address")
        case smtplib.SMTPResponseException():
            parts = {
                smtplib.SMTPAuthenticationError: "the user name or password",
                smtplib.SMTPConnectError: "the connection",
                smtplib.SMTPHeloError: "the name of this machine",
                smtplib.SMTPSenderRefused: "the sender",
            }
            return _refused(error.smtp_code, parts.get(type(error), "the message"))
        case smtplib.SMTPNotSupportedError():
            return Refused(reason="the mail server takes no address with letters that are not ASCII; use another")
        case ssl.SSLCertVerificationError():
            return Refused(reason=f"{host} has a certificate that this machine does not trust; see alarms.mail.host")
        case ssl.SSLError() if error.reason == "WRONG_VERSION_NUMBER":
            return Refused(reason=f"{host} does not speak TLS at this port; set alarms.mail.encryption or port")
    return TryAgain(reason=f"{host} cannot be reached ({type(error).__name__})")


def _refused(code: int, part: str) -> Answer:
    reason = f"the mail server refuses {part} ({code})"
    return Refused(reason=reason) if code >= 500 else TryAgain(reason=reason)
