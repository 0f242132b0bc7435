"""The console of commands: nothing that it prints steers the terminal but its own styles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from firstbell.hostile_text import shown


class CleanConsole(Console):
    """A rich console for texts that pages, files and other machines wrote: whatever is printed goes through `render`,
    which takes the steering characters out, and no text is markup."""

    def __init__(self, **options: Any) -> None:
        super().__init__(highlight=False, emoji=False, markup=False, **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        """Yields the parts of a printed thing, cleaned; rich's own movements of the cursor stay."""
        for part in super().render(renderable, options):
            is_clean = part.control or part.text == "\n" or part.text.isprintable()
            yield part if is_clean else Segment(shown(part.text), part.style)
