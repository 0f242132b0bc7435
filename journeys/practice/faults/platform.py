"""Faults of the learning platform and of plan B."""

from firstbell.journeys.practice.faults.fault import Fault

PLATFORM = (
    Fault(
        name="platform-500",
        service="platform",
        cause="server-error",
        seen='The learning platform shows "Something went wrong".',
        journey="class-list",
    ),
    Fault(
        name="platform-maintenance",
        service="platform",
        cause="maintenance",
        seen='The learning platform shows "Scheduled maintenance".',
        journey="class-list",
    ),
    Fault(
        name="platform-429",
        service="platform",
        cause="capacity",
        seen='The learning platform shows "Too many users".',
        journey="class-list",
    ),
    Fault(
        name="platform-slow",
        service="platform",
        cause="slow",
        seen="Today's class list takes 12 seconds to load.",
        journey="class-list",
    ),
    Fault(
        name="platform-blank",
        service="platform",
        cause="blank",
        seen="Today's class list is an empty white page.",
        journey="class-list",
    ),
    Fault(
        name="platform-forbids",
        service="platform",
        cause="content-blocked",
        seen="Today's class list is an empty white page: its content security policy blocks its own script.",
        journey="class-list",
    ),
    Fault(
        name="platform-mixed",
        service="platform",
        cause="content-blocked",
        seen="Today's class list is an empty white page: its script is requested without TLS.",
        journey="class-list",
        needs="names",
    ),
    Fault(
        name="platform-cookie-lost",
        service="platform",
        cause="session-lost",
        seen='After signing in, the learning platform still shows "You are signed out".',
        journey="class-list",
    ),
    Fault(
        name="sessions-empty",
        service="platform",
        cause="list-empty",
        seen='Live sessions are not showing up: the class list shows "No classes today".',
        journey="class-list",
    ),
    Fault(
        name="sessions-wrong-day",
        service="platform",
        cause="wrong-day",
        seen="Today's class list shows yesterday's classes.",
        journey="class-list",
    ),
    Fault(
        name="session-link-dead",
        service="platform",
        cause="dead-link",
        seen='"Join live session" leads to "Page not found".',
    ),
    Fault(
        name="plan-b-503",
        service="plan-b",
        cause="server-error",
        seen='The plan B meeting room shows "Service unavailable".',
        journey="plan-b",
    ),
)
