"""A meeting room that a name and a code open, with no account: the kind of plan B that districts fall back to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from firstbell.journeys.rooms.practice import wait_until_inside
from firstbell.journeys.stage.failures import Blind, Broken

if TYPE_CHECKING:
    from firstbell.journeys.stage.actor import Actor
    from firstbell.journeys.stage.service import Classroom, Service


class MeetingCodeRoom:
    """Entered at the service's own address, without the portal, the sign-in or the platform."""

    def __init__(self, service: Service) -> None:
        self._url = service.url

    def enter(self, actor: Actor, classroom: Classroom) -> None:
        """Give name and code, and be in the meeting."""
        if classroom.meeting_code is None:
            raise Blind("no meeting code is configured; add classroom.meeting_code")
        page = actor.page
        actor.go(self._url)
        page.get_by_label("Your name").fill(actor.account.display_name)
        page.get_by_label("Meeting code").fill(classroom.meeting_code.reveal())
        page.get_by_role("button", name="Join meeting").click()
        room = page.get_by_role("status")
        refusal = page.get_by_role("alert").filter(visible=True)
        if actor.wait_for_first(room, refusal) is refusal:
            raise Broken(f'not let in: "{refusal.inner_text().strip()}"')
        wait_until_inside(actor, "meeting")
        actor.watch_participants(page.get_by_role("list", name="Participants"))

    def leave(self, actor: Actor) -> None:
        """Leave the meeting."""
        actor.page.get_by_role("button", name="Leave meeting").click()
        expect(actor.page.get_by_role("status")).to_contain_text("left")
        actor.roster.left()
