"""Prometheus Alertmanager, by its API v2: an incident is one alert, which Alertmanager groups."""

from __future__ import annotations

import json

from firstbell.runner.alarms.channels import Answer, ChannelOptions
from firstbell.runner.alarms.channels.http_post import post
from firstbell.runner.alarms.message import Message
from firstbell.runner.alarms.routing import NoticeKind, Severity


class Alertmanager:
    """`alertmanager:http://host:9093`, with `#env:NAME` after it for an Authorization header."""

    def __init__(self, address: str, options: ChannelOptions) -> None:
        url, _, reference = address.partition("#")
        self.url = f"{url.rstrip('/')}/api/v2/alerts"
        self._web = options.web
        self._headers = {"Content-Type": "application/json"}
        if reference:
            self._headers["Authorization"] = options.secret(reference)

    def deliver(self, message: Message, key: str) -> Answer:
        """Posts the alert. Its labels are the same for a whole opening and severity, so that repeats are the same;
        the alerts of other severities end, so that one that has become worse is routed anew."""
        del key
        alerts = [_alert(message, severity) for severity in Severity]
        return post(self.url, json.dumps(alerts).encode(), self._headers, self._web)


def _alert(message: Message, severity: Severity) -> dict[str, object]:
    """Returns the alert of a severity. The current one ends when the next notice is due: without an end, Alertmanager
    would drop it after its resolve_timeout. Of one that it never had, it tells no receiver."""
    is_firing = severity is message.severity and message.kind is not NoticeKind.CLOSED
    ends = message.good_until if is_firing else message.at
    return {
        "labels": {
            "alertname": "FirstBell",
            "incident": message.thread,
            "service": message.service,
            "owner": message.owner,
            "severity": severity.value,
        },
        "annotations": {"summary": message.subject, **{label.lower(): value for label, value in message.rows}},
        "startsAt": message.since.isoformat(),
        "endsAt": ends.isoformat(),
        "generatorURL": message.proof,
    }
