"""The page of a mail: one column that reads at any width, in light and in dark."""

from __future__ import annotations

import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from firstbell.runner.alarms.channels.page_text import OWN_ROWS, without_links
from firstbell.runner.alarms.message import Message
from firstbell.runner.alarms.routing import NoticeKind, Severity

# Each has a contrast of at least 5.4 to 1 with white letters.
COLOURS = {Severity.CRITICAL: "#b3261e", Severity.WARNING: "#8a5200", Severity.INFO: "#4a5568"}
CLOSED_COLOUR = "#1e6b41"
PICTURE_LOST = "No picture: it could not be read when this mail was sent."

_LINK = re.compile(r"https?://[^\s<>\"]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\+\d[\d ().-]{6,}\d")


def mail_page(message: Message) -> str:
    """Returns the mail as HTML. Text of pages stands in it escaped; the picture is `cid:step`."""
    message = without_links(message)
    state, title = state_and_title(message)
    colour = CLOSED_COLOUR if message.kind is NoticeKind.CLOSED else COLOURS[message.severity]
    words = {"state": state, "title": title, "no_picture": no_picture_text(message)}
    return _template().render(message=message, colour=colour, linked=_linked, links=_links, **words)


def mail_text(message: Message) -> str:
    """Returns the mail as plain text, with what its picture shows or why there is none."""
    message = without_links(message)
    about = f"Picture: {message.shows}" if message.picture and message.shows else no_picture_text(message)
    return f"{message.text}\n\n{about}" if about else message.text


def state_and_title(message: Message) -> tuple[str, str]:
    """Returns what stands in a subject's brackets, and its topic; the whole subject where it has none."""
    if not message.topic or not message.subject.endswith(message.topic):
        return "", message.subject
    brackets = message.subject.removesuffix(message.topic).strip()
    return brackets.removeprefix("[").removesuffix("]").replace("] [", " · "), message.topic


def no_picture_text(message: Message) -> str:
    """Returns why a mail that should have a picture has none; empty where none is due."""
    return "" if message.picture else message.no_picture or (PICTURE_LOST if message.shows else "")


def _linked(label: str, value: str) -> Markup:
    return _links(value) if label in OWN_ROWS else escape(value)


def _links(value: str) -> Markup:
    parts, end = Markup(), 0
    for found in _LINK.finditer(value):
        address = found[0].rstrip(".,;:)")
        parts += escape(value[end : found.start()])
        parts += Markup('<a href="{}">{}</a>').format(_href(address), address)
        end = found.start() + len(address)
    return parts + escape(value[end:])


def _href(address: str) -> str:
    if address.startswith(("https://", "http://")):
        return address
    return f"mailto:{address}" if "@" in address else f"tel:{re.sub(r'[^+0-9]', '', address)}"


def _template() -> Template:
    loader = FileSystemLoader(Path(__file__).parent / "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template("mail.html")
