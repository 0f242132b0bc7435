"""E-mail, with the picture of the failing step, in one thread from opening to close."""

from __future__ import annotations

import email.policy
import html
import smtplib
import ssl
from contextlib import suppress
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
from firstbell.runner.alarms.message import Message
from firstbell.runner.alarms.routing import NoticeKind, Severity

LIMIT_S = 20.0
# Keeps a subject in one line: some mail programs show the space at a fold. RFC 5322 allows 998 characters.
LINES = email.policy.SMTP.clone(max_line_length=400)
COLOURS = {Severity.CRITICAL: "#c5221f", Severity.WARNING: "#e8a33d", Severity.INFO: "#5f6b7a"}
CLOSED_COLOUR = "#2e7d4f"
PAGE = """\
<html><body style="font: 15px/1.5 system-ui, sans-serif; color: #1c2430">
<h2 style="font-size: 18px; margin: 0 0 12px; border-left: 6px solid {colour}; padding-left: 10px">{subject}</h2>
{body}<table style="border-collapse: collapse">{rows}</table>{picture}
</body></html>
"""
ROW = '<tr><td style="color: #667; padding: 3px 16px 3px 0; vertical-align: top">{label}</td><td>{value}</td></tr>'
PICTURE = '<p><img src="cid:{cid}" alt="The failing step" style="max-width: 100%; border: 1px solid #ccd"></p>'


class Smtp:
    """`smtp:it@bayfront.example`, sent by the server of [alarms.mail]."""

    def __init__(self, address: str, options: ChannelOptions) -> None:
        if "@" not in parseaddr(address)[1]:
            raise BadAddress(f"{address!r} is not an e-mail address")
        self._to = address
        self._mail = options.mail

    def deliver(self, message: Message, key: str) -> Answer:
        """Sends the mail. A temporary refusal (4xx) is retried, a permanent one (5xx) is not."""
        mail = compose(message, key, to=self._to, mail=self._mail)
        try:
            server = _connect(self._mail)
            try:
                if self._mail.username:
                    server.login(self._mail.username, self._mail.password)
                server.send_message(mail)
            finally:
                _quit(server)
        except smtplib.SMTPAuthenticationError as error:
            return _refused(error.smtp_code, "the user name or password")
        except smtplib.SMTPRecipientsRefused as error:
            code = max(code for code, _ in error.recipients.values())
            return _refused(code, "the address")
        except smtplib.SMTPResponseException as error:
            return _refused(error.smtp_code, "the message")
        except (OSError, smtplib.SMTPException) as error:
            return TryAgain(reason=f"{self._mail.host} cannot be reached ({type(error).__name__})")
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
    letter.set_content(message.text)
    rows = "".join(ROW.format(label=html.escape(label), value=html.escape(value)) for label, value in message.rows)
    picture = PICTURE.format(cid="step") if message.picture else ""
    body = "".join(f"<p>{html.escape(line)}</p>" for line in message.body.splitlines() if line)
    colour = CLOSED_COLOUR if message.kind is NoticeKind.CLOSED else COLOURS[message.severity]
    page = PAGE.format(colour=colour, subject=html.escape(message.subject), rows=rows, body=body, picture=picture)
    letter.add_alternative(page, subtype="html")
    if message.picture:
        parts = letter.get_payload()
        parts[1].add_related(message.picture, "image", "jpeg", cid="<step>", filename="step.jpg")  # type: ignore[union-attr,index]
    return letter


def _connect(mail: MailSettings) -> smtplib.SMTP:
    if mail.encryption == "tls":
        return smtplib.SMTP_SSL(mail.host, mail.port, timeout=LIMIT_S, context=ssl.create_default_context())
    server = smtplib.SMTP(mail.host, mail.port, timeout=LIMIT_S)
    if mail.encryption == "starttls":
        server.starttls(context=ssl.create_default_context())
    return server


def _quit(server: smtplib.SMTP) -> None:
    """Closes the connection. The mail is accepted already: an error here must not send it twice."""
    with suppress(OSError, smtplib.SMTPException):
        server.quit()
    server.close()


def _refused(code: int, part: str) -> Answer:
    reason = f"the mail server refuses {part} ({code})"
    return TryAgain(reason=reason) if 400 <= code < 500 else Refused(reason=reason)
