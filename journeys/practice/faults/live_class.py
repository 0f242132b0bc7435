"""Faults of the live class."""

from firstbell.journeys.practice.faults.fault import Fault

LIVE_CLASS = (
    Fault(
        name="lobby-stuck",
        service="live-class",
        cause="lobby",
        seen="Students stay in the lobby although the teacher is in the class.",
    ),
    Fault(
        name="no-media",
        service="live-class",
        cause="ice-failed",
        seen="All participants are on the list, but there is no picture and no sound.",
    ),
    Fault(
        name="socket-refused",
        service="live-class",
        cause="signalling",
        seen='The class only shows "Connection lost. Reconnecting...".',
    ),
    Fault(name="class-full", service="live-class", cause="capacity", seen='Students see "This class is full".'),
    Fault(
        name="wrong-class",
        service="live-class",
        cause="wrong-picture",
        seen="Students get into the class of another teacher.",
    ),
    Fault(
        name="udp-blocked",
        service="live-class",
        cause="udp-blocked",
        seen="All participants are on the list, but on the school's network there is no picture and no sound.",
    ),
    Fault(
        name="turn-expired",
        service="live-class",
        cause="relay-refused",
        seen="From home there is no picture and no sound; two participants in one home see each other.",
    ),
    Fault(
        name="one-way",
        service="live-class",
        cause="one-way",
        seen="The teacher sees and hears the students, but they do not see or hear the teacher.",
    ),
    Fault(
        name="teacher-frozen",
        service="live-class",
        cause="frozen",
        seen="The teacher's picture freezes three seconds after students join.",
    ),
    Fault(name="teacher-black", service="live-class", cause="black", seen="The teacher's picture is black."),
    Fault(name="teacher-silent", service="live-class", cause="silent", seen="The teacher cannot be heard."),
    Fault(
        name="stranger-comes-in",
        service="",
        cause="stranger",
        seen="An unexpected person is in the class.",
    ),
    Fault(
        name="relay-only",
        service="live-class",
        cause="",
        seen="Nothing: the class works, but only through the TURN relay.",
        degrades=True,
    ),
    Fault(
        name="relay-tcp",
        service="live-class",
        cause="",
        seen="Occasional stutter: the class works, but only through the TURN relay over TCP.",
        degrades=True,
    ),
)
