"""A class in which every person's camera is refused fails, and its failure holds the reason that the page shows."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from firstbell.journeys.stage.ending import EndingKind
from firstbell.journeys.stage.observer import NoObserver
from firstbell.journeys.stage.secret import Secret
from firstbell.journeys.stage.service import Account
from firstbell.journeys.stage.stage import Stage

pytestmark = pytest.mark.browser

ZOE = Account(username="zz.zoe", display_name="Zoe", password=Secret(lambda: "x"))
ROOM = """<p role="status">Coming in</p><script type="module">
  const status = document.querySelector("[role=status]");
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: { ideal: 1280 } } });
    status.textContent = `In the room with ${stream.getTracks().length} tracks`;
  } catch (error) {
    status.textContent = `We cannot reach your camera: ${error.name}`;
  }
</script>"""


@pytest.mark.parametrize(
    ("page_address", "frame", "shown"),
    [
        pytest.param("https://portal.example/", 'allow="camera; microphone"', "", id="allowed"),
        pytest.param("https://portal.example/", "", "NotAllowedError", id="no allow"),
        pytest.param("http://portal.example/", 'allow="camera; microphone"', "TypeError", id="over http"),
    ],
)
def test_a_class_fails_where_a_camera_is_refused(page: Page, page_address: str, frame: str, shown: str) -> None:
    def answer(route: Route) -> None:
        outer = f'<iframe src="https://room.example/" {frame}></iframe>'
        route.fulfill(content_type="text/html", body=outer if "portal" in route.request.url else ROOM)

    page.context.route("**/*", answer)
    with Stage(run_token="x", observer=NoObserver(), limit_s=5.0) as stage:
        zoe = stage.enter("student", ZOE, page.context)
        zoe.go(page_address)
        status = zoe.page.frame_locator("iframe").get_by_role("status")
        expect(status).not_to_have_text("Coming in")
        if not shown:
            expect(status).to_have_text("In the room with 2 tracks")
            return
        with pytest.raises(AssertionError, match=shown), zoe.step("enters the room", relies_on="room"):
            expect(status).to_contain_text("In the room", timeout=200)
    (step,) = stage.steps
    assert step.ending is not None
    assert step.ending.kind is EndingKind.FAILED
    assert ("refused to room.example: NotAllowedError" in step.ending.said) is (shown == "NotAllowedError")
