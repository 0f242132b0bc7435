"""Pictures of every kind of notice, as mail and as cards, for a telephone and a desk: to look at before a release.

.venv/bin/python docs/alarm_pictures.py [FOLDER]        writes KIND-CHANNEL-WIDTH.png, for 360 and 900 pixels

Mails are the real HTML in a browser. Slack and Teams draw their cards themselves: theirs are a likeness of the blocks,
in the right order and with the whole text, not a proof of their look.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, sync_playwright

from firstbell.runner.alarms.channels import slack, teams
from firstbell.runner.alarms.channels.mail_page import mail_page
from firstbell.runner.alarms.incident import PROBE_SUBJECT, Incident, Symptom
from firstbell.runner.alarms.message import Message, MessageContext, write_message
from firstbell.runner.alarms.public_notice import PublicNoticeContext, noun_of, problem_of, public_notice
from firstbell.runner.alarms.routing import DueNotice, IncidentStatus, NoticeKind, NoticeReason, Route, Severity
from firstbell.runner.diagnosis.cause import WORDS, Cause
from firstbell.runner.execution.browsers.discovery import find_browser, launch_options

ZONE = ZoneInfo("America/New_York")
START = datetime(2026, 8, 31, 11, 46, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WIDTHS = (360, 900)
ROUTE = Route(name="it-on-call", to=(), escalate_after=10 * MINUTE, escalate_to=("head-of-it",))
SYMPTOM = Symptom(
    journey="live-class",
    since=START,
    locations=("home",),
    actor="student",
    step="sees and hears the teacher",
    said="the picture moves, but the tone of 523 Hz is not heard",
    run_id="k3f9tq",
)
INCIDENT = Incident(number=217, subject="live-class", owner="Contoso Learn", opened_at=START, symptoms=(SYMPTOM,))
CONTEXT = MessageContext(
    zone=ZONE,
    district="Bayfront Unified",
    location_count=2,
    contact="support@contoso.example, +1 305 555 0100",
    problem=WORDS[Cause.SILENT],
    cause=Cause.SILENT,
    confidence="high (failed twice, this location's network works)",
    reasons=("of 2 attempts, in 2 no sound arrived", "the same journey passed here at 07:36 EDT"),
    working=("edge (0.4 s)", "sign-in (0.9 s)", "platform (0.6 s)", "plan-b passed at 07:44 EDT"),
    elsewhere=("school not tried yet",),
    proof="https://firstbell.bayfront.example/i/217",
    evidence="evidence/runs/2026-08-31/live-class/0746-k3f9tq (firstbell evidence k3f9tq --open)",
)
GREY = (
    "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' width='640' height='360'>"
    "<rect width='640' height='360' fill='%23bbb'/></svg>"
)
LIKENESS = """<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">
<body style="margin: 0; padding: 12px; background: #fff; font: 15px/1.4 system-ui, sans-serif; overflow-wrap: anywhere">
<p style="color: #666; font-size: 12px; margin: 0 0 8px">a likeness of the blocks</p>{body}</body></html>"""


def notices() -> Iterator[tuple[str, Message]]:
    """Yields every kind of notice by name."""
    over = START + 26 * MINUTE
    ended = replace(SYMPTOM, ended_at=over)
    again = replace(INCIDENT, symptoms=(ended, replace(SYMPTOM, since=over + 4 * MINUTE)), openings=2)
    also = replace(INCIDENT, symptoms=(SYMPTOM, replace(SYMPTOM, journey="room-class")), news=("room-class at home",))
    passing = replace(INCIDENT, symptoms=(replace(SYMPTOM, passes=1, passes_needed=2),))
    closed = replace(INCIDENT, symptoms=(ended,), closed_at=over)
    retired = replace(closed, symptoms=(replace(ended, is_retired=True),))
    yield "opened", _written(INCIDENT, NoticeReason.OPENED, picture=True)
    yield "opened-again", _written(again, NoticeReason.OPENED, after=31 * MINUTE)
    yield "now-critical", _written(INCIDENT, NoticeReason.MORE_URGENT, bell=START + 14 * MINUTE)
    yield "more-broken", _written(also, NoticeReason.MORE_BROKEN, after=9 * MINUTE, is_acknowledged=True)
    yield "reminder", _written(passing, NoticeReason.REMINDER_DUE, after=240 * MINUTE)
    yield "escalated", _written(INCIDENT, NoticeReason.ESCALATED, after=10 * MINUTE)
    yield "acknowledged", _written(INCIDENT, NoticeReason.ACKNOWLEDGED, after=4 * MINUTE, is_acknowledged=True)
    yield "snooze-over", _written(INCIDENT, NoticeReason.SNOOZE_OVER, after=40 * MINUTE)
    yield "closed", _written(closed, NoticeReason.CLOSED, after=26 * MINUTE)
    yield "closed-retired", _written(retired, NoticeReason.CLOSED, after=26 * MINUTE)
    yield "drill", _written(INCIDENT, NoticeReason.OPENED, mark="drill")
    own = replace(SYMPTOM, actor="", step="", said="no worker could play it")
    yield "operator", _written(replace(INCIDENT, subject=PROBE_SUBJECT, owner="", symptoms=(own,)), NoticeReason.OPENED)
    yield "families", _public(_written(INCIDENT, NoticeReason.OPENED), None)
    yield "families-over", _public(_written(closed, NoticeReason.CLOSED), over)


def _written(
    incident: Incident,
    reason: NoticeReason,
    *,
    after: timedelta = 2 * MINUTE,
    picture: bool = False,
    is_acknowledged: bool = False,
    **more: Any,
) -> Message:
    now = START + after
    severity = Severity.WARNING if incident.is_own else Severity.CRITICAL
    known: dict[str, Any] = {}
    if is_acknowledged:
        known = {"acknowledged_by": "the help desk", "acknowledged_why": "calling Contoso"}
        known |= {"acknowledged_at": now, "acknowledged_until": now + 40 * MINUTE}
    status = IncidentStatus(incident=incident, severity=severity, **known)
    facts = {"no_picture": "" if picture else "the failing step takes none", "has_bells": "bell" in more, **more}
    context = replace(CONTEXT, status=status, **facts)
    if not incident.is_open:
        context = replace(context, elsewhere=(), location_count=1)
    if incident.is_own:
        context = MessageContext(zone=ZONE, district=CONTEXT.district, evidence=CONTEXT.evidence)
    due = DueNotice(incident=incident, route=ROUTE, reason=reason, severity=severity, ordinal=1)
    message = write_message(due, context, now)
    return replace(message, picture=b"shown") if picture else message


def _public(message: Message, over_at: datetime | None) -> Message:
    context = PublicNoticeContext(
        zone=ZONE,
        now=START + 12 * MINUTE,
        since=START,
        over_at=over_at,
        doing="joining live sessions",
        noun=noun_of("live-class"),
        problem=problem_of(Cause.SILENT.value),
        district=CONTEXT.district,
        plan_b_name="the Bayfront video room",
        plan_b="https://meet.bayfront.example/room",
        plan_b_passed_at=START - 2 * MINUTE,
    )
    return public_notice(message, context)


def pages_of(message: Message) -> Mapping[str, str]:
    """Returns the pages of a notice by channel."""
    pages = {"mail": mail_page(message)}
    if message.kind is NoticeKind.OPENED:
        pages |= {"slack": _slack(message), "teams": _teams(message)}
    return pages


def _slack(message: Message) -> str:
    card: Any = slack.card(message)
    (attachment,) = card["attachments"]
    parts = [f"<p>{escape(card['text'])}</p>"]
    for block in attachment["blocks"]:
        fields = block.get("fields") or [block["text"]] if block["type"] == "section" else []
        parts.append("".join(f"<div>{_slack_text(field)}</div>" for field in fields))
        parts += [f"<button>{escape(one['text']['text'])}</button>" for one in block.get("elements", ())]
    inner = "".join(f'<div style="margin: 0 0 8px">{part}</div>' for part in parts[1:])
    bar = f"border-left: 4px solid {attachment['color']}; padding-left: 10px"
    return LIKENESS.format(body=f'{parts[0]}<div style="{bar}">{inner}</div>')


def _slack_text(field: Mapping[str, str]) -> str:
    text = escape(field["text"])
    return f"<b>{text.strip('*')}</b>" if field["type"] == "mrkdwn" else text


def _teams(message: Message) -> str:
    card: Any = teams.card(message)
    title, facts = card["body"]
    rows = [(fact["title"], fact["value"]) for fact in facts.get("facts", ())] or [("", facts.get("text", ""))]
    table = "".join(
        f"<tr><th style='text-align: left; vertical-align: top; padding-right: 12px'>{escape(label)}</th>"
        f"<td>{escape(value)}</td></tr>"
        for label, value in rows
    )
    buttons = "".join(f"<button>{escape(action['title'])}</button>" for action in card.get("actions", ()))
    return LIKENESS.format(body=f"<b>{escape(title['inlines'][0]['text'])}</b><table>{table}</table>{buttons}")


def draw(folder: Path) -> list[Path]:
    """Writes all pictures; returns their files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options(find_browser()))
        pages = {str(width): browser.new_page(viewport={"width": width, "height": 200}) for width in WIDTHS}
        dark = browser.new_page(viewport={"width": WIDTHS[0], "height": 200}, color_scheme="dark")
        for name, message in notices():
            for channel, html in pages_of(message).items():
                for width, page in (pages | ({"dark": dark} if channel == "mail" else {})).items():
                    files.append(folder / f"{name}-{channel}-{width}.png")
                    _shoot(page, html, files[-1])
        browser.close()
    return files


def _shoot(page: Page, html: str, file: Path) -> None:
    """Draws a page, with a grey field in place of the picture; refuses one that is wider than the screen."""
    page.set_content(html.replace("cid:step", GREY))
    if (wide := page.evaluate("document.documentElement.scrollWidth - innerWidth")) > 0:
        raise SystemExit(f"{file.name} is {wide} px wider than the screen; mend its page")
    page.screenshot(path=file, full_page=True)


if __name__ == "__main__":
    found = draw(Path(sys.argv[1] if len(sys.argv) > 1 else "alarm-pictures"))
    sys.stdout.write(f"{len(found)} pictures in {found[0].parent}\n")
