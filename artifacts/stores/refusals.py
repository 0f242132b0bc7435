"""What S3 means when it refuses: one sentence that says what to do, and whether trying again is of any use."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from artifacts.stores import StoreError

# Code -> (what to do, whether trying again is useless until somebody has done it).
CODES = {
    "NoSuchBucket": ("does not exist; make the bucket or correct store.url", True),
    "404": ("does not exist; make the bucket or correct store.url", True),
    "AccessDenied": ("refuses access; compare the credentials' policy with: firstbell store check --policy", True),
    "InvalidAccessKeyId": ("does not know these credentials; check AWS_ACCESS_KEY_ID", True),
    "SignatureDoesNotMatch": ("does not accept the signature; check AWS_SECRET_ACCESS_KEY", True),
    "ExpiredToken": ("says that the credentials have expired; renew them", False),
    "TokenRefreshRequired": ("says that the credentials have expired; renew them", False),
    "RequestTimeTooSkewed": ("says that this machine's clock is wrong; set it, best by NTP", False),
    "AuthorizationHeaderMalformed": ("lies in another region; set store.region", True),
    "PermanentRedirect": ("lies in another region; set store.region", True),
    "SlowDown": ("is asked too often just now", False),
}


def refusal(error: ClientError | BotoCoreError, bucket: str) -> StoreError:
    """The failure as a StoreError. Says the code and never a header, an address or a key."""
    where = f"s3://{bucket}"
    if isinstance(error, NoCredentialsError):
        said = f"{where}: no AWS credentials were found; give this machine a role, or set AWS_ACCESS_KEY_ID"
        return StoreError(said, permanent=True)
    if isinstance(error, BotoCoreError):
        return StoreError(f"{where} cannot be reached ({type(error).__name__})", permanent=False)
    code, status = error.response["Error"].get("Code", ""), status_of(error)
    if code.startswith("KMS."):
        return StoreError(
            f"{where}: the KMS key refuses ({code}); check store.kms_key_id and its policy", permanent=True
        )
    if code in CODES:
        told, permanent = CODES[code]
        return StoreError(f"{where} {told}", permanent=permanent)
    by_status = {301: "PermanentRedirect", 307: "PermanentRedirect", 403: "AccessDenied"}.get(status)
    if by_status is not None:
        return StoreError(f"{where} {CODES[by_status][0]}", permanent=True)
    return StoreError(f"{where} answered {status} {code}".rstrip(), permanent=False)


def status_of(error: ClientError) -> int:
    """The HTTP status of an answer."""
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"])
