"""The windows and frames in which an adapter looks for the parts of a product's pages."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import reduce
from types import TracebackType
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Frame, Locator, Page

from firstbell.journeys.stage.failures import Broken
from firstbell.journeys.stage.pages.waiting import PAGE_READ_MS

if TYPE_CHECKING:
    from firstbell.journeys.stage.actor import Actor

Key = TypeVar("Key")
Sign = Callable[[Frame], Locator]

# The interval of looks.
LOOK_AGAIN_MS = 100.0
# The last look, which says what is missing.
LAST_LOOK_S = 0.05
# A frame that is alive answers in milliseconds, one on a busy machine in a second; one that hangs is not waited for. So
# a look that finds nothing gives the next one twice the time.
LOOK_MS = 150.0
LONGEST_LOOK_MS = 1200.0
# Pages with advertising have dozens of frames.
FRAME_LIMIT = 12

# Products keep fields for password managers out of sight: visible to a browser, and to no person.
ON_SCREEN = """element => {
  const box = element.getBoundingClientRect();
  return box.right + window.scrollX > 0 && box.bottom + window.scrollY > 0
    && !element.closest('[aria-hidden="true"]') && element.checkVisibility({ opacityProperty: true });
}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found(Generic[Key]):
    """A sign that is visible: its key, the element, and the frame that shows it."""

    key: Key
    element: Locator
    frame: Frame


class Windows:
    """The windows that an actor has open in one place: the page that the actor is on, and those that open meanwhile.

    The actor goes on in the window that shows what is waited for, and back when it closes. `with_frames`: the frames of
    each window are looked into, too.
    """

    def __init__(self, actor: Actor, *, with_frames: bool = False) -> None:
        self._actor = actor
        self._frame_limit = FRAME_LIMIT if with_frames else 1
        self._context = actor.page.context
        self._look_ms = LOOK_MS
        self._opened: list[Page] = []
        self._visited: list[Page] = [actor.page]

    @property
    def limit_s(self) -> float:
        """The longest wait, in seconds."""
        return self._actor.limit_s

    def __enter__(self) -> Self:
        self._context.on("page", self._note_opened)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _tb: TracebackType | None
    ) -> None:
        with contextlib.suppress(PlaywrightError):
            self._context.remove_listener("page", self._note_opened)
        self._leave_closed()

    def _note_opened(self, page: Page) -> None:
        self._opened.append(page)

    def wait_for(
        self, signs: Mapping[Key, Sign], *, only_visited: Collection[Key] = (), within_s: float | None = None
    ) -> Found[Key]:
        """The first of several signs, in their order, as soon as one is visible in any window. Raises Broken as soon as
        none can appear, or the time is over. `only_visited`: signs that a window nobody asked for may show, too;
        they count where the actor has been."""
        deadline = time.monotonic() + (within_s or self._actor.limit_s)
        self._look_ms = LOOK_MS
        page, prospect, read_at = self._actor.page, self._actor.prospect(), time.monotonic()
        while (found := self.look(signs, only_visited=only_visited)) is None:
            if self._actor.page != page:
                page, prospect = self._actor.page, self._actor.prospect()
            if time.monotonic() - read_at > PAGE_READ_MS / 1000:
                read_at = time.monotonic()
                prospect.read()
            # While another window is open, what is awaited may come there.
            is_lost = prospect.is_lost and all(other in self._visited for other in self._opened)
            if is_lost or time.monotonic() > deadline:
                return self._last_look(signs, only_visited)
            self._look_ms = min(2 * self._look_ms, LONGEST_LOOK_MS)
            self._pause(page)
        return found

    def _last_look(self, signs: Mapping[Key, Sign], only_visited: Collection[Key]) -> Found[Key]:
        """Raise Broken with what is there instead, unless a sign has come after all."""
        frame = self._actor.page.main_frame
        self._actor.wait_for_first(*(sign(frame) for sign in signs.values()), within_s=LAST_LOOK_S)
        if (found := self.look(signs, only_visited=only_visited)) is None:
            raise Broken("what is awaited is on the page, and out of a person's sight")
        return found

    @staticmethod
    def _pause(page: Page) -> None:
        with contextlib.suppress(PlaywrightError):  # A window may close itself meanwhile.
            page.wait_for_timeout(LOOK_AGAIN_MS)

    def look(self, signs: Mapping[Key, Sign], *, only_visited: Collection[Key] = ()) -> Found[Key] | None:
        """The first of several signs that is visible now: on the actor's page, or else in the newest other window; None
        if there is none."""
        self._leave_closed()
        here = self._actor.page
        for page in dict.fromkeys((here, *reversed(self._opened), *reversed(self._visited))):
            is_visited = page in self._visited
            wanted = {key: sign for key, sign in signs.items() if is_visited or key not in only_visited}
            for frame in page.frames[: self._frame_limit] if wanted else ():
                if (found := _visible_in(frame, wanted, self._look_ms)) is not None:
                    self._go_on_in(page)
                    return found
        return None

    def _go_on_in(self, page: Page) -> None:
        if page != self._actor.page:
            self._actor.page = page
        if page not in self._visited:
            self._visited.append(page)

    def _leave_closed(self) -> None:
        """Forget windows that have closed, and put the actor back where it was before."""
        self._opened[:] = [page for page in self._opened if not page.is_closed()]
        self._visited[:] = [page for page in self._visited if not page.is_closed()]
        if self._visited and self._actor.page.is_closed():
            self._actor.page = self._visited[-1]


def _visible_in(frame: Frame, signs: Mapping[Key, Sign], within_ms: float) -> Found[Key] | None:
    elements = {key: sign(frame).filter(visible=True) for key, sign in signs.items()}
    try:
        reduce(Locator.or_, elements.values()).first.wait_for(timeout=within_ms)
        for key, shown in elements.items():
            if shown.count() and shown.first.evaluate(ON_SCREEN, timeout=within_ms):
                return Found(key=key, element=shown.first, frame=frame)
    except PlaywrightError:  # It hangs, or has just gone: the next round looks again.
        return None
    return None
