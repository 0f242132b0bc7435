"""What a bucket needs, as JSON to apply: the least that each of three may do, and what is removed when.

The agent plays and writes, and can neither read, list, write over nor delete. The reader looks at evidence and shares
it. The keeper holds evidence beyond its time, and lets it go. A machine that does all three gets all three.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from firstbell.artifacts.lifetime import Lifetime
from firstbell.artifacts.retention import Retention
from firstbell.artifacts.stores import StoreOptions
from firstbell.artifacts.stores.s3 import TAG

LONGEST_MONTH_DAYS = 31
# A run may reach the bucket this much later than parts of its month that it refers to, after a store was away.
LATE_DAYS = 7

Statement = dict[str, Any]


def access_policy(bucket: str, prefix: str, options: StoreOptions, *, who: str) -> dict[str, Any]:
    """An IAM policy for an agent, a reader or a keeper (the keys of POLICIES)."""
    return {"Version": "2012-10-17", "Statement": POLICIES[who](f"arn:aws:s3:::{bucket}", prefix, options)}


def _agent(arn: str, prefix: str, options: StoreOptions) -> list[Statement]:
    own = f"{arn}/{prefix}*"
    # Nothing is written but with If-None-Match, so what is there cannot be written over, not even by who broke in.
    only_if: dict[str, Any] = {"Null": {"s3:if-none-match": "false"}}
    if options.sse:
        only_if["StringEquals"] = {"s3:x-amz-server-side-encryption": options.sse}
    statements = [_allow("WriteOnce", ["s3:PutObject"], own, only_if)]
    if options.tags:
        statements.append(_tagging(own, [one for one in Lifetime if one is not Lifetime.HELD]))
    if options.lock_days:
        statements.append(_allow("LockWhatFailed", ["s3:PutObjectRetention"], own))
    statements += _key(options, ["kms:GenerateDataKey"])  # Decrypt too for uploads in pieces, which we never make.
    never = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"]
    return [*statements, {"Sid": "NeverDelete", "Effect": "Deny", "Action": never, "Resource": own}]


def _reader(arn: str, prefix: str, options: StoreOptions) -> list[Statement]:
    listing = {"StringLike": {"s3:prefix": f"{prefix}*"}} if prefix else None
    return [
        _allow("Read", ["s3:GetObject"], f"{arn}/{prefix}*"),
        _allow("List", ["s3:ListBucket"], arn, listing),
        *_key(options, ["kms:Decrypt"]),
    ]


def _keeper(arn: str, prefix: str, options: StoreOptions) -> list[Statement]:
    own, notes = f"{arn}/{prefix}*", f"{arn}/{prefix}holds/*"
    statements = [
        *_reader(arn, prefix, options),
        _allow("NoteHolds", ["s3:PutObject"], notes, {"Null": {"s3:if-none-match": "false"}}),
        _tagging(own, list(Lifetime)),
    ]
    if options.lock_days:
        statements.append(_allow("HoldLegally", ["s3:PutObjectLegalHold"], own))
        statements.append(_allow("LockNotes", ["s3:PutObjectRetention"], notes))
    return [*statements, *_key(options, ["kms:GenerateDataKey"])]


POLICIES: Mapping[str, Callable[[str, str, StoreOptions], list[Statement]]] = {
    "agent": _agent,
    "reader": _reader,
    "keeper": _keeper,
}
"""Who -> what they may do."""


def lifecycle(prefix: str, retention: Retention, options: StoreOptions) -> dict[str, Any]:
    """Lifecycle rules: each lifetime for its days, parts longer, because a run of their month's last day needs them.

    Without tags there is one age for all, the longest: a store that cannot tag cannot tell a pass from a failure.
    """
    days = {lifetime: math.ceil(given) for lifetime, given in retention.days.items()}
    rules: list[dict[str, Any]] = []
    if options.tags:
        for lifetime in (Lifetime.PASSES, Lifetime.FAILURES):
            rules.append(_rule(f"{lifetime.value}-runs", f"{prefix}runs/", days[lifetime], lifetime))
            longer = days[lifetime] + LONGEST_MONTH_DAYS + LATE_DAYS
            rules.append(_rule(f"{lifetime.value}-parts", f"{prefix}parts/{lifetime.value}/", longer, lifetime))
        rules.append(_rule("checks", f"{prefix}checks/", 1, None))
        rules.append(_rule("shared", f"{prefix}shared/", days[Lifetime.SHARED], Lifetime.SHARED))
    else:
        rules.append(_rule("everything", prefix, max(days.values()) + LONGEST_MONTH_DAYS + LATE_DAYS, None))
    cleaning: dict[str, Any] = {"ID": "firstbell-leftovers", "Status": "Enabled", "Filter": {"Prefix": prefix}}
    cleaning["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": 1}
    cleaning["NoncurrentVersionExpiration"] = {"NoncurrentDays": 1}
    if options.tags:  # Where everything has an age, S3 takes no second word on expiry for the same objects.
        cleaning["Expiration"] = {"ExpiredObjectDeleteMarker": True}
    return {"Rules": [*rules, cleaning]}


def _allow(sid: str, actions: list[str], resource: str, condition: dict[str, Any] | None = None) -> Statement:
    statement: Statement = {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}
    return statement | ({"Condition": condition} if condition else {})


def _tagging(resource: str, lifetimes: list[Lifetime]) -> Statement:
    condition = {
        "StringEquals": {f"s3:RequestObjectTag/{TAG}": [lifetime.value for lifetime in lifetimes]},
        "ForAllValues:StringEquals": {"s3:RequestObjectTagKeys": [TAG]},
    }
    return _allow("TagWithALifetime", ["s3:PutObjectTagging"], resource, condition)


def _key(options: StoreOptions, actions: list[str]) -> list[Statement]:
    """The key by its name, or any key that its own policy opens to us."""
    if options.sse != "aws:kms":
        return []
    name = options.kms_key_id
    return [_allow("UseTheKey", actions, name if name.startswith("arn:") else "*")]


def _rule(name: str, prefix: str, days: int, lifetime: Lifetime | None) -> dict[str, Any]:
    wanted: dict[str, Any] = {"Prefix": prefix}
    if lifetime is not None:
        wanted = {"And": {"Prefix": prefix, "Tags": [{"Key": TAG, "Value": lifetime.value}]}}
    return {"ID": f"firstbell-{name}", "Status": "Enabled", "Filter": wanted, "Expiration": {"Days": days}}
