"""The self-test steps of a bucket: that tags are kept, and that objects cannot be deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from firstbell.artifacts.policy import Lifetime
from firstbell.artifacts.stores import Denied, StoreOptions
from firstbell.artifacts.stores.s3_answers import check_encryption
from firstbell.artifacts.stores.s3_errors import store_errors
from firstbell.artifacts.stores.self_test import SelfTestFailed, SelfTestFinding

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketProbe:
    """A test object in a bucket. Both steps raise StoreError or SelfTestFailed."""

    client: S3Client
    bucket: str
    key: str

    def tagged(self, tag: str) -> SelfTestFinding:
        """Check that the object's tag is kept: lifecycle rules remove nothing in a store that drops tags."""
        try:
            with store_errors(self.bucket):
                rows = self.client.get_object_tagging(Bucket=self.bucket, Key=self.key)["TagSet"]
                tags = {row["Key"]: row["Value"] for row in rows}
        except Denied:
            return SelfTestFinding("accepted; this machine may not read it")
        if tags.get(tag) != Lifetime.PASSES.value:
            raise SelfTestFailed(
                "the store accepts tags and drops them; set store.tags = false, or nothing is ever removed"
            )
        return SelfTestFinding(f"{tag}={Lifetime.PASSES.value}")

    def encrypted(self, options: StoreOptions) -> SelfTestFinding:
        """Check that the object itself is encrypted: a store may repeat a header in its answer, and not act on it."""
        try:
            with store_errors(self.bucket):
                kept = self.client.head_object(Bucket=self.bucket, Key=self.key)
        except Denied:
            return SelfTestFinding(f"{options.sse} accepted; this machine may not look at the object")
        check_encryption(kept, options, f"s3://{self.bucket}/{self.key}")
        return SelfTestFinding(options.sse)

    def deleted(self) -> SelfTestFinding:
        """Check that a delete is refused. If it is not, an intruder on this machine could delete evidence."""
        try:
            with store_errors(self.bucket):
                answer = self.client.delete_object(Bucket=self.bucket, Key=self.key)
        except Denied:
            return SelfTestFinding("this machine may not delete")
        if answer.get("DeleteMarker"):
            return SelfTestFinding(
                "this machine may delete: a marker hides the object, its version stays; remove s3:DeleteObject",
                is_fine=False,
            )
        return SelfTestFinding(
            "this machine may delete for good; remove s3:DeleteObject, or turn versioning on", is_fine=False
        )
