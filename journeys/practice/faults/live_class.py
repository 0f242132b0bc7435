"""What goes wrong in the live class."""

from journeys.practice.faults.fault import Fault

LIVE_CLASS = (
    Fault(
        name="lobby-stuck",
        service="live-class",
        cause="lobby",
        seen="Students stay in the lobby although the teacher is in.",
    ),
    Fault(
        name="no-media",
        service="live-class",
        cause="ice-failed",
        seen="Everybody is on the list, but nobody is seen or heard.",
    ),
    Fault(name="teacher-black", service="live-class", cause="black", seen="The teacher's picture is black."),
    Fault(name="teacher-silent", service="live-class", cause="silent", seen="The teacher cannot be heard."),
    Fault(
        name="stranger-comes-in",
        service="live-class",
        cause="stranger",
        seen="Somebody whom nobody expects is in the class.",
    ),
)
