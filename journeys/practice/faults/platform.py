"""What goes wrong on the learning platform, and with plan B."""

from firstbell.journeys.practice.faults.fault import Fault

PLATFORM = (
    Fault(
        name="platform-500",
        service="platform",
        cause="server-error",
        seen='The learning platform says "Something went wrong".',
        journey="class-list",
    ),
    Fault(
        name="platform-maintenance",
        service="platform",
        cause="maintenance",
        seen='The learning platform says "Scheduled maintenance".',
        journey="class-list",
    ),
    Fault(
        name="platform-429",
        service="platform",
        cause="capacity",
        seen='The learning platform says "Too many users".',
        journey="class-list",
    ),
    Fault(
        name="platform-slow",
        service="platform",
        cause="slow",
        seen="Today's list takes 12 seconds.",
        journey="class-list",
    ),
    Fault(
        name="platform-blank",
        service="platform",
        cause="blank",
        seen="Today's list is an empty white page.",
        journey="class-list",
    ),
    Fault(
        name="platform-forbids",
        service="platform",
        cause="content-blocked",
        seen="Today's list is an empty white page: its policy forbids its own script.",
        journey="class-list",
    ),
    Fault(
        name="platform-mixed",
        service="platform",
        cause="content-blocked",
        seen="Today's list is an empty white page: its script is fetched without TLS.",
        journey="class-list",
        needs="names",
    ),
    Fault(
        name="platform-cookie-lost",
        service="platform",
        cause="session-lost",
        seen='After signing in, the learning platform still says "You are signed out".',
        journey="class-list",
    ),
    Fault(
        name="sessions-empty",
        service="platform",
        cause="list-empty",
        seen='Live sessions are not showing up: "No classes today".',
        journey="class-list",
    ),
    Fault(
        name="sessions-wrong-day",
        service="platform",
        cause="wrong-day",
        seen="Today's list shows the classes of yesterday.",
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
        seen="The plan B meeting room says that the service is unavailable.",
        journey="plan-b",
    ),
)
