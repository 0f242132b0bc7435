"""Live-class products and meeting rooms, one file each; named by `kind` in [services.live-class] and [services.plan-b]."""

ROOMS = {
    "practice": "journeys.rooms.practice:PracticeRoom",
}

MEETING_ROOMS = {
    "meeting-code": "journeys.rooms.meeting_code:MeetingCodeRoom",
}
