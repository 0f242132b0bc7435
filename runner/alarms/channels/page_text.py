"""Text of pages in channels whose readers turn plain text into links and mentions: it becomes neither."""

from __future__ import annotations

import re
from dataclasses import replace

from firstbell.labels import Label
from firstbell.runner.alarms.message import Message

# Rows that hold what the configuration says, whose links people need; any other row may quote a page.
OWN_ROWS = frozenset({Label.CALL.value, Label.EVIDENCE.value})
_NO_WIDTH = "\u200b"
# The places at which a mention ("@everyone", "<!here>", "#room"), an address ("https://x", "x.example", "a@x") or a
# Markdown link begins or goes on. A point between digits is a number's.
_JOINTS = re.compile(
    r"(?<=[@#])(?=\w)|(?<=\w@)|(?<=:)(?=/)|(?<=/)(?=/)|(?<=\w\.)(?=[^\W\d])|(?<=\])(?=[(\[:])|(?<=<)(?=[!@#&])"
)


def without_links(message: Message) -> Message:
    """Returns the message with a space of no width at each place where a text that a page wrote would become a link or
    call a person."""
    rows = tuple((label, value if label in OWN_ROWS else unlinked(value)) for label, value in message.rows)
    return replace(
        message,
        rows=rows,
        subject=unlinked(message.subject),
        topic=unlinked(message.topic),
        shows=unlinked(message.shows),
        no_picture=unlinked(message.no_picture),
    )


def unlinked(text: str) -> str:
    """Returns a text that reads the same and in which no program finds a link or a mention."""
    return _JOINTS.sub(_NO_WIDTH, text)
