"""PagerDuty, by its Events API v2: an incident is one alert, from trigger to resolve."""

from __future__ import annotations

import json

from firstbell.runner.alarms.channels import Answer, ChannelOptions
from firstbell.runner.alarms.channels.http_post import post
from firstbell.runner.alarms.message import Message
from firstbell.runner.alarms.routing import NoticeKind, Severity

EVENTS = "https://events.pagerduty.com/v2/enqueue"
ACTION = {NoticeKind.CLOSED: "resolve", NoticeKind.ACKNOWLEDGED: "acknowledge"}
SEVERITY = {Severity.CRITICAL: "critical", Severity.WARNING: "warning", Severity.INFO: "info"}


class PagerDuty:
    """`pagerduty:env:NAME`, a reference to the routing key; `@https://...` after it is another URL to post to."""

    def __init__(self, address: str, options: ChannelOptions) -> None:
        reference, _, url = address.partition("@")
        self._key = options.secret(reference)
        self.url = url or EVENTS
        self._web = options.web

    def deliver(self, message: Message, key: str) -> Answer:
        """Triggers, acknowledges or resolves the alert. One dedup_key is one alert: a reminder does not page again."""
        del key
        event: dict[str, object] = {
            "routing_key": self._key,
            "event_action": ACTION.get(message.kind, "trigger"),
            "dedup_key": f"firstbell-{message.thread}",
        }
        if message.kind not in ACTION:
            event["payload"] = {
                "summary": message.subject,
                "source": "First Bell",
                "severity": SEVERITY[message.severity],
                "timestamp": message.at.isoformat(),
                "component": message.service,
                "group": message.owner,
                "custom_details": dict(message.rows),
            }
            if message.proof.startswith("https://"):
                event["links"] = [{"href": message.proof, "text": "Evidence"}]
        return post(self.url, json.dumps(event).encode(), {"Content-Type": "application/json"}, self._web)
