"""A store in a bucket of Amazon S3, or of a compatible service."""

from __future__ import annotations

import base64
import hashlib
import mimetypes
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

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
from firstbell.artifacts.policy import Lifetime
from firstbell.artifacts.stores import AlreadyStored, Denied, ShareLink, StoreError, StoreOptions
from firstbell.artifacts.stores.s3_answers import check_answer, check_encryption
from firstbell.artifacts.stores.s3_errors import Unexplained, code_of, http_status_of, store_errors
from firstbell.artifacts.stores.s3_self_test import BucketProbe
from firstbell.artifacts.stores.s3_session import open_session
from firstbell.artifacts.stores.self_test import SelfTestFinding
from firstbell.web_access import BadWebAccess

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_s3 import S3Client

TRIES = 4
# Another client is writing the same key: try again (S3's ConditionalRequestConflict).
CONFLICT_TRIES = 3
PASSES = Lifetime.PASSES
OUR_HASH = "firstbell-sha256"
TAG = "firstbell-lifetime"
# S3's limit for a signed address, and the assumed length of a session whose end botocore does not know.
LONGEST_LINK_S, UNKNOWN_SESSION_S = 7 * 86_400, 3600
# Types that a browser shows: the tables of `mimetypes` differ from machine to machine, and do not know HAR.
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".json": "application/json",
    ".jsonl": "text/plain; charset=utf-8",
    ".har": "application/json",
    ".zip": "application/zip",
}


