"""`[store]`: where evidence is kept."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from firstbell.artifacts.stores import Checksums, Encryption, StoreOptions
from firstbell.runner.config.sections import Section

_STORE = StoreOptions()


class StoreSection(Section):
    """The store in which evidence is kept."""

    url: str = Field("./evidence", description="A folder, or `s3://bucket/prefix`.")
    endpoint_url: str = Field("", description="The address of an S3-compatible store that is not Amazon's.")
    region: str = Field("", description="The region of the bucket.")
    sse: Encryption = Field(_STORE.sse, description="Server-side encryption of the bucket.")
    kms_key_id: str = Field("", description='The key for `sse = "aws:kms"`.')
    tags: bool = Field(
        default=_STORE.tags,
        strict=True,
        description="Tag objects for the lifecycle rules; false if the store has no tags.",
    )
    lock_days: int = Field(
        _STORE.lock_days,
        ge=0,
        le=3650,
        description="Days for which Object Lock protects the evidence of failures.",
    )
    checksums: Checksums = Field(
        _STORE.checksums, description="`when_required` for S3-compatible stores that refuse newer checksums."
    )

    @model_validator(mode="after")
    def _key_goes_with_kms(self) -> StoreSection:
        if self.kms_key_id and self.sse != "aws:kms":
            raise ValueError('kms_key_id is used only with sse = "aws:kms"; write both or neither')
        return self

    @model_validator(mode="before")
    @classmethod
    def _expand_short_form(cls, given: Any) -> Any:
        """Expands `store = "s3://..."`, short for a table with only `url`."""
        return {"url": given} if isinstance(given, str) else given
