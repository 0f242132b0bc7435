"""Data from a hostile host becomes short and printable, and is read in bounded time."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from firstbell.runner.diagnosis.probes.http_page import (
    MOST_SCRIPTS,
    READ_LIMIT,
    TITLE_LIMIT,
    _host_of,
    _scripts,
    _title,
)
from firstbell.runner.diagnosis.probes.tls_handshake import NAMES, _parse

EVIL = "\x1b[2J\x00\u202e[red]Authority"


def test_certificate_fields_are_bounded() -> None:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, EVIL.replace("\x00", ""))])
    many = [x509.DNSName(f"host{number}.x") for number in range(500)]
    made = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=1,
        not_valid_before=now,
        not_valid_after=now + timedelta(days=1),
    ).add_extension(x509.SubjectAlternativeName(many), critical=False)
    found = _parse(made.sign(key, SHA256()).public_bytes(Encoding.DER))
    assert found is not None
    assert len(found.names) == NAMES
    assert found.issuer.isprintable()
    assert found.issuer.endswith("Authority")


@pytest.mark.parametrize(
    ("body", "title"),
    [
        (b"<title>Classes &amp; rooms</title>", "Classes & rooms"),
        (b"<TITLE lang='en'>\n A\n B </TITLE>", "A B"),
        (EVIL.join(["<title>", "</title>"]).encode(), "[2J [red]Authority"),
        (b"<title>&#27;[2J&#8238;evil</title>", "[2J evil"),
        (b"<title>never closed", ""),
        (b"no title", ""),
        (b"<title>" + b"a" * 50_000 + b"</title>", "a" * TITLE_LIMIT),
    ],
)
def test_page_title_is_one_short_line(body: bytes, title: str) -> None:
    assert _title(body) == title


def test_scripts_are_identified_by_address_and_integrity() -> None:
    body = b"""<script>let inline</script><script async src="/static/app.1f2e.js?v=2" integrity='sha384-abc'></script>
        <SCRIPT SRC=//cdn.example/%1b[2Jx.js></SCRIPT><script src='/static/app.1f2e.js?v=3' integrity='sha384-abc'>"""
    first, hostile, third = _scripts(body)
    assert (first.split()[0], hostile.split()[0]) == ("app.1f2e.js", "%1b[2Jx.js")
    assert first != third
    assert _scripts(body.replace(b"sha384-abc", b"sha384-abd"))[0] != first
    assert len(_scripts(b"<script src=a.js>" * 500)) == MOST_SCRIPTS


@pytest.mark.parametrize("piece", [b"<script ", b"<script src=", b"<script src  ", b"<script integrity= "])
def test_endless_script_tags_are_read_in_bounded_time(piece: bytes) -> None:
    body, began_s = (piece * READ_LIMIT)[:READ_LIMIT], time.process_time()
    _scripts(body)
    assert time.process_time() - began_s < 0.2


@pytest.mark.parametrize("piece", [b"<title", b"<title>", b"<title >", b"</titl"])
def test_endless_title_is_read_in_bounded_time(piece: bytes) -> None:
    body, began_s = (piece * READ_LIMIT)[:READ_LIMIT], time.process_time()
    _title(body)
    assert time.process_time() - began_s < 0.2


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("/here", "learn.x"),
        ("https://user:password@sso.z:8443/?token=1", "sso.z:8443"),
        ("https://sso.z\x1b(0\x00/", "sso.z (0"),
        ("https://" + "a" * 5000 + "/", "a" * 260),
        ("https://[half/", ""),
    ],
)
def test_redirect_target_is_reduced_to_a_host(location: str, host: str) -> None:
    assert _host_of("https://learn.x/", location) == host
