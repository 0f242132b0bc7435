"""Words: the texts by which an adapter finds the parts of a product's pages, and the grammar that they are written in.

A word is one of

    Sign in                        the whole text or accessible name, capital letters matter
    /sign in|log in/i              a regular expression that is found in it; `i`: capital letters do not matter
    css=#idSIButton9               a CSS selector
    role=button[name="Next"]       a role, as Playwright's role selectors have it
    text=Welcome                   a part of the text, whatever the element
    (empty)                        the page has no such part, and it is not looked for

`{title}` and other names in braces stand for what the adapter puts there, where its word allows them.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from firstbell.errors import CONFIG, FirstBellError
from firstbell.journeys.stage.ending import JourneyError

if TYPE_CHECKING:
    from playwright.sync_api import Frame, FrameLocator, Locator, Page

    from firstbell.journeys.stage.service import Service

    Place = Page | Frame | FrameLocator | Locator

Table = TypeVar("Table")

# A word becomes a part of messages, and a selector: longer ones are mistakes.
WORD_LIMIT = 500
_REGEX = re.compile(r"/(?P<pattern>.+)/(?P<flags>[a-z]*)", re.DOTALL)
_ENGINES = ("css", "role", "text")
# Python reads these and browsers do not.
_PYTHON_ONLY = re.compile(r"\(\?(?:P|#|>|\(|[aiLmsux-]+[:)])|\\[AZ]|[*+?}]\+")
_NAME_IN_BRACES = re.compile(r"\{([a-z_]+)\}")


class BadOption(JourneyError, FirstBellError):
    """An option of an adapter cannot be used. `name` is its key under [services.NAME.options]."""

    exit_code = CONFIG

    def __init__(self, said: str, *, name: str) -> None:
        super().__init__(said)
        self.name = name


class Look(Enum):
    """The parts of a page that a plain text or a regular expression is looked for in."""

    PRESS = "button or link"
    FIELD = "field"
    HEADING = "heading"
    TEXT = "text"
    LIST = "list"
    FRAME = "frame"


@dataclass(frozen=True, slots=True)
class Word:
    """A word, as it is written, and the part of the page that it names. `names`: the names in braces that it may
    hold."""

    text: str
    look: Look
    names: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.text)

    def __str__(self) -> str:
        return self.text

    def fault(self) -> str:
        """The reason why the word cannot be used, and the remedy; empty if it can."""
        if len(self.text) > WORD_LIMIT:
            return f"a word has at most {WORD_LIMIT} characters; shorten it"
        if not all(character.isprintable() for character in self.text):
            return "a word stands in one line and has no control characters; leave them out"
        if unknown := [name for name in self._braces() if name not in self.names]:
            allowed = ", ".join(f"{{{name}}}" for name in self.names) or "none"
            return f"{{{unknown[0]}}} is not known here; names in braces that may stand here: {allowed}"
        return _pattern_fault(self.text) or _selector_fault(self.text)

    def in_(self, place: Place, **values: str) -> Locator:
        """The part of a page, frame or element that the word names. `values` fill the names in braces."""
        engine, _, selector = self.text.partition("=")
        if engine in _ENGINES and selector:
            return place.locator(f"{engine}={_filled(selector, values, _quoted)}")
        return _by_look(place, self.look, self._matcher(values))

    def matches(self, text: str, **values: str) -> bool:
        """True if the word is a text or a regular expression, and a text of a page fits it."""
        matcher = self._matcher(values)
        return bool(matcher.search(text)) if isinstance(matcher, re.Pattern) else " ".join(text.split()) == matcher

    def _matcher(self, values: Mapping[str, str]) -> str | re.Pattern[str]:
        if found := _REGEX.fullmatch(self.text):
            flags = re.IGNORECASE if found["flags"] else re.NOFLAG
            return re.compile(_filled(found["pattern"], values, re.escape), flags)
        return _filled(self.text, values, str)

    def _braces(self) -> list[str]:
        """The names in braces; in a regular expression, `a{2}` is none of them."""
        return _NAME_IN_BRACES.findall(self.text)


def _by_look(place: Place, look: Look, name: str | re.Pattern[str]) -> Locator:
    exact = isinstance(name, str)
    match look:
        case Look.PRESS:
            button = place.get_by_role("button", name=name, exact=exact)
            link = place.get_by_role("link", name=name, exact=exact)
            return button.or_(link).or_(place.get_by_role("menuitem", name=name, exact=exact))
        case Look.FIELD:
            return place.get_by_label(name, exact=exact).or_(place.get_by_placeholder(name, exact=exact))
        case Look.HEADING:
            return place.get_by_role("heading", name=name, exact=exact)
        case Look.LIST:
            return place.get_by_role("list", name=name, exact=exact)
        case Look.FRAME:
            return place.get_by_title(name, exact=exact)
        case Look.TEXT:
            return place.get_by_text(name, exact=exact)


def _filled(text: str, values: Mapping[str, str], escape: Callable[[str], str]) -> str:
    return _NAME_IN_BRACES.sub(lambda found: escape(values[found[1]]) if found[1] in values else found[0], text)


def _quoted(value: str) -> str:
    """A value inside a quoted string of a selector."""
    return re.sub(r'(["\'\\])', r"\\\1", value)


def _pattern_fault(text: str) -> str:
    found = _REGEX.fullmatch(text)
    if found is None:
        return "a regular expression ends with /; add it" if re.match(r"/\S", text) and text.count("/") == 1 else ""
    if found["flags"] not in ("", "i"):
        return f"'{found['flags']}' after the regular expression is not known; write i or nothing"
    if (own := _PYTHON_ONLY.search(re.sub(r"\\[^AZ]", "", found["pattern"]))) is not None:
        return f"browsers do not understand {own[0]} in a regular expression; write it without"
    try:
        re.compile(found["pattern"])
    except (re.error, OverflowError, RecursionError) as error:
        return f"this regular expression cannot be read ({error}); correct it"
    return ""


def _selector_fault(text: str) -> str:
    engine, equals, selector = text.partition("=")
    if equals and engine in _ENGINES:
        selector = selector.strip()
        if not selector:
            return f"{engine}= names nothing; write what to look for after it"
        if engine != "text" and not _is_balanced(selector):
            return f"the brackets or quotation marks of {engine}={selector[:60]} are not closed; close them"
    elif equals and (near := difflib.get_close_matches(engine, _ENGINES, n=1, cutoff=0.7)):
        return f"'{engine}=' is not known; did you mean '{near[0]}='?"
    elif re.match(r"[#.][A-Za-z_-][\w-]*$|\[[\w-]+(=.*)?\]$|//\w", text):
        return (
            f"this looks like a selector; write css={text}" if text[0] != "/" else "XPath is not known; write css=..."
        )
    elif text.startswith("^") or text.endswith("$"):
        return f"this looks like a regular expression; write /{text}/"
    return ""


def _is_balanced(selector: str) -> bool:
    """True if each bracket and quotation mark of a selector is closed."""
    open_: list[str] = []
    pairs = {"]": "[", ")": "("}
    for character in re.sub(r"\\.", "", selector):
        if open_ and open_[-1] in "\"'":
            if character == open_[-1]:
                open_.pop()
        elif character in "\"'[(":
            open_.append(character)
        elif character in pairs and (not open_ or open_.pop() != pairs[character]):
            return False
    return not open_


# The tables of an adapter: a frozen dataclass whose fields are made by the three functions below.


def word(default: str, look: Look, meaning: str, *names: str) -> Any:
    """A field of a table: a word. `names`: the names in braces that it may hold."""
    return field(default=Word(default, look, names), metadata={"meaning": meaning})


def switch(*, default: bool, meaning: str) -> Any:
    """A field of a table: yes or no."""
    return field(default=default, metadata={"meaning": meaning})


def plain(default: str, meaning: str, *choices: str) -> Any:
    """A field of a table: a text, one of the choices if there are any."""
    return field(default=default, metadata={"meaning": meaning, "choices": choices})


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionInfo:
    """An option of an adapter for people: its key, kind of value, default and meaning."""

    name: str
    kind: str
    default: str
    meaning: str


def options_in(table: type[Any]) -> Iterator[OptionInfo]:
    """The options that a table of words declares, in its order."""
    for one in fields(table):
        default = one.default
        if isinstance(default, Word):
            yield OptionInfo(name=one.name, kind=default.look.value, default=default.text, meaning=_meaning(one))
        else:
            choices = one.metadata.get("choices", ())
            kind = "yes or no" if isinstance(default, bool) else ", ".join(choices) or "text"
            text = ("yes" if default else "no") if isinstance(default, bool) else str(default)
            yield OptionInfo(name=one.name, kind=kind, default=text, meaning=_meaning(one))


def words_of(table: type[Table], service: Service) -> Table:
    """The words of a service: its options, and the table's defaults for the others. Raises BadOption."""
    faults = option_faults(table, service.options)
    for name, said in faults:
        raise BadOption(f"[services.{service.name}.options] {name}: {said}", name=name)
    known = {one.name: one for one in fields(table)}  # type: ignore[arg-type]
    return table(**{name: _value(known[name], text) for name, text in service.options.items()})


def option_faults(table: type[Any], options: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The options that a table does not know or that cannot be used: key, and one sentence."""
    known = {one.name: one for one in fields(table)}
    for name, text in options.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(known)}"
            yield name, f"this adapter has no option of this name; {hint}"
        elif said := _option_fault(known[name], text):
            yield name, said


def _option_fault(one: Field[Any], text: str) -> str:
    value = _value(one, text)
    if isinstance(value, Word):
        return value.fault()
    if isinstance(one.default, bool) and text not in ("yes", "no"):
        return "write yes or no"
    choices = one.metadata.get("choices", ())
    return f"write one of: {', '.join(choices)}" if choices and text not in choices else ""


def _value(one: Field[Any], text: str) -> Any:
    if isinstance(one.default, Word):
        return Word(text, one.default.look, one.default.names)
    return text == "yes" if isinstance(one.default, bool) else text


def _meaning(one: Field[Any]) -> str:
    return str(one.metadata.get("meaning", ""))
