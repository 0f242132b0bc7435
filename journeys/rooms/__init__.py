"""Live-class products and meeting rooms, one file each; [services.live-class] and [services.plan-b] name a kind."""

ROOMS = {
    "practice": "journeys.rooms.practice:PracticeRoom",
}

MEETING_ROOMS = {
    "meeting-code": "journeys.rooms.meeting_code:MeetingCodeRoom",
}
