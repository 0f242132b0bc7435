"""The comparison of a bucket's answer with the request: a store may ignore a header, and answer 200 all the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from firstbell.artifacts.stores import StoreError, StoreOptions


def check_answer(answer: Mapping[str, Any], options: StoreOptions, address: str) -> None:
    """Check the answer to a PUT. Raises StoreError if it is no store's, or the object is not encrypted as asked."""
    if not answer.get("ETag"):
        message = f"{address} was answered, and not by an S3 store (no ETag); check store.endpoint_url"
        raise StoreError(message, permanent=True)
    check_encryption(answer, options, address)


def check_encryption(answer: Mapping[str, Any], options: StoreOptions, address: str) -> None:
    """Check that an answer to PUT or HEAD names the encryption that store.sse and store.kms_key_id ask for.

    Raises StoreError. An alias is not compared with the key that the answer names: only the service knows whose it is.
    """
    if not options.sse:
        return
    found, key = str(answer.get("ServerSideEncryption") or ""), str(answer.get("SSEKMSKeyId") or "")
    if found.lower() != options.sse.lower():
        state = f"with {found[:20]!r}" if found else "unencrypted"
        asked = f"store.sse asks for {options.sse}"
    elif options.kms_key_id and not _is_same_key(key, options.kms_key_id):
        state, asked = "with another key", "store.kms_key_id names one"
    else:
        return
    message = f"{address} is stored {state}, and {asked}; set up the store's encryption, then remove the object"
    raise StoreError(message, permanent=True)


def _is_same_key(found: str, asked: str) -> bool:
    """Compare a key's id or ARN with the id, ARN or alias that was asked for."""
    if "alias/" in asked:
        return bool(found)
    return bool(found) and found.rpartition("/")[2] == asked.rpartition("/")[2]
