"""Generated secrets: alphabets x encodings x places in the files that leave a run; none is found in what is kept.

The files are scanned by the tests' own decoder. Each case prints how many were planted, found and quarantined.
"""

from __future__ import annotations

import base64
import html
import itertools
import json
import sys
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from firstbell.artifacts.evidence import Artifact, ArtifactKind
from firstbell.artifacts.redaction.known_secrets import KnownSecrets
from firstbell.artifacts.redaction.pipeline import RedactionResult, clean
from tests.support.third_decoder import secrets_in

SECRETS = {
    "punctuation": "Summer!2026#Rain",
    "markup": 'It\'s <b>&amp;</b> "so"',
    "slashes": "a/b\\c//d",
    "form": "x+y z=1&w%41",
    "umlauts": "pä$$ wörd ßé",
    "Cyrillic": "ключ-Ж7",
    "Chinese": "密码钥匙12",
    "emoji": "pw😀😀-9",
    "pin": "739146",
}
Encode = Callable[[str], str]


def _units(text: str) -> list[str]:
    data = text.encode("utf-16-be").hex()
    return [data[at : at + 4] for at in range(0, len(data), 4)]


def _in_base64(text: str, before: str = "", after: str = "") -> str:
    return base64.b64encode(f"{before}{text}{after}".encode()).decode()


ENCODINGS: dict[str, Encode] = {
    "as it is": lambda text: text,
    "percent": lambda text: quote(text, safe=""),
    "percent by encodeURIComponent": lambda text: quote(text, safe="!'()*~-_."),
    "percent, all of it": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "form": quote_plus,
    "entities by name": html.escape,
    "entities in decimal": lambda text: "".join(f"&#{ord(character)};" for character in text),
    "entities in hexadecimal": lambda text: "".join(f"&#X{ord(character):05x};" for character in text),
    "apostrophe as &#39;": lambda text: html.escape(text).replace("&#x27;", "&#39;"),
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON with slashes": lambda text: json.dumps(text, ensure_ascii=False)[1:-1].replace("/", "\\/"),
    "JSON, all of it": lambda text: "".join(f"\\u{unit}" for unit in _units(text)),
    "JavaScript": lambda text: "".join(f"\\x{unit[2:]}" if unit < "0100" else f"\\u{unit}" for unit in _units(text)),
    "base64": _in_base64,
    "base64 after one": lambda text: _in_base64(text, "u", "xy"),
    "base64 after two": lambda text: _in_base64(text, "u:").rstrip("="),
    "base64 for addresses": lambda text: base64.urlsafe_b64encode(f"id:{text}?>".encode()).decode().rstrip("="),
    "base64 of UTF-16": lambda text: base64.b64encode(text.encode("utf-16-le")).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
    "NFD": lambda text: unicodedata.normalize("NFD", text),
    "NFC": lambda text: unicodedata.normalize("NFC", text),
}  # fmt: skip
WITHIN = ("percent", "JSON with slashes", "base64 after one")
ONCE_AND_TWICE = [*((name,) for name in ENCODINGS), *itertools.product(ENCODINGS, WITHIN)]


def spellings_of(secret: str) -> list[str]:
    spellings = []
    for names in ONCE_AND_TWICE:
        text = secret
        for name in names:
            text = ENCODINGS[name](text)
        spellings.append(text)
    return spellings


