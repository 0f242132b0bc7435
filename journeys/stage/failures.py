"""The ways a step can end badly, and which of them blame the service.

    JourneyError
    ├── Broken              the service did not do its part            FAILED
    │   └── MediaBroken     ... and this is the proof
    ├── Stranger            a person is in the class who is not ours   ERRORED, and no picture is kept
    ├── ProbeTooLate        this machine looked too seldom at a call    ERRORED
    └── Blind               it could not be judged: bot wall, captcha, host not there
    a failed expectation, a time-out, a host that cannot be reached    FAILED
    everything else: a crashed browser, no network here, a bug,
    a locator that fits several elements                               ERRORED

Only FAILED blames a service, so all that is not clearly the service's fault ends as ERRORED.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from firstbell.hostile_text import cut
from firstbell.journeys.media.proof import MediaProof
from firstbell.journeys.stage.ending import Ending, EndingKind, JourneyError
from firstbell.journeys.stage.expectation import comparison_text, expectation_text, is_ambiguous

# Bounded because it becomes a subject line, a table cell and a text message.
REASON_LIMIT = 240

# Chromium's names (net/base/net_error_list.h) for what is wrong on our side of the wire.
_OUR_OWN_NETWORK = (
    "ERR_INTERNET_DISCONNECTED",
    "ERR_NETWORK_CHANGED",
    "ERR_INSUFFICIENT_RESOURCES",
    "ERR_OUT_OF_MEMORY",
    "ERR_PROXY_CONNECTION_FAILED",
)
NAME_NOT_RESOLVED = "ERR_NAME_NOT_RESOLVED"
_NET_ERROR = re.compile(r"net::(ERR_[A-Z_0-9]+)(?: at (\S+))?")
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


class Broken(JourneyError):
    """The service did not do its part, and it is certain: no use in waiting for a time-out."""


class MediaBroken(Broken):
    """One actor does not see and hear another. Carries the proof, whose fault says what was missing."""

    def __init__(self, proof: MediaProof) -> None:
        super().__init__(proof.said)
        self.proof = proof


class ProbeTooLate(JourneyError):
    """This machine could not look at the page often enough to judge the call. Carries the proof."""

    def __init__(self, proof: MediaProof) -> None:
        super().__init__(proof.said)
        self.proof = proof


class Blind(JourneyError):
    """The service could not be judged, through no fault of its own."""


class Stranger(JourneyError):
    """A person who is not expected is in the class. Not the service's fault, and nothing may be recorded of it."""


def ending_of(error: BaseException, *, quotes: bool = False) -> Ending:
    """The ending that an exception gives to a step, which may quote the page if it `quotes`. In a group of exceptions
    the first decides."""
    if isinstance(error, BaseExceptionGroup):
        return ending_of(error.exceptions[0], quotes=quotes)
    kind, said = _kind_of(error), one_line(error, quotes=quotes)
    if isinstance(error, JourneyError):
        return Ending(kind=kind, said=said, sign=error.sign, unresolved=error.unresolved)
    return Ending(kind=kind, said=said, unresolved=_unresolved(error))


def _kind_of(error: BaseException) -> EndingKind:
    if isinstance(error, Blind):
        return EndingKind.BLIND
    if isinstance(error, PlaywrightError | AssertionError) and is_ambiguous(str(error)):
        return EndingKind.ERRORED
    if isinstance(error, Broken | AssertionError | PlaywrightTimeout):
        return EndingKind.FAILED
    if isinstance(error, PlaywrightError) and (found := _NET_ERROR.search(error.message)):
        return EndingKind.ERRORED if found[1] in _OUR_OWN_NETWORK else EndingKind.FAILED
    return EndingKind.ERRORED


def one_line(error: BaseException, *, quotes: bool = False) -> str:
    """The message of an exception in one bounded line, without colour codes or call logs, and without what a page
    showed unless it `quotes`."""
    text = _ANSI.sub("", str(error)).strip()
    if isinstance(error, PlaywrightError) and (found := _NET_ERROR.search(text)):
        return _clip(net_error(_host(found[2]), found[1]))
    if not quotes and isinstance(error, AssertionError) and (statement := comparison_text(error)):
        text = statement
    elif isinstance(error, PlaywrightError | AssertionError):
        text = expectation_text(text, quotes=quotes)
    elif not isinstance(error, JourneyError):
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return _clip(" ".join(text.split()) or type(error).__name__)


def _unresolved(error: BaseException) -> str:
    """The host whose name the browser could not resolve; empty where that is not why it failed."""
    found = _NET_ERROR.search(error.message) if isinstance(error, PlaywrightError) else None
    return _host(found[2]) if found and found[2] and found[1] == NAME_NOT_RESOLVED else ""


def net_error(host: str, error: str) -> str:
    """The message that a host cannot be reached, with Chromium's name of the reason."""
    return f"{host} cannot be reached ({error.removeprefix('net::')})"


@dataclass(frozen=True, slots=True, kw_only=True)
class LostDocument:
    """The reason why the document of a page could not be loaded. `unresolved`: see Ending."""

    said: str
    unresolved: str = ""


def lost_document(host: str, error: str) -> LostDocument:
    """The document that a host did not deliver, with Chromium's name of the reason."""
    is_name = error.removeprefix("net::") == NAME_NOT_RESOLVED
    return LostDocument(said=net_error(host, error), unresolved=host if is_name else "")


def _host(url: str | None) -> str:
    found = re.match(r"[a-z]+://([^/?#]+)", url or "")
    return found[1] if found else "the page"


def with_dialog(said: str, words: str) -> str:
    """A reason and the words of a dialog in one bounded line; the words are kept whole, if they are no longer than half
    of it."""
    return with_note(said, f'a dialog said "{words[: REASON_LIMIT // 2]}"')


def with_note(said: str, note: str) -> str:
    """A reason and a note in one bounded line, of which the note is kept whole."""
    room = REASON_LIMIT - len(note) - 2
    return f"{said if len(said) <= room else said[: room - 1] + '…'}; {note}"


def _clip(text: str) -> str:
    """Bounded and printable text: pages hold control characters and halves of characters too."""
    return cut("".join(character for character in text if character.isprintable()), REASON_LIMIT, mark="…")
