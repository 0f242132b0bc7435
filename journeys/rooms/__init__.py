"""Live-class products and meeting rooms, one file each; [services.live-class] and [services.plan-b] name a kind."""

ROOMS = {
    "practice": "firstbell.journeys.rooms.practice:PracticeRoom",
    "web-room": "firstbell.journeys.rooms.web_room:WebRoom",
}

MEETING_ROOMS = {
    "meeting-code": "firstbell.journeys.rooms.meeting_code:MeetingCodeRoom",
    "web-room": "firstbell.journeys.rooms.web_room:WebMeetingRoom",
}
