"""What S3 means when it refuses: one sentence that says what to do, and whether trying again is of any use."""

from __future__ import annotations

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigNotFound,
    ConfigParseError,
    CredentialRetrievalError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
)

from firstbell.artifacts.stores import Denied, StoreError

# Code -> (what to do, whether trying again is useless until somebody has done it).
CODES = {
    "NoSuchBucket": ("does not exist; make the bucket or correct store.url", True),
    "404": ("does not exist; make the bucket or correct store.url", True),
    "InvalidAccessKeyId": ("does not know these credentials; check AWS_ACCESS_KEY_ID", True),
    "InvalidToken": ("does not know this session; check AWS_SESSION_TOKEN", True),
    "SignatureDoesNotMatch": ("does not accept the signature; check AWS_SECRET_ACCESS_KEY", True),
    "ExpiredToken": ("says that the credentials have expired; renew them", False),
    "TokenRefreshRequired": ("says that the credentials have expired; renew them", False),
    "RequestTimeTooSkewed": ("says that this machine's clock is wrong; set it, best by NTP", False),
    "SlowDown": ("is asked too often just now", False),
    "NotImplemented": ('does not know what it was asked; try store.tags = false, or checksums = "when_required"', True),
    "BadDigest": ('got other bytes than were sent; where that stays so, try store.checksums = "when_required"', False),
    "XAmzContentSHA256Mismatch": ("got other bytes than were sent", False),
}
DENIED = "refuses access; compare the credentials' policy with: firstbell store check --policy"
REGION = {
    "AuthorizationHeaderMalformed",
    "PermanentRedirect",
    "TemporaryRedirect",
    "IllegalLocationConstraintException",
}
_CREDENTIALS = (PartialCredentialsError, ProfileNotFound, ConfigNotFound, ConfigParseError)


def store_error_of(error: ClientError | BotoCoreError, bucket: str) -> StoreError:
    """The failure as a StoreError. Says the code and never a header, an address or a key."""
    where = f"s3://{bucket}"
    return _unsent(error, where) if isinstance(error, BotoCoreError) else _answered(error, where)


def _unsent(error: BotoCoreError, where: str) -> StoreError:
    """What never became a request, or got no answer."""
    if isinstance(error, NoCredentialsError):
        said = f"{where}: no AWS credentials were found; give this machine a role, or set AWS_ACCESS_KEY_ID"
        return StoreError(said, permanent=True)
    if isinstance(error, _CREDENTIALS):
        said = f"{where}: the AWS configuration of this machine cannot be used ({type(error).__name__}); mend it"
        return StoreError(said, permanent=True)
    if isinstance(error, (CredentialRetrievalError, SSOError)):
        said = f"{where}: no AWS credentials could be had ({type(error).__name__}); sign in again, or look at the role"
        return StoreError(said, permanent=False)
    if isinstance(error, ParamValidationError):
        return StoreError(f"{where} cannot be asked that; check the bucket's name in store.url", permanent=True)
    return StoreError(f"{where} cannot be reached ({type(error).__name__})", permanent=False)


def _answered(error: ClientError, where: str) -> StoreError:
    code, status = error.response["Error"].get("Code", ""), http_status_of(error)
    message = error.response["Error"].get("Message", "")
    if code.startswith("KMS.") or (code == "AccessDenied" and "kms:" in message):
        said = f"{where}: the KMS key refuses ({code}); check store.kms_key_id and the key's policy"
        return StoreError(said, permanent=True)
    if code in REGION or status in (301, 307):
        is_in = _region(error)
        told = f'lies in {is_in}; set store.region = "{is_in}"' if is_in else "lies in another region; set store.region"
        return StoreError(f"{where} {told}", permanent=True)
    if code == "InvalidRequest" and "Object Lock" in message:
        said = f"{where} has no Object Lock; make a bucket with it, or take store.lock_days away"
        return StoreError(said, permanent=True)
    if code in CODES:
        told, permanent = CODES[code]
        return StoreError(f"{where} {told}", permanent=permanent)
    if status == 403:
        return Denied(f"{where} {DENIED}")
    return StoreError(f"{where} answered {status} {code}".rstrip(), permanent=False)


def _region(error: ClientError) -> str:
    """Where the bucket lies, if the answer says so."""
    given = error.response["Error"].get("Region") or error.response["ResponseMetadata"].get("HTTPHeaders", {}).get(
        "x-amz-bucket-region", ""
    )
    region = str(given)
    return region if region.replace("-", "").isalnum() and len(region) < 30 else ""


def http_status_of(error: ClientError) -> int:
    """The HTTP status of an answer."""
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"])
