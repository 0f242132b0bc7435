"""The frames of an actor's pages, asked all at once and never without a time limit."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from firstbell.compat.playwright import evaluate_within

if TYPE_CHECKING:
    from playwright.sync_api import Frame, Page

Pages = Callable[[], Sequence["Page"]]

# A page that is alive answers in milliseconds, on a loaded machine in a second.
ANSWER_S = 2.0
# A frame that did not answer is not asked again so soon: each look would wait for it.
UNANSWERED_REST_S = 10.0
# A frame without call, picture or sound costs as much as any other to ask, and a page may have sixty of them.
IDLE_REST_S = 1.0
# Playwright's words for a page that will never answer again.
_GONE = ("closed", "crashed")


class FrameGroup:
    """All frames of the pages that `pages` returns at that moment, the page in use first."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._rests_until: dict[Frame, float] = {}

    def ask(
        self, expression: str, arg: object = None, *, is_idle: Callable[[Any], bool] = lambda _answer: False
    ) -> list[Any]:
        """The answers of frames that have one in time. A frame that `is_idle` rests a second, other than the first.

        Raises Playwright's error where the first page has closed or crashed, and LookupError where no frame has the
        probe.
        """
        frames = self._askable()
        answers = evaluate_within(frames, expression, arg, ANSWER_S)
        for frame, answer in zip(frames, answers, strict=True):
            is_gone = isinstance(answer, PlaywrightError) and any(word in answer.message for word in _GONE)
            if frame is not frames[0]:
                self._give_rest(frame, answer, is_idle)
            elif is_gone:
                raise answer
        if all(answer is None for answer in answers):
            raise LookupError(f"nothing can be seen on {self._addresses()}: the page has no probe")
        return [answer for answer in answers if answer is not None and not isinstance(answer, BaseException)]

    def _askable(self) -> list[Frame]:
        now = time.monotonic()
        self._rests_until = {frame: until for frame, until in self._rests_until.items() if until > now}
        pages = list(self._pages())
        frames = [frame for page in [page for page in pages if not page.is_closed()] or pages for frame in page.frames]
        # Without an address: the document of this frame was never received, and an evaluation would wait for it.
        return [frame for frame in frames if frame.url and frame not in self._rests_until]

    def _give_rest(self, frame: Frame, answer: Any, is_idle: Callable[[Any], bool]) -> None:
        if isinstance(answer, PlaywrightTimeout):
            self._rests_until[frame] = time.monotonic() + UNANSWERED_REST_S
        elif answer is None or (not isinstance(answer, BaseException) and is_idle(answer)):
            self._rests_until[frame] = time.monotonic() + IDLE_REST_S

    def _addresses(self) -> str:
        return ", ".join(page.url.split("?")[0] for page in self._pages()) or "no page"
