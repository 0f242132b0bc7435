"""What goes wrong on the learning platform."""

from journeys.practice.faults.fault import Fault

PLATFORM = (
    Fault(
        name="sessions-empty",
        service="platform",
        cause="list-empty",
        seen='Live sessions are not showing up: "No classes today".',
        journey="class-list",
    ),
)