def write_files(folder: Path, spellings: list[str]) -> tuple[list[Artifact], int]:
    """Write each spelling into each place of a console, a HAR and a trace. Return the files and the count."""
    places = 0

    def everywhere(place: Callable[[str], object]) -> list[object]:
        nonlocal places
        places += 1
        return [place(text) for text in spellings]

    console = everywhere(lambda text: {"kind": "log", "tab": 1, "host": "a.example", "text": f"cannot use {text}!"})
    message = {"method": "GET", "httpVersion": "1.1", "queryString": [], "cookies": [], "headersSize": 1, "bodySize": 1}

    def row(name: str, text: str) -> list[object]:
        return [{"name": name, "value": text}]

    entries = everywhere(
        lambda text: {
            "startedDateTime": "2026-01-01T00:00:00Z",
            "request": {**message, "url": f"http://a.example/p/{text}?q={text}", "headers": row("Host", text)},
            "response": {**message, "status": 302, "statusText": text, "redirectURL": f"/x/{text}",
                         "headers": row("Via", text), "content": {"size": 1, "mimeType": text}},
        }
    )  # fmt: skip
    lines = [
        *everywhere(lambda text: {"type": "console", "text": text, "args": [{"preview": f"'{text}'", "value": text}]}),
        *everywhere(lambda text: {"type": "before", "method": "goto", "params": {"url": f"http://a.example/#/{text}"}}),
        *everywhere(lambda text: {"type": "before", "method": "click", "params": {"selector": f'text="{text}"'}}),
        *everywhere(
            lambda text: {"type": "frame-snapshot", "snapshot": {"html": ["P", {"title": text}, f"is {text}."]}}
        ),
        *everywhere(lambda text: {"type": "event", "params": {text: 1, "error": {"stack": f"Error: {text}\n  at x"}}}),
    ]
    network = everywhere(
        lambda text: {"type": "resource-snapshot", "snapshot": {"request": {"url": f"http://a.example/?a={text}&b=1",
                      "headers": [{"name": "Referer", "value": f"http://a.example/{text}"}]}}}
    )  # fmt: skip
    resources = {
        "page.html": "".join(map(str, everywhere(lambda text: f'<p title="{text}">{text}</p>'))),
        "code.js": "\n".join(map(str, everywhere(lambda text: f"const a = '{text}'; // {text}"))),
        "data.json": json.dumps(everywhere(lambda text: {"note": text})),
        "sheet.css": "\n".join(map(str, everywhere(lambda text: f"a::after {{ content: '{text}' }}"))),
        "socket.jsonl": "\n".join(json.dumps(line) for line in everywhere(lambda text: {"data": text, "opcode": 1})),
    }
    (folder / "console.json").write_text(json.dumps({"lines": console}))
    (folder / "network.har").write_text(json.dumps({"log": {"entries": entries}}))
    with zipfile.ZipFile(folder / "trace.zip", "w") as trace:
        trace.writestr("trace.trace", "\n".join(json.dumps(line) for line in lines))
        trace.writestr("trace.network", "\n".join(json.dumps(line, ensure_ascii=False) for line in network))
        for name, text in resources.items():
            trace.writestr(f"resources/{name}", text)
    kinds = {"console.json": ArtifactKind.CONSOLE, "network.har": ArtifactKind.HAR, "trace.zip": ArtifactKind.TRACE}
    return [Artifact(kind=kind, name=name) for name, kind in kinds.items()], places * len(spellings)


def cleaned(folder: Path, secret: str, known: KnownSecrets) -> tuple[RedactionResult, int]:
    artifacts, planted = write_files(folder, spellings_of(secret))
    return clean(artifacts, folder, known, quarantine=folder / "quarantine"), planted


@pytest.mark.parametrize("alphabet", SECRETS)
def test_no_generated_secret_is_left_in_what_is_kept(alphabet: str, tmp_path: Path) -> None:
    secret = SECRETS[alphabet]
    kept, planted = cleaned(tmp_path, secret, KnownSecrets([secret]))
    found = {name for name, data in kept.files.items() if secrets_in(data, {alphabet: secret})}
    quarantined = [artifact.missing for artifact in kept.artifacts if artifact.missing]
    sys.stdout.write(
        f"{alphabet}: {planted} planted, found in {len(found)} files, {len(quarantined)} files quarantined\n"
    )
    assert (found, quarantined) == (set(), [])


def test_the_decoder_of_the_test_finds_each_spelling() -> None:
    missed = [(alphabet, text) for alphabet, secret in SECRETS.items() for text in spellings_of(secret)
              if not secrets_in(f"'{text}'".encode(), {alphabet: secret}, 3)]  # fmt: skip
    assert missed == []
