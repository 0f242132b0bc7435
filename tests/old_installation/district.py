"""The district of the old installation: its configuration, its own journeys, and the secrets it refers to.

The journeys use nothing but fixtures and the marker, as a district's own do.
"""

from __future__ import annotations

from collections.abc import Mapping

SILENCED_UNTIL = "2027-06-01 08:00"


CONFIG = """\
[school]
name = "Bayfront County"
timezone = "America/New_York"
journeys = ["my_journeys", "tests/e2e/test_login.py::test_login"]

[services.edge]
owner = "District network team"
contact = "noc@bayfront.example"
url = "{edge}"
public = "reaching the portal"

[services.sign-in]
owner = "Contoso Identity"
contact = "https://support.identity.example"
url = "{sign-in}"
kind = "redirect"

[services.platform]
owner = "Contoso Learn"
contact = "support@learn.example"
url = "{platform}"
kind = "practice"

[services.live-class]
owner = "Contoso Live"
url = "{live-class}"
relays = ["{relay}"]
kind = "practice"

[services.plan-b]
owner = "District IT"
contact = "it@bayfront.example"
url = "{plan-b}"
kind = "meeting-code"

[services.transport]
owner = "Bus office"
contact = "buses@bayfront.example"
url = "{edge}"
hosts = ["buses.localhost"]

[accounts.teacher]
username = "zz.rivera"
display_name = "Ms. Rivera"
password = "env:BAYFRONT_TEACHER"

[accounts.student]
username = "zz.student01"
display_name = "Ada Zz"
password = "env:BAYFRONT_STUDENT"
totp = "env:BAYFRONT_STUDENT_CODE"

[accounts.student-high]
role = "student"
groups = ["high"]
username = "zz.student02"
display_name = "Ben Zz"
password = "env:BAYFRONT_STUDENT_HIGH"

[classroom]
title = "Grade 3 Reading"
meeting_code = "env:BAYFRONT_MEETING"

[browser]
name = "chromium"
step_limit = "10s"

[store]
url = "./evidence"

[history]
{history}keep_steps = "30d"

[evidence]
on_pass = "screenshots"
on_fail = "trace"
pass_days = "3650d"
fail_days = "3650d"
signing_key = "file:signing.key"
spool_mib = 500

[privacy]
expected_participants = ["Principal Zz"]
mask = ["img.avatar"]

[[bells]]
name = "regular"
first_bell = {{ elementary = 08:00:00, high = 09:15:00 }}
last_bell = 15:30:00
periods = [{{ name = "Period 1", start = 08:00:00, end = 08:50:00 }}]

[[bells]]
name = "two-hour-delay"
first_bell = {{ elementary = 10:00:00, high = 11:15:00 }}
last_bell = 15:30:00

[calendar]
in_session = "mon-fri"
term = "2026-08-24..2027-06-10"
closed = ["2026-11-25..2026-11-27", "2026-12-21..2027-01-01"]
cycle = ["A", "B"]
bells = "regular"

[[calendar.days]]
dates = "2026-12-02"
bells = "two-hour-delay"
why = "Snow"

[[maintenance]]
services = ["plan-b"]
start = 2026-11-01T00:00:00
end = 2027-06-10T00:00:00
run = false
why = "The meeting room is moved"

[journeys.portal]
every = "{often}"
hours = "always"
closed_days = "as usual"
deadline = "{deadline}"

[journeys.class-page]
every = "{often}"
hours = "always"
closed_days = "as usual"
deadline = "{deadline}"
severity = "critical"

[journeys.bus-times]
every = "{often}"
hours = "always"
closed_days = "as usual"
deadline = "{deadline}"
confirm = false

[journeys.login]
relies_on = ["sign-in"]
every = "6h"

[journeys.greeting]
lead_in = {{ before_bell = "45m", every = "5m" }}
groups = ["elementary"]

[journeys.live-class-high]
plays = "live-class"
every = "1h"
groups = ["high"]

[journeys.live-class]
every = "2h"

[journeys.sign-in]
crontab = "*/30 7-15 * * mon-fri"

[journeys.class-list]
enabled = false

[journeys.plan-b]
crontab = "{minutes} * * * *"
deadline = "50s"

[locations.school]
inside = true

[locations.home]
network = "dsl"

[watch]
grace = "60s"
late_after = "10s"
stop_within = "30s"
recycle_after = 100

[rehearsal]
success = 0.5
latency_ms = 5000
frames_per_s = 1
steps = {{ "signs in" = "30s", "joins" = "30s" }}

[diagnosis]
controls = ["{control}"]
checks_every = "20s"
within = "5s"
latency_ms = 3000
frames_per_s = 1

[alarms]
places = 1
passes = 2
unseen = 2
reopen_within = "1m"
link = "https://bells.bayfront.example/incidents/{{incident}}"
mark = "[Bayfront]"

[alarms.mail]
host = "localhost"
port = 587
encryption = "starttls"
username = "firstbell"
password = "env:BAYFRONT_MAIL"
sender = "First Bell <firstbell@bayfront.example>"

[[alarms.routes]]
name = "it-on-call"
to = ["webhook:env:BAYFRONT_HOOK#env:BAYFRONT_HOOK_KEY"]
repeat = "8h"
escalate_after = "12h"
escalate_to = ["head-of-it"]

[[alarms.routes]]
name = "head-of-it"
to = ["slack:env:BAYFRONT_SLACK", "smtp:head@bayfront.example"]

[[alarms.routes]]
name = "buses"
services = ["transport"]
severities = ["critical", "warning"]
to = ["slack:env:BAYFRONT_SLACK"]

[[alarms.routes]]
name = "bells"
operator = true
to = ["webhook:env:BAYFRONT_HOOK#env:BAYFRONT_HOOK_KEY"]

[[alarms.routes]]
name = "parents"
public = true
severities = ["critical", "warning"]
to = ["smtp:parents@bayfront.example"]
"""

