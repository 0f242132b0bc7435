"""S3's errors as StoreErrors: one sentence that says what to do, and whether trying again is of any use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigNotFound,
    ConfigParseError,
    CredentialRetrievalError,
    FlexibleChecksumError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
)

from firstbell.artifacts.stores import Denied, StoreError

# Code -> (what happened and what to do, whether trying again is useless until it is done).
CODES = {
    "NoSuchBucket": ("does not exist; make the bucket or correct store.url", True),
    "404": ("does not exist; make the bucket or correct store.url", True),
    "InvalidAccessKeyId": ("does not know these credentials; check AWS_ACCESS_KEY_ID", True),
    "InvalidToken": ("does not know this session; check AWS_SESSION_TOKEN", True),
    "SignatureDoesNotMatch": ("does not accept the signature; check AWS_SECRET_ACCESS_KEY", True),
    "ExpiredToken": ("reports expired credentials; renew them", False),
    "TokenRefreshRequired": ("reports expired credentials; renew them", False),
    "RequestTimeTooSkewed": ("reports that this machine's clock is wrong; set it, best by NTP", False),
    "SlowDown": ("receives too many requests; First Bell tries again later", False),
    "BadDigest": ('received other bytes than were sent; try store.checksums = "when_required"', False),
    "XAmzContentSHA256Mismatch": ("received other bytes than were sent; First Bell tries again later", False),
}
# Part of a header's name -> the sentence for a store that does not know the header.
LACKS = {
    "if-none-match": "does not support If-None-Match, so evidence could be overwritten; use another store or version",
    "tagging": "does not support tags; set store.tags = false",
    "checksum": 'does not support newer checksums; set store.checksums = "when_required"',
    "server-side-encryption": "does not support this encryption; change or remove store.sse",
    "object-lock": "locks no objects; use a bucket with Object Lock, or remove store.lock_days",
}
LACKS_UNNAMED = "lacks something that First Bell asks for (501); firstbell store check finds out what"
LONGEST_CODE = 60
DENIED = "refuses access; compare the credentials' policy with: firstbell store check --policy"
REGION = {
    "AuthorizationHeaderMalformed",
    "PermanentRedirect",
    "TemporaryRedirect",
    "IllegalLocationConstraintException",
}
_CREDENTIALS = (PartialCredentialsError, ProfileNotFound, ConfigNotFound, ConfigParseError)


class Unexplained(StoreError):
    """A refusal whose answer does not say what the store refuses. The self-test finds out."""


@contextmanager
def store_errors(bucket: str) -> Iterator[None]:
    """Raise any failure of boto3 as a StoreError.

    botocore itself fails on some answers (`ResponseParserError`, `AttributeError`, `KeyError`), so the block must hold
    calls of boto3 and the reading of their answers, and nothing else.
    """
    try:
        yield
    except StoreError:
        raise
    except Exception as error:
        raise store_error_of(error, bucket) from None


def store_error_of(error: Exception, bucket: str) -> StoreError:
    """Return the failure as a StoreError. Its message names the code, and never a header, an address or a key."""
    where = f"s3://{bucket}"
    if isinstance(error, ClientError):
        is_lacking = http_status_of(error) == 501 or code_of(error) == "NotImplemented"
        return _not_supported(error, where) if is_lacking else _answered(error, where)
    if isinstance(error, BotoCoreError):
        return _not_sent(error, where)
    hint = f"gave an answer that no S3 store gives ({type(error).__name__}); check store.endpoint_url"
    return StoreError(f"{where} {hint}", permanent=False)


def _not_sent(error: BotoCoreError, where: str) -> StoreError:
    """Return the error of a request that was not sent, or got no answer."""
    kind = type(error).__name__
    if isinstance(error, NoCredentialsError):
        hint = "no AWS credentials were found; give this machine a role, or set AWS_ACCESS_KEY_ID"
        return StoreError(f"{where}: {hint}", permanent=True)
    if isinstance(error, _CREDENTIALS):
        hint = f"the AWS configuration of this machine cannot be used ({kind}); correct it"
        return StoreError(f"{where}: {hint}", permanent=True)
    if isinstance(error, (CredentialRetrievalError, SSOError)):
        hint = f"no AWS credentials could be obtained ({kind}); sign in again, or check the role"
        return StoreError(f"{where}: {hint}", permanent=False)
    if isinstance(error, FlexibleChecksumError):
        return StoreError(f"{where} returned other bytes than its checksum belongs to", permanent=False)
    if isinstance(error, ParamValidationError):
        return StoreError(f"{where} is not a valid address; check the bucket's name in store.url", permanent=True)
    return StoreError(f"{where} cannot be reached ({kind})", permanent=False)


def _not_supported(error: ClientError, where: str) -> StoreError:
    words = f"{_text(error, 'Header')} {_text(error, 'Message')}".lower()
    named = next((hint for part, hint in LACKS.items() if part in words), "")
    kind = StoreError if named else Unexplained
    return kind(f"{where} {named or LACKS_UNNAMED}", permanent=True)


def _answered(error: ClientError, where: str) -> StoreError:
    status, message = http_status_of(error), _text(error, "Message")
    code = code_of(error) or str(status or "")
    if code.startswith("KMS.") or (code == "AccessDenied" and "kms:" in message):
        hint = f"the KMS key refuses ({code}); check store.kms_key_id and the key's policy"
        return StoreError(f"{where}: {hint}", permanent=True)
    if code in REGION or status in (301, 307):
        region = _region(error)
        hint = f'is in {region}; set store.region = "{region}"' if region else "is in another region; set store.region"
        return StoreError(f"{where} {hint}", permanent=True)
    if code == "InvalidRequest" and "Object Lock" in message:
        hint = LACKS["object-lock"]
        return StoreError(f"{where} {hint}", permanent=True)
    if code in CODES:
        hint, permanent = CODES[code]
        return StoreError(f"{where} {hint}", permanent=permanent)
    if status == 403:
        return Denied(f"{where} {DENIED}")
    return Unexplained(f"{where} answered {status}{'' if code == str(status) else f' {code}'}", permanent=False)


def _region(error: ClientError) -> str:
    """Return the bucket's region, if the answer names it."""
    headers = _dict(_dict(error.response, "ResponseMetadata"), "HTTPHeaders")
    region = _text(error, "Region") or str(headers.get("x-amz-bucket-region", ""))
    return region if region.replace("-", "").isalnum() and len(region) < 30 else ""


def http_status_of(error: ClientError) -> int:
    """Return the HTTP status of an answer; 0 if it had none."""
    status = _dict(error.response, "ResponseMetadata").get("HTTPStatusCode")
    return status if isinstance(status, int) else 0


def code_of(error: ClientError) -> str:
    """Return the code of an error document, made safe to print; empty if it has none."""
    return re.sub(r"[^\w.-]", "", _text(error, "Code"), flags=re.ASCII)[:LONGEST_CODE]


def _text(error: ClientError, field: str) -> str:
    """Return a field of the error document; empty if it is absent, empty, twice there, or has fields of its own."""
    value = _dict(error.response, "Error").get(field)
    return value.strip() if isinstance(value, str) else ""


def _dict(parent: Any, key: str) -> dict[str, Any]:
    value = parent.get(key) if isinstance(parent, dict) else None
    return value if isinstance(value, dict) else {}
