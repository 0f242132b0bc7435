"""A page that gives its cookies and fields the words of a trace's format leaves the trace as it is."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from firstbell.artifacts.evidence import Artifact, ArtifactKind
from firstbell.artifacts.redaction.format_words import without_words
from firstbell.artifacts.redaction.known_secrets import KnownSecrets
from firstbell.artifacts.redaction.pipeline import clean

HASH = "resources/" + "ab12" * 10 + ".css"
MOMENT = "2026-11-28T08:15:00.123Z"
REQUEST: dict[str, Any] = {
    "type": "resource-snapshot",
    "snapshot": {
        "startedDateTime": MOMENT,
        "request": {"method": "GET", "url": "https://class.school.test:8443/room", "headers": []},
        "response": {"status": 200, "headers": [], "content": {"mimeType": "text/css", "_file": HASH}},
    },
}
ACTION = {
    "type": "before",
    "callId": "call@7",
    "startTime": 1764341.5,
    "class": "Frame",
    "method": "goto",
    "params": {},
}
CONSOLE = {
    "type": "console",
    "messageType": "error",
    "text": "no class",
    "location": {"url": "", "lineNumber": 1},
}
WORDS = [
    *("message", "messageType", "essageTyp", "type", "name", "params", "0", "method", "before", "callId", "startTime"),
    *("console", "location", "lineNumber", "resource-snapshot", "snapshot", "url", "mimeType", "text/css", "_file"),
    *(HASH, "ab12ab12ab12", "resources", ".network", "class.school.test:8443", "school.test", "2026-11-28", MOMENT),
]


def trace(file: Path, cookie: str) -> None:
    request: dict[str, Any] = json.loads(json.dumps(REQUEST))
    request["snapshot"]["request"]["headers"] = [{"name": "Cookie", "value": f"a={cookie}"}]
    field = {"type": "password", "__playwright_value_": cookie}
    page = {"type": "frame-snapshot", "snapshot": {"html": ["HTML", {}, ["INPUT", field]]}}
    with zipfile.ZipFile(file, "w") as target:
        target.writestr("trace.trace", "\n".join(json.dumps(line) for line in (ACTION, CONSOLE, page)))
        target.writestr("trace.network", json.dumps(request))
        target.writestr(HASH, b"p { color: red }")


@pytest.mark.parametrize("word", WORDS)
def test_a_word_of_the_format_for_a_cookie_and_a_password_changes_nothing_else(word: str, tmp_path: Path) -> None:
    trace(tmp_path / "trace.zip", word)
    artifact = Artifact(kind=ArtifactKind.TRACE, name="trace.zip")
    result = clean([artifact], tmp_path, KnownSecrets([]), quarantine=tmp_path / "quarantine", found=[word])
    assert result.artifacts[0].missing == ""
    with zipfile.ZipFile(tmp_path / "trace.zip") as cleaned:
        action, console, _ = map(json.loads, cleaned.read("trace.trace").splitlines())
        request = json.loads(cleaned.read("trace.network"))
        assert cleaned.namelist() == [HASH, "trace.network", "trace.trace"]
    assert (action, console) == (ACTION, CONSOLE)
    assert request["snapshot"]["request"].pop("headers") == [{"name": "Cookie", "value": "***"}]
    assert {**request["snapshot"]["request"], "headers": []} == REQUEST["snapshot"]["request"]
    assert request["snapshot"]["response"] == REQUEST["snapshot"]["response"]


def test_a_secret_is_no_word() -> None:
    secrets = {"v9-Zq71kk0aP2", "Summer!2026", "482913", "messages-of-77"}
    assert without_words({*secrets, "message"}) == secrets