FILES: Mapping[str, str] = {
    "my_journeys/conftest.py": '''\
"""What the district's journeys share."""

import json
import pathlib

import pytest
from portal_pages import PortalPages


@pytest.fixture
def pages(student, school):
    return PortalPages(student, school)


@pytest.fixture
def bus_times():
    return json.loads((pathlib.Path(__file__).parents[1] / "buses.json").read_text())
''',
    "my_journeys/portal_pages.py": '''\
"""The portal's pages in the district's words: the one place to change when the portal changes."""

from playwright.sync_api import expect


class PortalPages:
    def __init__(self, reader, school):
        self.reader, self.page, self.door = reader, reader.page, school.service("edge").url

    def enter(self):
        self.reader.go(self.door)
        expect(self.page.get_by_role("link", name="Sign in")).to_be_visible()

    def classes(self, title):
        self.page.get_by_role("link", name="My classes").click()
        self.reader.click(self.page.get_by_role("link", name=title))
        expect(self.page.get_by_role("heading", name=title, exact=True)).to_be_visible()
''',
    "my_journeys/test_portal.py": '''\
"""The front page opens."""

import pytest


@pytest.mark.journey("portal", relies_on=["edge"])
def test_portal(student, pages):
    with student.step("opens the front page", relies_on="edge"):
        pages.enter()
''',
    "my_journeys/test_class_page.py": '''\
"""A student finds the page of the class."""

import pytest


@pytest.mark.journey("class-page", relies_on=["edge", "sign-in", "platform"])
def test_class_page(student, school, pages, classroom):
    with student.step("opens the portal", relies_on="edge", picture=False):
        pages.enter()
    with student.step("signs in", relies_on="sign-in", picture=False):
        school.sign_in(student)
    with student.step("opens the class page", relies_on="platform"):
        pages.classes(classroom.title)
''',
    "my_journeys/test_bus_times.py": '''\
"""The portal opens, and the bus office has said when its buses come. Without its file the probe cannot judge."""

import pytest


@pytest.mark.journey("bus-times", relies_on=["transport"], roles=["student"])
def test_bus_times(request, actor):
    student = actor("student")
    with student.step("reads when the bus comes", relies_on="transport", picture=False):
        assert request.getfixturevalue("bus_times")["first"] == "07:20"
''',
    "my_journeys/test_greeting.py": '''\
"""A teacher and a student meet in class and see and hear each other."""

import pytest


@pytest.mark.journey("greeting", relies_on=["sign-in", "live-class"])
def test_greeting(teacher, student, school, classroom):
    for person in (teacher, student):
        with person.step("signs in", relies_on="sign-in", picture=False):
            school.open_portal(person)
            school.sign_in(person)
    with teacher.step("opens the class", relies_on="live-class", picture=False):
        school.platform.find_class(teacher, classroom.title)
        class_ = school.live_class.open(teacher, classroom.title)
    with student.step("joins", relies_on="live-class", picture=False):
        school.platform.find_session(student, class_).join()
    with student.step("sees and hears the teacher", relies_on="live-class"):
        student.expect_to_see_and_hear(teacher)
''',
    "tests/e2e/test_login.py": '''\
"""A test that the district had before: nothing but pytest-playwright."""

import os

from playwright.sync_api import Page, expect


def test_login(page: Page) -> None:
    page.goto(os.environ["BAYFRONT_PORTAL"])
    page.get_by_role("link", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
''',
    "pytest.ini": "[pytest]\nmarkers =\n    ours: a marker of the district\n",
    "buses.json": '{"first": "07:20"}\n',
}
