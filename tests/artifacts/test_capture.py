"""The recorder of an actor in a real browser: masks of pictures, and what is not kept after a stranger joined."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from playwright.sync_api import Page

from firstbell.artifacts.capture import ActorRecorder
from firstbell.artifacts.policy import RecordingOptions
from firstbell.journeys.stage.pages.tabs import Tabs

pytestmark = pytest.mark.browser

FACE = "<style>body{margin:0}</style><div class=avatar style='width:300px;height:300px;background:#0a0'>a face</div>"
PIXEL = """async jpeg => {
  const bitmap = await createImageBitmap(await (await fetch("data:image/jpeg;base64," + jpeg)).blob());
  const pen = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
  pen.drawImage(bitmap, 0, 0);
  return [...pen.getImageData(150, 150, 1, 1).data].slice(0, 3);
}"""


def recorded(page: Page, folder: Path, **options: object) -> ActorRecorder:
    recorder = ActorRecorder(Tabs(page), actor="student", folder=folder, attempt=1, options=RecordingOptions(**options))  # type: ignore[arg-type]
    recorder.start()
    page.set_content(FACE)
    return recorder


@pytest.mark.parametrize("failed", [False, True])
@pytest.mark.parametrize(("mask", "is_green"), [((), True), ((".avatar",), False)], ids=["shown", "masked"])
def test_mask_covers_its_selectors_in_every_picture(
    page: Page, tmp_path: Path, *, mask: tuple[str, ...], is_green: bool, failed: bool
) -> None:
    recorder = recorded(page, tmp_path, trace=False, har=False, mask=mask)
    recorder.picture(1, "looks", failed=failed)
    (picture,) = [artifact for artifact in recorder.stop() if artifact.name.endswith(".jpg")]
    red, green, blue = page.evaluate(PIXEL, base64.b64encode((tmp_path / picture.name).read_bytes()).decode())
    assert (green > 100 > red + blue) is is_green


def test_nothing_that_shows_a_person_is_kept_after_a_stranger_joined(page: Page, tmp_path: Path) -> None:
    recorder = recorded(page, tmp_path)
    recorder.picture(1, "before", failed=False)
    recorder.frames("teacher", [b"one", b"two"])
    recorder.discard("a stranger came in")
    recorder.picture(2, "after", failed=True)
    kept = recorder.stop()
    there = {artifact.kind.value for artifact in kept if not artifact.missing}
    assert there == {"network"}
    assert {artifact.missing for artifact in kept if artifact.missing} == {"a stranger came in"}
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["network.json"]
