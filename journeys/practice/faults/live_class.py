"""What goes wrong in the live class."""

from firstbell.journeys.practice.faults.fault import Fault

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
    Fault(
        name="socket-refused",
        service="live-class",
        cause="signalling",
        seen='The class says "Connection lost. Reconnecting..." and nothing else.',
    ),
    Fault(name="class-full", service="live-class", cause="capacity", seen='Students are told "This class is full".'),
    Fault(
        name="wrong-class",
        service="live-class",
        cause="wrong-picture",
        seen="Students are in a class, but it is that of another teacher.",
    ),
    Fault(
        name="udp-blocked",
        service="live-class",
        cause="udp-blocked",
        seen="Everybody is on the list, and from the school's network nobody is seen or heard.",
    ),
    Fault(
        name="turn-expired",
        service="live-class",
        cause="relay-refused",
        seen="From home nobody is seen or heard; two in one house see each other.",
    ),
    Fault(
        name="one-way",
        service="live-class",
        cause="one-way",
        seen="The teacher sees and hears the students, and they neither see nor hear the teacher.",
    ),
    Fault(
        name="teacher-frozen",
        service="live-class",
        cause="frozen",
        seen="The teacher's picture stands still when students have been in for three seconds.",
    ),
    Fault(name="teacher-black", service="live-class", cause="black", seen="The teacher's picture is black."),
    Fault(name="teacher-silent", service="live-class", cause="silent", seen="The teacher cannot be heard."),
    Fault(
        name="stranger-comes-in",
        service="",
        cause="stranger",
        seen="Somebody whom nobody expects is in the class.",
    ),
    Fault(
        name="relay-only",
        service="live-class",
        cause="",
        seen="Nothing: the class works, but only by way of the relay.",
        degrades=True,
    ),
    Fault(
        name="relay-tcp",
        service="live-class",
        cause="",
        seen="Nothing but a stutter at times: the class works, but only by way of the relay and over TCP.",
        degrades=True,
    ),
)
