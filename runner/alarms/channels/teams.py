"""Microsoft Teams, by a Workflows webhook ("when a Teams webhook request is received"): an Adaptive Card."""

from __future__ import annotations

import json

from firstbell.runner.alarms.channels import Answer, ChannelOptions, checked_url
from firstbell.runner.alarms.channels.http_post import post
from firstbell.runner.alarms.message import Message
from firstbell.runner.alarms.routing import NoticeKind, Severity

TEXT_LIMIT = 1500
COLOURS = {Severity.CRITICAL: "Attention", Severity.WARNING: "Warning", Severity.INFO: "Default"}


class Teams:
    """`teams:env:NAME`, a reference to the address that the workflow shows."""

    def __init__(self, address: str, options: ChannelOptions) -> None:
        self._web = options.web
        self.url = checked_url(options.secret(address), "a Teams workflow's address")

    def deliver(self, message: Message, key: str) -> Answer:
        """Posts a card. The workflow takes no key: a repeated delivery shows twice."""
        del key
        attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card(message)}
        body = {"type": "message", "attachments": [attachment]}
        return post(self.url, json.dumps(body).encode(), {"Content-Type": "application/json"}, self._web)


def card(message: Message) -> dict[str, object]:
    """Returns the message as an Adaptive Card 1.4. Markdown in its facts is escaped; a TextRun interprets none."""
    colour = "Good" if message.kind is NoticeKind.CLOSED else COLOURS[message.severity]
    title = {
        "type": "RichTextBlock",
        "inlines": [
            {"type": "TextRun", "text": message.subject, "weight": "Bolder", "size": "Medium", "color": colour}
        ],
    }
    facts: dict[str, object] = {
        "type": "FactSet",
        "facts": [{"title": label, "value": _plain(value)} for label, value in message.rows],
    }
    if message.body:
        facts = {"type": "TextBlock", "text": _plain(message.body), "wrap": True}
    content: dict[str, object] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [title, facts],
        "msteams": {"width": "Full"},
    }
    if message.proof.startswith(("https://", "http://")):
        content["actions"] = [{"type": "Action.OpenUrl", "title": "Evidence", "url": message.proof}]
    return content


def _plain(text: str) -> str:
    """Escapes Markdown, which facts interpret: text of a page must not become a link or a heading."""
    cut = text if len(text) <= TEXT_LIMIT else f"{text[: TEXT_LIMIT - 1]}…"
    return cut.translate({ord(mark): f"\\{mark}" for mark in "\\*_[]()`#<>"})
