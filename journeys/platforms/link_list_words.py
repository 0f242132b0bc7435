"""The words of learning platforms in which a class is a named link."""

from __future__ import annotations

from dataclasses import dataclass

from firstbell.journeys.adapters.words import Look, Word, word

# "Math 1" is not in "Math 10".
_HAS_TITLE = r"/(^|\W){title}(\W|$)/"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkListWords:
    """A list of links."""

    way_in: Word = word("", Look.PRESS, "On the signed-in page, the tile or link that leads to the list.")
    class_list: Word = word("", Look.LIST, "The list; without it, links are looked for on the whole page.")
    class_link: Word = word("{title}", Look.PRESS, "The link of a class.", "title")
    no_classes: Word = word("", Look.TEXT, 'What an empty list says, such as "No classes today".')
    class_heading: Word = word("{title}", Look.HEADING, "The sign that the page of the class is open.", "title")
    session_link: Word = word("Join", Look.PRESS, "On the page of the class, the way into the live session.", "title")
    not_started: Word = word("", Look.TEXT, "What stands there while the session is not open.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalWords(LinkListWords):
    """Tiles, which hold more text than the title."""

    class_link: Word = word(_HAS_TITLE, Look.PRESS, "The tile of a class.", "title")
    class_heading: Word = word(_HAS_TITLE, Look.HEADING, "The sign that the page of the class is open.", "title")


@dataclass(frozen=True, slots=True, kw_only=True)
class LtiWords(LinkListWords):
    """A list of links, and a tool on the page of each class."""

    tool_link: Word = word("Live class", Look.PRESS, "On the page of the class, the link of the tool.", "title")
    new_tab_button: Word = word(
        "/in a new (tab|window)/i", Look.PRESS, "The button of a tool that does not open in the page."
    )
