"""IAM policies and lifecycle rules of a bucket, as JSON to apply.

The agent runs journeys and writes evidence; it can neither read, list, overwrite nor delete. The reader looks at
evidence and shares it. The keeper makes and ends legal holds. A machine that does all three gets all three policies.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from firstbell.artifacts.policy import Lifetime
from firstbell.artifacts.retention import Retention
from firstbell.artifacts.stores import StoreOptions
from firstbell.artifacts.stores.s3 import TAG

LONGEST_MONTH_DAYS = 31
# After an outage of the store, a run may reach it this much later than the parts that it refers to.
LATE_DAYS = 7

Statement = dict[str, Any]


def access_policy(bucket: str, prefix: str, options: StoreOptions, *, name: str) -> dict[str, Any]:
    """Return the IAM policy of a name: agent, reader or keeper (the keys of POLICIES)."""
    return {"Version": "2012-10-17", "Statement": POLICIES[name](f"arn:aws:s3:::{bucket}", prefix, options)}


def _agent(arn: str, prefix: str, options: StoreOptions) -> list[Statement]:
    own = f"{arn}/{prefix}*"
    # Every write needs If-None-Match, so no object can be overwritten, not even by an intruder.
    only_if: dict[str, Any] = {"Null": {"s3:if-none-match": "false"}}
    if options.sse:
        only_if["StringEquals"] = {"s3:x-amz-server-side-encryption": options.sse}
    statements = [_allow("WriteOnce", ["s3:PutObject"], own, only_if)]
    if options.tags:
        statements.append(_tagging(own, [lifetime for lifetime in Lifetime if lifetime is not Lifetime.HELD]))
    if options.lock_days:
        statements.append(_allow("LockWhatFailed", ["s3:PutObjectRetention"], own))
    statements += _use_key(options, ["kms:GenerateDataKey"])  # Only multipart uploads need Decrypt; we make none.
    forbidden = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"]
    return [*statements, {"Sid": "NeverDelete", "Effect": "Deny", "Action": forbidden, "Resource": own}]


def _reader(arn: str, prefix: str, options: StoreOptions) -> list[Statement]:
    listing = {"StringLike": {"s3:prefix": f"{prefix}*"}} if prefix else None
    locks = ["s3:GetObjectRetention"] if options.lock_days else []
    return [
        _allow("Read", ["s3:GetObject", *locks], f"{arn}/{prefix}*"),
        _allow("List", ["s3:ListBucket"], arn, listing),
        *_use_key(options, ["kms:Decrypt"]),
    ]


def _keeper(arn: str, prefix: str, options: StoreOptions) -> list[Statement]:
    own, hold_notes = f"{arn}/{prefix}*", f"{arn}/{prefix}holds/*"
    statements = [
        *_reader(arn, prefix, options),
        _allow("NoteHolds", ["s3:PutObject"], hold_notes, {"Null": {"s3:if-none-match": "false"}}),
        _tagging(own, list(Lifetime)),
    ]
    if options.lock_days:
        statements.append(_allow("HoldLegally", ["s3:PutObjectLegalHold"], own))
        statements.append(_allow("LockNotes", ["s3:PutObjectRetention"], hold_notes))
    return [*statements, *_use_key(options, ["kms:GenerateDataKey"])]


POLICIES: Mapping[str, Callable[[str, str, StoreOptions], list[Statement]]] = {
    "agent": _agent,
    "reader": _reader,
    "keeper": _keeper,
}


def lifecycle(prefix: str, retention: Retention, options: StoreOptions) -> dict[str, Any]:
    """Return lifecycle rules: each lifetime for its days, and parts longer, because a run of their month's last day
    needs them. Without tags all objects get the longest age: a pass cannot be told from a failure."""
    days = {lifetime: math.ceil(kept_days) for lifetime, kept_days in retention.days.items()}
    rules: list[dict[str, Any]] = []
    if options.tags:
        for lifetime in (Lifetime.PASSES, Lifetime.FAILURES):
            rules.append(_rule(f"{lifetime.value}-runs", f"{prefix}runs/", days[lifetime], lifetime))
            part_days = days[lifetime] + LONGEST_MONTH_DAYS + LATE_DAYS
            rules.append(_rule(f"{lifetime.value}-parts", f"{prefix}parts/{lifetime.value}/", part_days, lifetime))
        rules.append(_rule("checks", f"{prefix}checks/", 1, None))
        rules.append(_rule("shared", f"{prefix}shared/", days[Lifetime.SHARED], Lifetime.SHARED))
    else:
        rules.append(_rule("everything", prefix, max(days.values()) + LONGEST_MONTH_DAYS + LATE_DAYS, None))
    cleanup: dict[str, Any] = {"ID": "firstbell-leftovers", "Status": "Enabled", "Filter": {"Prefix": prefix}}
    cleanup["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": 1}
    cleanup["NoncurrentVersionExpiration"] = {"NoncurrentDays": 1}
    if options.tags:  # Without tags, S3 refuses a second expiry rule for the same objects.
        cleanup["Expiration"] = {"ExpiredObjectDeleteMarker": True}
    return {"Rules": [*rules, cleanup]}


def _allow(sid: str, actions: list[str], resource: str, condition: dict[str, Any] | None = None) -> Statement:
    statement: Statement = {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}
    return statement | ({"Condition": condition} if condition else {})


def _tagging(resource: str, lifetimes: list[Lifetime]) -> Statement:
    condition = {
        "StringEquals": {f"s3:RequestObjectTag/{TAG}": [lifetime.value for lifetime in lifetimes]},
        "ForAllValues:StringEquals": {"s3:RequestObjectTagKeys": [TAG]},
    }
    return _allow("TagWithALifetime", ["s3:PutObjectTagging"], resource, condition)


def _use_key(options: StoreOptions, actions: list[str]) -> list[Statement]:
    """Allow use of the KMS key by its name, or of any key whose own policy allows it."""
    if options.sse != "aws:kms":
        return []
    key = options.kms_key_id
    return [_allow("UseTheKey", actions, key if key.startswith("arn:") else "*")]


def _rule(name: str, prefix: str, days: int, lifetime: Lifetime | None) -> dict[str, Any]:
    rule_filter: dict[str, Any] = {"Prefix": prefix}
    if lifetime is not None:
        rule_filter = {"And": {"Prefix": prefix, "Tags": [{"Key": TAG, "Value": lifetime.value}]}}
    return {"ID": f"firstbell-{name}", "Status": "Enabled", "Filter": rule_filter, "Expiration": {"Days": days}}
