"""The signed camera against a Chromium with ordinary fake devices and nothing of First Bell: they answer a page alike.

The rows are in device_table.js. The ordinary browser is the full one: its permissions are a person's, while the
headless shell without a prompt grants nothing, and with the stand-in for one everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Frame, Playwright, Route

from firstbell.journeys.media.camera import LAUNCH_ARGS, PERMISSIONS, camera_script, permission_script, signature_for
from firstbell.journeys.media.probe import probe_script
from firstbell.runner.execution.browsers.discovery import browsers_on_machine, shells_on_machine

pytestmark = pytest.mark.browser

FOLDER = Path(__file__).parent
QUESTIONS, TABLE = ((FOLDER / name).read_text() for name in ("device_questions.js", "device_table.js"))
ORDINARY = ("--use-fake-device-for-media-stream", "--autoplay-policy=no-user-gesture-required")
# In a window of its own on a screen that nobody sees, an ordinary browser would wait for a click for ever.
NOBODY_TO_ASK = {"a screen", "pan, tilt, zoom"}
ALLOW = "camera; microphone"


def frame(source: str = "https://two.test/", attributes: str = "") -> str:
    return f'<iframe src="{source}" {attributes}></iframe>'


@dataclass(frozen=True)
class Place:
    """A page, and by which way to its last frame or window; `headers` are the page's own."""

    body: str = ""
    address: str = "https://one.test/"
    headers: tuple[tuple[str, str], ...] = ()
    script: str = ""
    opens: bool = False


MADE = "const frame = document.body.appendChild(document.createElement('iframe'));"
POLICY = "Permissions-Policy"
PLACES = {
    "a page": Place(),
    "a page that forbids itself": Place(headers=((POLICY, "camera=(), microphone=()"),)),
    "a page that forbids itself the camera": Place(headers=((POLICY, "camera=()"),)),
    "an older header": Place(headers=(("Feature-Policy", "camera 'none'"),)),
    "http": Place(address="http://one.test/"),
    "http at an address of a school's network": Place(address="http://10.1.2.3/"),
    "http on this machine": Place(address="http://localhost:8080/"),
    "http by number": Place(address="http://127.0.0.1:8080/"),
    "http under localhost": Place(address="http://class.localhost:8080/"),
    "a sandboxed page": Place(headers=(("Content-Security-Policy", "sandbox allow-scripts"),)),
    "a frame": Place(frame()),
    "an allowed frame": Place(frame(attributes=f'allow="{ALLOW}"')),
    "a frame with a camera alone": Place(frame(attributes='allow="camera"')),
    "a frame allowed for all": Place(frame(attributes='allow="camera *; microphone *"')),
    "a frame allowed for another": Place(
        frame(attributes='allow="camera https://three.test; microphone https://three.test"')
    ),
    "a frame of its own": Place(frame("/inner")),
    "a frame of its own, forbidden": Place(frame("/inner", "allow=\"camera 'none'; microphone 'none'\"")),
    "an allowed frame in a page that forbids": Place(
        frame(attributes=f'allow="{ALLOW}"'), headers=((POLICY, "camera=(self), microphone=(self)"),)
    ),
    "an allowed frame that the page names": Place(
        frame(attributes=f'allow="{ALLOW}"'), headers=((POLICY, 'camera=(self "https://two.test"), microphone=*'),)
    ),
    "a sandboxed frame": Place(frame("/inner", 'sandbox="allow-scripts"')),
    "a sandboxed frame, allowed": Place(frame("/inner", f'sandbox="allow-scripts" allow="{ALLOW}"')),
    "a sandboxed frame, allowed for all": Place(
        frame("/inner", 'sandbox="allow-scripts" allow="camera *; microphone *"')
    ),
    "a sandboxed frame of its own origin": Place(frame("/inner", 'sandbox="allow-scripts allow-same-origin"')),
    "a frame in an allowed frame": Place(frame("https://two.test/holds", f'allow="{ALLOW}"')),
    "an allowed frame in an allowed frame": Place(frame("https://two.test/hands-on", f'allow="{ALLOW}"')),
    "an allowed frame in a frame": Place(frame("https://two.test/hands-on")),
    "a secure frame in http": Place(frame(attributes=f'allow="{ALLOW}"'), address="http://one.test/"),
    "srcdoc": Place('<iframe srcdoc="<p>inner</p>"></iframe>'),
    "srcdoc, sandboxed": Place(f'<iframe srcdoc="<p>inner</p>" sandbox="allow-scripts" allow="{ALLOW}"></iframe>'),
    "data": Place(frame("data:text/html,<p>inner</p>", f'allow="{ALLOW}"')),
    "an empty frame": Place("<iframe></iframe>"),
    "a frame made by a script": Place(script=MADE),
    "a frame written by a script": Place(
        script=MADE + "frame.contentDocument.write('<p>inner</p>'); frame.contentDocument.close();"
    ),
    "a blob": Place(
        script=MADE + "frame.src = URL.createObjectURL(new Blob(['<p>inner</p>'], { type: 'text/html' }));"
        "await new Promise((resolve) => (frame.onload = resolve));"
    ),
    "a window": Place(script="window.open('https://two.test/');", opens=True),
    "a window without opener": Place(script="window.open('https://two.test/', '', 'noopener');", opens=True),
    "an empty window": Place(script="window.open('');", opens=True),
    "a window over http": Place(script="window.open('http://two.test/');", opens=True),
}
INNER = {"/holds": frame("https://three.test/"), "/hands-on": frame("https://three.test/", f'allow="{ALLOW}"')}


