"""Imports a district's journeys, and the helpers beside them, in their rewritten form."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from firstbell.runner.rehearsal.plays.rewriting import rewrite

# Folders inside a project that hold other people's code.
FOREIGN = frozenset({"site-packages", "dist-packages", "node_modules"})


class RewritingFinder:
    """A finder for `sys.meta_path`, for the Python files of some folders and for single files."""

    def __init__(self, places: Collection[Path]) -> None:
        self._places = [place.resolve() for place in places]

    def install(self) -> None:
        """Puts it before all others, also before pytest's own."""
        sys.meta_path.insert(0, self)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of a module that is to be rewritten; None for all others."""
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or spec.origin is None or not isinstance(spec.loader, SourceFileLoader):
            return None
        if not self.covers(Path(spec.origin)):
            return None
        spec.loader = _RewritingLoader(name, spec.origin)
        return spec

    def covers(self, file: Path) -> bool:
        """Tells whether a file is rewritten."""
        real = file.resolve()
        return any(
            place == real or (place in real.parents and not FOREIGN & set(real.relative_to(place).parts))
            for place in self._places
        )


class _RewritingLoader(SourceFileLoader):
    """Compiles from the source every time: a run must never find the rewritten code in a cache."""

    def get_code(self, fullname: str) -> CodeType:
        source = self.get_data(self.get_filename(fullname))
        return compile(rewrite(source, Path(self.path).name), self.path, "exec", dont_inherit=True)
