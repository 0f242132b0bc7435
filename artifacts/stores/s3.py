"""A store in a bucket of Amazon S3, or of anything that speaks its language."""

from __future__ import annotations

import base64
import hashlib
import mimetypes
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from firstbell.artifacts.holds import (
    HOLDS,
    LegalHold,
    UnreadableHold,
    current_holds,
    hold_note,
    names_not_held_elsewhere,
)
from firstbell.artifacts.lifetime import Lifetime
from firstbell.artifacts.stores import AlreadyStored, Denied, ShareLink, StoreError, StoreOptions
from firstbell.artifacts.stores.s3_errors import http_status_of, store_error_of
from firstbell.artifacts.stores.s3_self_test import BucketProbe
from firstbell.artifacts.stores.self_test import SelfTestFinding

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# boto3's own are 60 s each; a verdict does not wait for the store, but the next delivery does.
CONNECT_S, READ_S, TRIES = 5, 20, 4
# Somebody else writes the same key at this moment: ask again (S3's ConditionalRequestConflict).
CONFLICT_TRIES = 3
OUR_HASH = "firstbell-sha256"
TAG = "firstbell-lifetime"
# S3's own limit for a signed address, and what is assumed of a session whose end botocore does not know.
LONGEST_LINK_S, UNKNOWN_SESSION_S = 7 * 86_400, 3600


# What a browser should show: its own tables differ from machine to machine, and know no HAR.
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".json": "application/json",
    ".jsonl": "text/plain; charset=utf-8",
    ".har": "application/json",
    ".zip": "application/zip",
}