# Permissions of a context, and the page that asks. None is for one origin: a Chromium that has closed a context may
# give the next one what an origin was granted in it.
GRANTS: dict[str, tuple[Sequence[str], str]] = {
    "nothing": ([], "a page"),
    "nothing, in a frame": ([], "an allowed frame"),
    "microphone": (["microphone"], "a page"),
    "camera": (["camera"], "a page"),
    "camera, in a frame": (["camera"], "an allowed frame"),
}
Answers = dict[str, str]


class Person:
    """A context of a browser in which places are visited and rows are asked."""

    def __init__(self, browser: Browser, *scripts: str, granted: Sequence[str] = PERMISSIONS) -> None:
        self.context = browser.new_context()
        self.context.grant_permissions(list(granted))
        for script in scripts:
            self.context.add_init_script(script)
        self.context.route("**/*", self._fulfil)
        self._page = self.context.new_page()
        self._place = Place()

    def _fulfil(self, route: Route) -> None:
        is_first = route.request.url == self._place.address
        body = self._place.body if is_first else INNER.get(urlsplit(route.request.url).path, "<p>inner</p>")
        headers = dict(self._place.headers) if is_first else {}
        route.fulfill(content_type="text/html", body=f"<!doctype html><body>{body}", headers=headers)

    def answers(self, rows: str, place: Place) -> Answers:
        """The answers in the last frame of a page, or in the window that it opens."""
        self._place = place
        self._page.goto(place.address)
        if not place.opens:
            self._page.evaluate(f"async () => {{ {place.script} }}")
            return self._ask(self._page.frames[-1], rows)
        with self.context.expect_page() as opened:
            self._page.evaluate(f"() => {{ {place.script} }}")
        opened.value.wait_for_load_state()
        answers = self._ask(opened.value.main_frame, rows)
        opened.value.close()
        return answers

    def _ask(self, where: Frame, rows: str) -> Answers:
        answers: Answers = where.evaluate(f"async () => {{ {QUESTIONS} return answers(({TABLE}).{rows}); }}")
        return answers

    def everywhere(self) -> dict[str, Answers]:
        """The answers in each place."""
        return {name: self.answers("places", place) for name, place in PLACES.items()}


def with_each_grant(browser: Browser, names: Iterable[str], *scripts: str) -> dict[str, Answers]:
    """The answers with each of these kinds of permissions."""
    found = {}
    for name in names:
        granted, place = GRANTS[name]
        person = Person(browser, *scripts, granted=granted)
        found[name] = person.answers("places", PLACES[place])
        person.context.close()
    return found


def differences(expected: dict[str, Answers], found: dict[str, Answers]) -> list[str]:
    """The rows in which First Bell differs from a person; raises AssertionError if either left rows out."""
    assert {name: list(rows) for name, rows in expected.items()} == {name: list(rows) for name, rows in found.items()}
    assert min(len(rows) for rows in expected.values()) > 10
    return [
        f"{name}, {row}: a person {answer}, First Bell {found[name][row]}"
        for name, rows in expected.items()
        for row, answer in rows.items()
        if answer != found[name][row] and row not in NOBODY_TO_ASK
    ]


@pytest.fixture(scope="module")
def ordinary(playwright: Playwright) -> Iterator[Browser]:
    if not (programs := browsers_on_machine()):
        pytest.skip("no full browser to compare with; to run this test: apt-get install chromium")
    browser = playwright.chromium.launch(executable_path=programs[0], args=list(ORDINARY))
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def of_a_person(ordinary: Browser) -> dict[str, Answers]:
    """The answers of the ordinary browser: for tracks, and in each place."""
    person = Person(ordinary)
    answers = {"tracks": person.answers("tracks", Place()), **person.everywhere()}
    person.context.close()
    return answers


@pytest.fixture(scope="module")
def of_a_person_granted(ordinary: Browser) -> dict[str, Answers]:
    """The answers of the ordinary browser with each kind of permissions."""
    return with_each_grant(ordinary, GRANTS)


@pytest.fixture(
    scope="module", params=[*browsers_on_machine()[:1], *shells_on_machine()[:1]], ids=lambda path: path.name
)
def armed(playwright: Playwright, request: pytest.FixtureRequest) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=request.param, args=list(LAUNCH_ARGS))
    yield browser
    browser.close()


SIGNED = (camera_script(signature_for("a table", 0)), probe_script())


def test_a_page_meets_the_devices_of_a_person(of_a_person: dict[str, Answers], armed: Browser) -> None:
    actor = Person(armed, *SIGNED)
    found = {"tracks": actor.answers("tracks", Place()), **actor.everywhere()}
    actor.context.close()
    assert differences(of_a_person, found) == []


def test_a_page_gets_no_more_than_its_context_was_granted(
    of_a_person_granted: dict[str, Answers], armed: Browser
) -> None:
    assert differences(of_a_person_granted, with_each_grant(armed, GRANTS, *SIGNED)) == []


def test_a_test_without_actors_gets_no_more_either(of_a_person_granted: dict[str, Answers], armed: Browser) -> None:
    names = ("nothing", "microphone")
    expected = {name: of_a_person_granted[name] for name in names}
    assert differences(expected, with_each_grant(armed, names, permission_script())) == []
