"""Signatures of bags in minisign's format: `minisign -Vm tagmanifest-sha256.txt -P <key>` checks them, and so do we.

The format (jedisct1.github.io/minisign, "Signature format"): Ed25519 over the BLAKE2b-512 of the file, with a trusted
comment that is signed as well. Keys and signing are `cryptography`'s.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from firstbell.errors import FirstBellError

PREHASHED, PLAIN = b"ED", b"Ed"


class BadKey(FirstBellError):
    """A key cannot be used; the message says which key is needed."""


def new_private_key() -> bytes:
    """Make a signing key, as PEM."""
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_key(private_pem: bytes) -> str:
    """Return the public key for vendors, in one line, as minisign's -P takes it."""
    key = _private(private_pem).public_key()
    return base64.b64encode(PLAIN + _id_of(key) + _raw(key)).decode()


def sign(data: bytes, private_pem: bytes, name: str, now: datetime) -> bytes:
    """Return the content of a .minisig file for some data."""
    key = _private(private_pem)
    signed = key.sign(hashlib.blake2b(data).digest())
    trusted = f"timestamp:{int(now.astimezone(UTC).timestamp())}\tfile:{name}\thashed"
    lines = [
        "untrusted comment: signature of First Bell evidence",
        base64.b64encode(PREHASHED + _id_of(key.public_key()) + signed).decode(),
        f"trusted comment: {trusted}",
        base64.b64encode(key.sign(signed + trusted.encode())).decode(),
    ]
    return ("\n".join(lines) + "\n").encode()


def verify(data: bytes, minisig: bytes, public: str) -> str:
    """Return why a signature is not valid for some data and a public key; empty if it is. Raises BadKey."""
    key, key_id = _public(public)
    try:
        _, encoded, comment, of_comment = minisig.decode().strip().splitlines()
        blob, trusted = base64.b64decode(encoded, validate=True), comment.removeprefix("trusted comment: ")
        if blob[:2] != PREHASHED or blob[2:10] != key_id:
            return "the signature was made with another key"
        key.verify(blob[10:], hashlib.blake2b(data).digest())
        key.verify(base64.b64decode(of_comment, validate=True), blob[10:] + trusted.encode())
    except InvalidSignature:
        return "the content was changed after it was signed"
    except ValueError:
        return "the signature cannot be read"
    return ""


def _private(pem: bytes) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        raise BadKey("evidence.signing_key is not a private key; make one with: firstbell evidence keygen") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise BadKey("evidence.signing_key is not an Ed25519 key; make one with: firstbell evidence keygen")
    return key


def _public(text: str) -> tuple[Ed25519PublicKey, bytes]:
    line = text.strip().splitlines()[-1] if text.strip() else ""
    try:
        blob = base64.b64decode(line, validate=True)
        if len(blob) != 42 or blob[:2] != PLAIN:
            raise ValueError
        return Ed25519PublicKey.from_public_bytes(blob[10:]), blob[2:10]
    except ValueError:
        raise BadKey("this is not a minisign public key; give the one line that begins with RW") from None


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _id_of(key: Ed25519PublicKey) -> bytes:
    return hashlib.sha256(_raw(key)).digest()[:8]