class S3Store:
    """One object a name, written once. Credentials come from boto3's own chain and from nowhere else."""

    def __init__(self, url: str, options: StoreOptions) -> None:
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        if not bucket:
            raise StoreError(f"store.url: {url} names no bucket; write s3://bucket/prefix", permanent=True)
        self.bucket = bucket
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self.options = options
        try:
            self._session = boto3.Session()
            self._client = _client(self._session, options)
        except BotoCoreError as error:
            raise store_error_of(error, self.bucket) from None

    def check(self) -> None:
        """Whether the bucket can be reached. Who may write to it need not be allowed to look at it."""
        try:
            self._client.head_bucket(Bucket=self.bucket)
        except (ClientError, BotoCoreError) as error:
            refused = store_error_of(error, self.bucket)
            if not isinstance(refused, Denied):
                raise refused from None

    def put(self, name: str, data: bytes, lifetime: Lifetime) -> None:
        """Keep it, once. An answer that was lost shows as a conflict with ourselves, told by our own hash."""
        given = self._given(name, data, lifetime)
        for _ in range(CONFLICT_TRIES):
            try:
                self._client.put_object(Bucket=self.bucket, Key=self.prefix + name, Body=data, IfNoneMatch="*", **given)
            except ClientError as error:
                status = http_status_of(error)
                if status == 412 and self._is_ours(name, data):
                    return
                if status not in (409, 412):
                    raise store_error_of(error, self.bucket) from None
            except BotoCoreError as error:
                raise store_error_of(error, self.bucket) from None
            else:
                return
        raise StoreError(f"s3://{self.bucket}: {name} is being written by somebody else; try again", permanent=False)

    def get(self, name: str) -> bytes:
        """What is kept."""
        try:
            return self._client.get_object(Bucket=self.bucket, Key=self.prefix + name)["Body"].read()
        except self._client.exceptions.NoSuchKey:
            raise StoreError(f"{name} is not in s3://{self.bucket}/{self.prefix}", permanent=True) from None
        except (ClientError, BotoCoreError) as error:
            raise store_error_of(error, self.bucket) from None

    def names(self, prefix: str) -> list[str]:
        """All names that begin with a prefix."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix + prefix)
        try:
            return sorted(row["Key"].removeprefix(self.prefix) for page in pages for row in page.get("Contents", ()))
        except (ClientError, BotoCoreError) as error:
            raise store_error_of(error, self.bucket) from None

    def place(self, name: str) -> str:
        """Its address."""
        return f"s3://{self.bucket}/{self.prefix}{name}"

    def link(self, name: str, *, for_s: float) -> ShareLink:
        """A signed address. It ends with the credentials that signed it, whatever was asked for."""
        if not 1 <= for_s <= LONGEST_LINK_S:
            raise StoreError("a signed address lives for 7 days at most, and for a second at least", permanent=True)
        asked = datetime.now(UTC) + timedelta(seconds=int(for_s))
        wanted = {"Bucket": self.bucket, "Key": self.prefix + name}
        shown = {"ResponseContentType": _type_of(name), "ResponseContentDisposition": "inline"}
        try:
            credentials = self._session.get_credentials()
            if credentials is None:
                raise NoCredentialsError
            # Credentials that renew themselves do it now, and not between our look at their end and the signing.
            frozen = credentials.get_frozen_credentials()
            url = self._client.generate_presigned_url("get_object", Params=wanted | shown, ExpiresIn=int(for_s))
        except (ClientError, BotoCoreError) as error:
            raise store_error_of(error, self.bucket) from None
        known: datetime | None = getattr(credentials, "_expiry_time", None)
        if known is not None and known < asked:
            why = "the credentials that signed it end then; sign with a user's key for longer"
            return ShareLink(url=url, ends_at=known, why=why)
        if known is None and frozen.token and for_s > UNKNOWN_SESSION_S:
            why = "it was signed with session credentials, whose end is not known here: an hour is assumed"
            return ShareLink(url=url, ends_at=datetime.now(UTC) + timedelta(seconds=UNKNOWN_SESSION_S), why=why)
        return ShareLink(url=url, ends_at=asked, why="as asked for")

    def hold(self, names: Sequence[str], by: str) -> None:
        """Tag them as held, so that no lifecycle rule finds them; with Object Lock, put them on legal hold too.

        The note comes first: if we die in between, it says what is still to be tagged, and holding again does it.
        """
        if not self.options.tags:
            said = f"s3://{self.bucket}: nothing can be held without tags, its rules would remove it; set store.tags"
            raise StoreError(said, permanent=True)
        self.put(*hold_note(names, by, datetime.now(UTC), is_held=True), Lifetime.HELD)
        self._tag(names, Lifetime.HELD, legal_hold="ON")

    def let_go(self, names: Sequence[str], lifetime: Lifetime) -> None:
        """Give them their tag back, but for what another hold names too. If we die in between, they stay held."""
        self.put(*hold_note(names, "", datetime.now(UTC), is_held=False), Lifetime.HELD)
        self._tag(names_not_held_elsewhere(names, self.held()), lifetime, legal_hold="OFF")

    def held(self) -> list[LegalHold]:
        """What is held now."""
        try:
            return current_holds({name: self.get(name) for name in self.names(f"{HOLDS}/")})
        except UnreadableHold as error:
            raise StoreError(f"s3://{self.bucket}: {error}", permanent=True) from None

    def own_steps(self, name: str) -> dict[str, Callable[[], SelfTestFinding]]:
        """What is proved of a bucket besides what is of any store."""
        probe = BucketProbe(client=self._client, bucket=self.bucket, key=self.prefix + name)
        tagged = {"carries its lifetime as a tag": lambda: probe.tagged(TAG)} if self.options.tags else {}
        return tagged | {"keeps it from being deleted": probe.deleted}

    def _tag(self, names: Sequence[str], lifetime: Lifetime, *, legal_hold: str) -> None:
        tags: Any = {"TagSet": [{"Key": TAG, "Value": lifetime.value}]}
        try:
            for name in names:
                key = self.prefix + name
                self._client.put_object_tagging(Bucket=self.bucket, Key=key, Tagging=tags)
                if self.options.lock_days:
                    hold: Any = {"Status": legal_hold}
                    self._client.put_object_legal_hold(Bucket=self.bucket, Key=key, LegalHold=hold)
        except (ClientError, BotoCoreError) as error:
            raise store_error_of(error, self.bucket) from None

    def _given(self, name: str, data: bytes, lifetime: Lifetime) -> dict[str, Any]:
        """What goes with an object: our hash, S3's check of it, its type, tag, encryption and lock."""
        digest = hashlib.sha256(data)
        options = self.options
        given: dict[str, Any] = {"Metadata": {OUR_HASH: digest.hexdigest()}, "ContentType": _type_of(name)}
        if options.checksums != "when_required":
            given["ChecksumSHA256"] = base64.b64encode(digest.digest()).decode()
        if options.tags:
            given["Tagging"] = urlencode({TAG: lifetime.value})
        if options.sse:
            given["ServerSideEncryption"] = options.sse
        if options.kms_key_id:
            given["SSEKMSKeyId"] = options.kms_key_id
        if options.lock_days and lifetime in (Lifetime.FAILURES, Lifetime.HELD):
            given["ObjectLockMode"] = "GOVERNANCE"
            given["ObjectLockRetainUntilDate"] = datetime.now(UTC) + timedelta(days=options.lock_days)
            given.setdefault("ContentMD5", base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode())
        return given

    def _is_ours(self, name: str, data: bytes) -> bool:
        """Whether what lies there is what we put; false when it has gone since. Raises AlreadyStored, or Denied."""
        ours = hashlib.sha256(data).hexdigest()
        try:
            kept = self._client.head_object(Bucket=self.bucket, Key=self.prefix + name)["Metadata"].get(OUR_HASH)
        except ClientError as error:
            if http_status_of(error) == 404:
                return False
            if http_status_of(error) != 403:
                raise store_error_of(error, self.bucket) from None
            if PurePosixPath(name).name == ours:
                return True  # Who may not look can still trust a name that is the hash of what it names.
            said = f"{self.place(name)} exists, and s3:GetObject is needed to see whether it is ours; allow it"
            raise Denied(said) from None
        except BotoCoreError as error:
            raise store_error_of(error, self.bucket) from None
        if kept != ours:
            raise AlreadyStored(f"{self.place(name)} is already kept with another content")
        return True


def _type_of(name: str) -> str:
    """By its suffix alone, on every machine the same: what a browser shows, or keeps as a file."""
    suffix = PurePosixPath(name).suffix.lower()
    return TYPES.get(suffix) or mimetypes.guess_type(f"x{suffix}")[0] or "application/octet-stream"


def _client(session: boto3.Session, options: StoreOptions) -> S3Client:
    config = Config(
        retries={"mode": "standard", "max_attempts": TRIES},
        connect_timeout=CONNECT_S,
        read_timeout=READ_S,
        signature_version="s3v4",
        request_checksum_calculation=options.checksums,
        response_checksum_validation=options.checksums,
    )
    try:
        return session.client(
            "s3", endpoint_url=options.endpoint_url or None, region_name=options.region or None, config=config
        )
    except (BotoCoreError, ValueError) as error:
        raise StoreError(f"store: {str(error).splitlines()[0]}", permanent=True) from None
