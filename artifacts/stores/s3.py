"""A store in a bucket of Amazon S3, or of anything that speaks its language."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NoReturn

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from artifacts.stores import StoreError, StoreOptions

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# boto3's own are 60 s each; a verdict does not wait for the store, but the next delivery does.
CONNECT_S, READ_S, TRIES = 5, 20, 4
# Somebody else writes the same key at this moment: ask again (S3's ConditionalRequestConflict).
CONFLICT_TRIES = 3
OUR_HASH = "firstbell-sha256"


class S3Store:
    """One object a name, written once. Credentials come from boto3's own chain and from nowhere else."""

    def __init__(self, url: str, options: StoreOptions) -> None:
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        if not bucket:
            raise StoreError(f"store.url: {url} names no bucket; write s3://bucket/prefix", permanent=True)
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._encryption = _encryption(options)
        self._client = _client(options)

    def check(self) -> None:
        """Whether the bucket can be reached and seen."""
        try:
            self._client.head_bucket(Bucket=self._bucket)
        except (ClientError, BotoCoreError) as error:
            self._refuse(error)

    def put(self, name: str, data: bytes) -> None:
        """Keep it, once. An answer that was lost shows as a conflict with ourselves, told by our own hash."""
        for _ in range(CONFLICT_TRIES):
            try:
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=self._prefix + name,
                    Body=data,
                    IfNoneMatch="*",
                    Metadata={OUR_HASH: hashlib.sha256(data).hexdigest()},
                    **self._encryption,
                )
            except ClientError as error:
                status = error.response["ResponseMetadata"]["HTTPStatusCode"]
                if status == 412:
                    return self._must_be_ours(name, data)
                if status != 409:
                    self._refuse(error)
            except BotoCoreError as error:
                self._refuse(error)
            else:
                return None
        raise StoreError(f"s3://{self._bucket}: {name} is being written by somebody else; try again", permanent=False)

    def get(self, name: str) -> bytes:
        """What is kept."""
        try:
            return self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)["Body"].read()
        except self._client.exceptions.NoSuchKey:
            raise StoreError(f"{name} is not in s3://{self._bucket}/{self._prefix}", permanent=True) from None
        except (ClientError, BotoCoreError) as error:
            self._refuse(error)

    def names(self, prefix: str) -> list[str]:
        """All names that begin with a prefix."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._prefix + prefix
        )
        try:
            return sorted(row["Key"].removeprefix(self._prefix) for page in pages for row in page.get("Contents", ()))
        except (ClientError, BotoCoreError) as error:
            self._refuse(error)

    def place(self, name: str) -> str:
        """Its address."""
        return f"s3://{self._bucket}/{self._prefix}{name}"

    def _must_be_ours(self, name: str, data: bytes) -> None:
        try:
            kept = self._client.head_object(Bucket=self._bucket, Key=self._prefix + name)["Metadata"].get(OUR_HASH)
        except (ClientError, BotoCoreError) as error:
            self._refuse(error)
        if kept != hashlib.sha256(data).hexdigest():
            raise StoreError(f"{self.place(name)} is already kept with another content", permanent=True)

    def _refuse(self, error: ClientError | BotoCoreError) -> NoReturn:
        """Say a failure in one sentence. Only what the address or the credentials decide is permanent."""
        where = f"s3://{self._bucket}"
        if isinstance(error, NoCredentialsError):
            said = f"{where}: no AWS credentials were found; give this machine a role, or set AWS_ACCESS_KEY_ID"
            raise StoreError(said, permanent=True) from None
        if isinstance(error, BotoCoreError):
            raise StoreError(f"{where} cannot be reached ({type(error).__name__})", permanent=False) from None
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        code = error.response["Error"].get("Code", "")
        known = {
            404: f"{where} does not exist; make the bucket or correct store.url",
            403: f"{where} refuses access ({code}); check the policy of the credentials in use",
            301: f"{where} lies in another region; set store.region",
        }
        raise StoreError(known.get(status, f"{where} answered {status} {code}"), permanent=status in known) from None


def _client(options: StoreOptions) -> S3Client:
    config = Config(
        retries={"mode": "standard", "max_attempts": TRIES},
        connect_timeout=CONNECT_S,
        read_timeout=READ_S,
        request_checksum_calculation="when_required" if options.checksums == "when_required" else "when_supported",
        response_checksum_validation="when_required" if options.checksums == "when_required" else "when_supported",
    )
    try:
        return boto3.client(
            "s3", endpoint_url=options.endpoint_url or None, region_name=options.region or None, config=config
        )
    except (BotoCoreError, ValueError) as error:
        raise StoreError(f"store: {str(error).splitlines()[0]}", permanent=True) from None


def _encryption(options: StoreOptions) -> dict[str, Any]:
    if not options.sse:
        return {}
    key = {"SSEKMSKeyId": options.kms_key_id} if options.kms_key_id else {}
    return {"ServerSideEncryption": options.sse, **key}
