"""What is tried in a bucket alone: whether tags are kept, and what a delete leaves of what should never be deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from firstbell.artifacts.lifetime import Lifetime
from firstbell.artifacts.stores import Denied
from firstbell.artifacts.stores.s3_errors import store_error_of
from firstbell.artifacts.stores.self_test import SelfTestFailed, SelfTestFinding

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketProbe:
    """One object of ours, that may be looked at and deleted. Both steps raise StoreError or SelfTestFailed."""

    client: S3Client
    bucket: str
    key: str

    def tagged(self, tag: str) -> SelfTestFinding:
        """Rules that go by tags remove nothing in a store that takes tags and forgets them."""
        try:
            rows = self.client.get_object_tagging(Bucket=self.bucket, Key=self.key)["TagSet"]
        except (ClientError, BotoCoreError) as error:
            refused = store_error_of(error, self.bucket)
            if isinstance(refused, Denied):
                return SelfTestFinding("taken; this machine may not look at it")
            raise refused from None
        if {row["Key"]: row["Value"] for row in rows}.get(tag) != Lifetime.PASSES.value:
            raise SelfTestFailed(
                "its tag was taken and is not there; set store.tags = false, or nothing is ever removed"
            )
        return SelfTestFinding(f"{tag}={Lifetime.PASSES.value}")

    def deleted(self) -> SelfTestFinding:
        """To be refused is as it should be. Otherwise, what somebody who breaks in here could do."""
        try:
            answer = self.client.delete_object(Bucket=self.bucket, Key=self.key)
        except (ClientError, BotoCoreError) as error:
            refused = store_error_of(error, self.bucket)
            if isinstance(refused, Denied):
                return SelfTestFinding("this machine may not delete, as it should be")
            raise refused from None
        if answer.get("DeleteMarker"):
            return SelfTestFinding(
                "this machine may delete: a marker hides it, an older version stays; take s3:DeleteObject away",
                is_fine=False,
            )
        return SelfTestFinding(
            "this machine may delete, for good; take s3:DeleteObject away, or turn versioning on", is_fine=False
        )
