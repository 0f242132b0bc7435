"""Tests that `check` says by which way each channel is reached, by hosts alone: paths of webhooks are secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from firstbell.runner.config.load import load
from firstbell.runner.preflight.run import _channels

CONFIG = """\
[school]
name = "P"
timezone = "UTC"
practice = true
[network]
proxy = "{proxy}"
[alarms.heartbeat]
url = "https://check.example/ping/a-secret-path"
[[alarms.routes]]
name = "it"
to = [
  "slack:env:HOOK", "webhook:http://127.0.0.1:9/a-secret-path", "pagerduty:env:KEY", "smtp:it@district.example",
  "sns:arn:aws:sns:us-east-1:123456789012:bell", "alertmanager:http://alerts.example:9093",
]
"""
BY_PROXY = "by the proxy proxy.example:8080 (network.proxy)"


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", "https://hooks.example/services/T0/a-secret-path")
    monkeypatch.setenv("KEY", "a-secret-key")
    monkeypatch.setenv("NO_PROXY", "alerts.example")


def test_each_channel_has_its_way(tmp_path: Path) -> None:
    file = tmp_path / "firstbell.toml"
    file.write_text(CONFIG.format(proxy="http://proxy.example:8080"))
    assert [(finding.subject, finding.message) for finding in _channels(load(file))] == [
        ("heartbeat", f"check.example {BY_PROXY}"),
        ("it", f"slack env:HOOK: hooks.example {BY_PROXY}"),
        ("it", "webhook: 127.0.0.1 directly"),
        ("it", f"pagerduty env:KEY: events.pagerduty.com {BY_PROXY}"),
        ("it", "smtp"),
        ("it", f"sns: sns.us-east-1.amazonaws.com {BY_PROXY}"),
        ("it", "alertmanager: alerts.example directly"),
    ]
