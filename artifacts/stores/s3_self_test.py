"""The self-test steps of a bucket: encryption, tags and locks as configured, and rights that an intruder could use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from firstbell.artifacts.policy import Lifetime
from firstbell.artifacts.stores import AlreadyStored, Denied, StoreError, StoreOptions
from firstbell.artifacts.stores.s3_answers import check_encryption
from firstbell.artifacts.stores.s3_errors import LACKS, store_errors
from firstbell.artifacts.stores.self_test import OVERWRITTEN, SelfTestFailed, SelfTestFinding

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DATA = b"First Bell checks how this bucket keeps an object.\n"
# A store may round the end of a lock to whole seconds, and its clock may differ.
ROUNDING = timedelta(minutes=5)
# Arguments of a PUT that a store may not know -> the part of the header's name in LACKS.
ARGUMENTS = {
    ("IfNoneMatch",): "if-none-match",
    ("Tagging",): "tagging",
    ("ServerSideEncryption", "SSEKMSKeyId"): "server-side-encryption",
    ("ObjectLockMode", "ObjectLockRetainUntilDate"): "object-lock",
}


class _Bucket(Protocol):
    bucket: str
    prefix: str
    options: StoreOptions

    def put(self, name: str, data: bytes, lifetime: Lifetime) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketProbe:
    """A test object in a bucket, and others beside it. Each step raises StoreError or SelfTestFailed."""

    store: _Bucket
    client: S3Client
    name: str

    def encrypted(self) -> SelfTestFinding:
        """Check that the object itself is encrypted: a store may repeat a header in its answer, and not act on it."""
        options = self.store.options
        try:
            with store_errors(self.store.bucket):
                kept = self.client.head_object(**self._target())
        except Denied:
            return SelfTestFinding(f"{options.sse} accepted; this machine may not look at the object")
        check_encryption(kept, options, f"s3://{self.store.bucket}/{self._target()['Key']}")
        return SelfTestFinding(options.sse)

    def tagged(self, tag: str) -> SelfTestFinding:
        """Check that the object's tag is kept: lifecycle rules remove nothing in a store that drops tags."""
        try:
            with store_errors(self.store.bucket):
                rows = self.client.get_object_tagging(**self._target())["TagSet"]
                tags = {row["Key"]: row["Value"] for row in rows}
        except Denied:
            return SelfTestFinding("accepted; this machine may not read it")
        if tags.get(tag) != Lifetime.PASSES.value:
            raise SelfTestFailed(
                "the store accepts tags and drops them; set store.tags = false, or nothing is ever removed"
            )
        return SelfTestFinding(f"{tag}={Lifetime.PASSES.value}")

    def locked(self) -> SelfTestFinding:
        """Store an object as of a failure, and check its lock: its end, a delete, and a PUT of other bytes."""
        days, end = self.store.options.lock_days, datetime.now(UTC) + timedelta(days=self.store.options.lock_days)
        name = self._beside("locked")
        self.store.put(name, DATA, Lifetime.FAILURES)
        try:
            until, version = self._lock_of(name)
        except Denied:
            return SelfTestFinding("accepted; this machine may not see the lock")
        if until is None:
            message = "the store accepts locks and drops them; use a bucket with Object Lock, or remove store.lock_days"
            raise SelfTestFailed(message)
        if until < end - ROUNDING:
            raise SelfTestFailed(f"it is locked until {until:%Y-%m-%d %H:%M} UTC only, not for {days} days")
        if not self._refuses_delete(name, version):
            raise SelfTestFailed("it was deleted in spite of its lock; remove store.lock_days, or use another store")
        try:
            self.store.put(name, DATA + b"changed", Lifetime.FAILURES)
        except (AlreadyStored, Denied):
            return SelfTestFinding(f"until {until:%Y-%m-%d}")
        raise SelfTestFailed(OVERWRITTEN)

    def overwritable(self, put_options: dict[str, Any]) -> SelfTestFinding:
        """Check that a PUT without If-None-Match is refused. If it is not, an intruder could overwrite evidence."""
        try:
            with store_errors(self.store.bucket):
                self.client.put_object(**self._target(self._beside("plain")), Body=b"", **put_options)
        except Denied:
            return SelfTestFinding("this machine may not overwrite")
        text = "this machine may overwrite; if the store knows the condition s3:if-none-match, apply --policy agent"
        return SelfTestFinding(text, is_fine=False)

    def deleted(self) -> SelfTestFinding:
        """Check that a delete is refused. If it is not, an intruder on this machine could delete evidence."""
        try:
            with store_errors(self.store.bucket):
                answer = self.client.delete_object(**self._target())
        except Denied:
            return SelfTestFinding("this machine may not delete")
        if answer.get("DeleteMarker"):
            return SelfTestFinding(
                "this machine may delete: a marker hides the object, its version stays; remove s3:DeleteObject",
                is_fine=False,
            )
        return SelfTestFinding("this machine may delete for good; remove s3:DeleteObject", is_fine=False)

    def lacking(self, put_options: dict[str, Any]) -> str:
        """Return what the store lacks: an argument of a PUT without which it is accepted. Empty if it is no single one.

        The stored objects are under `checks/`, so nothing is overwritten.
        """
        all_options = {"IfNoneMatch": "*", **put_options}
        for number, (names, part) in enumerate(ARGUMENTS.items()):
            if names[0] not in all_options:
                continue
            fewer = {name: value for name, value in all_options.items() if name not in names}
            try:
                with store_errors(self.store.bucket):
                    self.client.put_object(**self._target(self._beside(f"without-{number}")), Body=b"", **fewer)
            except StoreError:
                continue
            return f"s3://{self.store.bucket} {LACKS[part]}"
        return ""

    def _lock_of(self, name: str) -> tuple[datetime | None, str]:
        """Return the end of an object's lock, None if it has none, and its version. HEAD shows a lock only to those who
        may read it. Raises Denied if this machine may not."""
        with store_errors(self.store.bucket):
            kept = self.client.head_object(**self._target(name))
        version = kept.get("VersionId", "")
        if until := kept.get("ObjectLockRetainUntilDate"):
            return until, version
        try:
            with store_errors(self.store.bucket):
                row = self.client.get_object_retention(**self._target(name)).get("Retention", {})
        except Denied:
            raise
        except StoreError:
            return None, version
        return row.get("RetainUntilDate"), version

    def _refuses_delete(self, name: str, version: str) -> bool:
        """Try to delete an object's version; without a version, a marker in front of it is no delete."""
        target: dict[str, Any] = self._target(name) | ({"VersionId": version} if version else {})
        try:
            with store_errors(self.store.bucket):
                answer = self.client.delete_object(**target)
        except StoreError:
            return True
        return not version and bool(answer.get("DeleteMarker"))

    def _beside(self, word: str) -> str:
        return f"{self.name.removesuffix('.txt')}-{word}.txt"

    def _target(self, name: str = "") -> Any:
        return {"Bucket": self.store.bucket, "Key": self.store.prefix + (name or self.name)}
