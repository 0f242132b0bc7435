"""A run view finds the files of each actor, whatever the actor is called."""

from __future__ import annotations

from pathlib import Path

import pytest

from firstbell.artifacts.bundle.run_view import _media
from firstbell.artifacts.evidence import slug


@pytest.mark.parametrize("observed", ["teacher", "second teacher", "Señora Núñez"])
def test_frames_are_found_by_the_name_that_capture_gave_them(observed: str, tmp_path: Path) -> None:
    frame = {"kind": "frame", "actor": "student", "missing": "", "name": f"07-sees-{slug(observed)}-first.jpg"}
    view = _media({"observer": "student", "observed": observed}, [frame], tmp_path)
    assert view.frames == (frame["name"],)