class S3Store:
    """A store of one object per name, written once. Credentials come from boto3's own chain only."""

    def __init__(self, url: str, options: StoreOptions) -> None:
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        if not bucket:
            raise StoreError(f"store.url: {url} names no bucket; write s3://bucket/prefix", permanent=True)
        self.bucket = bucket
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self.options = options
        with store_errors(self.bucket):
            self._session, self.web = open_session(options.web)
            self._client = _client(self._session, options)

    def check(self) -> None:
        """Check that the bucket can be reached. A machine that may only write need not be allowed to read it."""
        with suppress(Denied), store_errors(self.bucket):
            self._client.head_bucket(Bucket=self.bucket)

    def put(self, name: str, data: bytes, lifetime: Lifetime) -> None:
        """Store an object once. After a lost answer the name conflicts with our own object: its hash tells so."""
        put_options = self._put_options(name, data, lifetime)
        for _ in range(CONFLICT_TRIES):
            with store_errors(self.bucket):
                try:
                    answer = self._client.put_object(
                        Bucket=self.bucket, Key=self.prefix + name, Body=data, IfNoneMatch="*", **put_options
                    )
                except ClientError as error:
                    status = http_status_of(error)
                    if status not in (409, 412):
                        raise
                    if status == 409 or not self._is_same(name, data):
                        continue
                else:
                    check_answer(answer, self.options, self.address(name))
                return
        raise StoreError(f"s3://{self.bucket}: {name} is being written by another client; try again", permanent=False)

    def get(self, name: str) -> bytes:
        """Return an object's content."""
        with store_errors(self.bucket):
            try:
                return self._client.get_object(Bucket=self.bucket, Key=self.prefix + name)["Body"].read()
            except ClientError as error:
                if http_status_of(error) != 404 or code_of(error) == "NoSuchBucket":
                    raise
                message = f"{name} is not in s3://{self.bucket}/{self.prefix}"
                raise StoreError(message, permanent=True) from None

    def names(self, prefix: str) -> list[str]:
        """Return all names that begin with a prefix."""
        with store_errors(self.bucket):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=self.prefix + prefix
            )
            return sorted(row["Key"].removeprefix(self.prefix) for page in pages for row in page.get("Contents", ()))

    def address(self, name: str) -> str:
        """Return an object's s3:// address."""
        return f"s3://{self.bucket}/{self.prefix}{name}"

    def way(self) -> str:
        """Return the way to the store in words: directly, or by which proxy. Raises StoreError."""
        try:
            return self.web.way_of(self._client.meta.endpoint_url)
        except BadWebAccess as error:
            raise StoreError(str(error), permanent=True) from None

    def link(self, name: str, *, for_s: float) -> ShareLink:
        """Return a signed address. It ends no later than the credentials that signed it."""
        if not 1 <= for_s <= LONGEST_LINK_S:
            raise StoreError("a link can be valid for 1 second to 7 days; ask for a time between", permanent=True)
        requested_end = datetime.now(UTC) + timedelta(seconds=int(for_s))
        target = {"Bucket": self.bucket, "Key": self.prefix + name}
        response_headers = {"ResponseContentType": _type_of(name), "ResponseContentDisposition": "inline"}
        with store_errors(self.bucket):
            credentials = self._session.get_credentials()
            if credentials is None:
                raise NoCredentialsError
            # Credentials that renew themselves do so now, not between reading their end and signing.
            frozen = credentials.get_frozen_credentials()
            url = self._client.generate_presigned_url(
                "get_object", Params=target | response_headers, ExpiresIn=int(for_s)
            )
        credentials_end: datetime | None = getattr(credentials, "_expiry_time", None)
        if credentials_end is not None and credentials_end < requested_end:
            why = "the credentials that signed it end then; for a longer link sign with a user's key"
            return ShareLink(url=url, ends_at=credentials_end, why=why)
        if credentials_end is None and frozen.token and for_s > UNKNOWN_SESSION_S:
            why = "it was signed with session credentials whose end is not known: an hour is assumed"
            return ShareLink(url=url, ends_at=datetime.now(UTC) + timedelta(seconds=UNKNOWN_SESSION_S), why=why)
        return ShareLink(url=url, ends_at=requested_end, why="as requested")

    def hold(self, names: Sequence[str], by: str) -> None:
        """Tag objects as held, so that no lifecycle rule matches them; with Object Lock, put them on legal hold too.

        The note is written first: if the process dies in between, it names the objects that are still to be tagged,
        and holding again tags them.
        """
        if not self.options.tags:
            message = f"s3://{self.bucket}: without tags the lifecycle rules would remove held objects; set store.tags"
            raise StoreError(message, permanent=True)
        self.put(*hold_note(names, by, datetime.now(UTC), is_held=True), Lifetime.HELD)
        self._tag(list(dict.fromkeys(names)), Lifetime.HELD, legal_hold="ON")

    def let_go(self, names: Sequence[str], lifetime: Lifetime) -> None:
        """Give objects their tag back, except those that another hold names. After a crash midway they stay held."""
        self.put(*hold_note(names, "", datetime.now(UTC), is_held=False), Lifetime.HELD)
        free = names_not_held_elsewhere(dict.fromkeys(names), self.held())
        self._tag(free, lifetime, legal_hold="OFF")

    def held(self) -> list[LegalHold]:
        """Return the holds in force."""
        try:
            return current_holds({name: self.get(name) for name in self.names(f"{HOLDS}/")})
        except UnreadableHold as error:
            raise StoreError(f"s3://{self.bucket}: {error}", permanent=True) from None

    def extra_steps(self, name: str) -> dict[str, Callable[[], SelfTestFinding]]:
        """Return the self-test steps of a bucket, besides those of every store."""
        probe = BucketProbe(store=self, client=self._client, name=name)
        steps = {"encrypts it": probe.encrypted} if self.options.sse else {}
        if self.options.tags:
            steps["carries its lifetime as a tag"] = lambda: probe.tagged(TAG)
        if self.options.lock_days:
            steps["locks evidence of failures"] = probe.locked
        return steps | {
            "refuses a PUT that could overwrite": lambda: probe.overwritable(self._put_options(name, b"", PASSES)),
            "keeps it from being deleted": probe.deleted,
        }

    def explained(self, error: StoreError, name: str) -> str:
        """Return why the self-test failed, in words. If the answer does not say, each header is left out in turn."""
        probe = BucketProbe(store=self, client=self._client, name=name)
        put_options = self._put_options(name, b"", Lifetime.FAILURES)
        return (probe.lacking(put_options) if isinstance(error, Unexplained) else "") or str(error)

    def _tag(self, names: Sequence[str], lifetime: Lifetime, *, legal_hold: str) -> None:
        tags: Any = {"TagSet": [{"Key": TAG, "Value": lifetime.value}]}
        with store_errors(self.bucket):
            for name in names:
                key = self.prefix + name
                self._client.put_object_tagging(Bucket=self.bucket, Key=key, Tagging=tags)
                if self.options.lock_days:
                    hold: Any = {"Status": legal_hold}
                    self._client.put_object_legal_hold(Bucket=self.bucket, Key=key, LegalHold=hold)

    def _put_options(self, name: str, data: bytes, lifetime: Lifetime) -> dict[str, Any]:
        """Return what is sent with an object: our hash, S3's checksum, its type, tag, encryption and lock."""
        digest, options = hashlib.sha256(data), self.options
        put_options: dict[str, Any] = {"Metadata": {OUR_HASH: digest.hexdigest()}, "ContentType": _type_of(name)}
        if options.checksums != "when_required":
            put_options["ChecksumSHA256"] = base64.b64encode(digest.digest()).decode()
        if options.tags:
            put_options["Tagging"] = urlencode({TAG: lifetime.value})
        if options.sse:
            put_options["ServerSideEncryption"] = options.sse
        if options.kms_key_id:
            put_options["SSEKMSKeyId"] = options.kms_key_id
        if options.lock_days and lifetime in (Lifetime.FAILURES, Lifetime.HELD):
            put_options["ObjectLockMode"] = "GOVERNANCE"
            put_options["ObjectLockRetainUntilDate"] = datetime.now(UTC) + timedelta(days=options.lock_days)
            put_options.setdefault(
                "ContentMD5", base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
            )
        return put_options

    def _is_same(self, name: str, data: bytes) -> bool:
        """Tell whether the stored object is the one that we sent; False if there is none. Raises AlreadyStored, or
        Denied."""
        digest = hashlib.sha256(data).hexdigest()
        with store_errors(self.bucket):
            try:
                kept = self._client.head_object(Bucket=self.bucket, Key=self.prefix + name)
            except ClientError as error:
                if http_status_of(error) == 404:
                    return False
                if http_status_of(error) != 403:
                    raise
                if PurePosixPath(name).name == digest:
                    return True  # The object may not be read, but its name is the hash of its content.
                message = f"{self.address(name)} exists, and s3:GetObject is needed to see whether it is ours; allow it"
                raise Denied(message) from None
            if kept["Metadata"].get(OUR_HASH) != digest:
                raise AlreadyStored(f"{self.address(name)} already exists with different content")
            check_encryption(kept, self.options, self.address(name))
        return True


def _type_of(name: str) -> str:
    """Return the media type of a name, by its suffix alone: the same on every machine."""
    suffix = PurePosixPath(name).suffix.lower()
    return TYPES.get(suffix) or mimetypes.guess_type(f"x{suffix}")[0] or "application/octet-stream"


def _client(session: boto3.Session, options: StoreOptions) -> S3Client:
    config = Config(
        retries={"mode": "standard", "max_attempts": TRIES},
        signature_version="s3v4",
        request_checksum_calculation=options.checksums,
        response_checksum_validation=options.checksums,
    )
    try:
        return session.client(
            "s3",
            endpoint_url=options.endpoint_url or None,
            region_name=options.region or None,
            config=config,
        )
    except (BotoCoreError, ValueError) as error:
        raise StoreError(f"store: {str(error).splitlines()[0]}", permanent=True) from None
