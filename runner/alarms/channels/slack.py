"""Slack, by an incoming webhook: a card with the subject, the rows, and a link to the evidence."""

from __future__ import annotations

import json

from firstbell.runner.alarms.channels import Answer, ChannelOptions, checked_url
from firstbell.runner.alarms.channels.http_post import post
from firstbell.runner.alarms.message import Message
from firstbell.runner.alarms.routing import NoticeKind, Severity

# Slack's own limits (Block Kit, "section block").
TEXT_LIMIT = 2900
COLOURS = {Severity.CRITICAL: "#c5221f", Severity.WARNING: "#e8a33d", Severity.INFO: "#5f6b7a"}
CLOSED_COLOUR = "#2e7d4f"


class Slack:
    """`slack:env:NAME`, a reference to the address of an incoming webhook."""

    def __init__(self, address: str, options: ChannelOptions) -> None:
        self._web = options.web
        self.url = checked_url(options.secret(address), "a Slack webhook")

    def deliver(self, message: Message, key: str) -> Answer:
        """Posts a card. The webhook takes no key: a repeated delivery shows twice."""
        del key
        return post(self.url, json.dumps(card(message)).encode(), {"Content-Type": "application/json"}, self._web)


def card(message: Message) -> dict[str, object]:
    """Returns the message as a card: the whole subject as text, which telephones show too, and the rows in Block Kit,
    as plain text that Slack does not interpret."""
    rows = [_row(label, value) for label, value in message.rows]
    if message.body:
        rows = [{"type": "section", "text": _plain(message.body, TEXT_LIMIT)}]
    blocks: list[dict[str, object]] = [*rows]
    if message.proof.startswith(("https://", "http://")):
        button = {"type": "button", "text": _plain("Evidence", TEXT_LIMIT), "url": message.proof}
        blocks.append({"type": "actions", "elements": [button]})
    colour = CLOSED_COLOUR if message.kind is NoticeKind.CLOSED else COLOURS[message.severity]
    return {"text": _escaped(message.subject), "attachments": [{"color": colour, "blocks": blocks}]}


def _row(label: str, value: str) -> dict[str, object]:
    bold = {"type": "mrkdwn", "text": f"*{label}*"}
    return {"type": "section", "fields": [bold, _plain(value, TEXT_LIMIT // 2)]}


def _plain(text: str, limit: int) -> dict[str, object]:
    cut = text if len(text) <= limit else f"{text[: limit - 1]}…"
    return {"type": "plain_text", "text": cut, "emoji": False}


def _escaped(text: str) -> str:
    """Escapes the text that Slack always reads as mrkdwn: no links, mentions or markup from a page."""
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return safe.translate({ord(mark): f"\u200b{mark}" for mark in "*_~`@"})
