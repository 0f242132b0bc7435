"""What a bucket needs, as JSON to apply: the least that a probe and a reader may do, and what is removed when."""

from __future__ import annotations

from typing import Any

from artifacts.lifetime import Lifetime
from artifacts.retention import Retention
from artifacts.stores import StoreOptions
from artifacts.stores.s3 import TAG

LONGEST_MONTH_DAYS = 31


def access_policy(bucket: str, prefix: str, options: StoreOptions) -> dict[str, Any]:
    """An IAM policy for the machine that runs First Bell: write once, read back, never delete.

    GetObject tells an answer that was lost from somebody else's object, and lets `firstbell evidence` read.
    """
    arn = f"arn:aws:s3:::{bucket}"
    writes = ["s3:PutObject", *(["s3:PutObjectTagging"] if options.tags else [])]
    holds = ["s3:PutObjectRetention", "s3:PutObjectLegalHold"] if options.lock_days else []
    statements: list[dict[str, Any]] = [
        {
            "Sid": "WriteAndReadEvidence",
            "Effect": "Allow",
            "Action": [*writes, *holds, "s3:GetObject"],
            "Resource": f"{arn}/{prefix}*",
        },
        {
            "Sid": "ListEvidence",
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": arn,
            "Condition": {"StringLikeIfExists": {"s3:prefix": f"{prefix}*"}},
        },
        {
            "Sid": "NeverDelete",
            "Effect": "Deny",
            "Action": ["s3:DeleteObject", "s3:DeleteObjectVersion"],
            "Resource": f"{arn}/{prefix}*",
        },
    ]
    if not prefix:
        del statements[1]["Condition"]
    if options.sse == "aws:kms":
        key = options.kms_key_id if options.kms_key_id.startswith("arn:") else "*"
        actions = ["kms:GenerateDataKey", "kms:Decrypt"]
        statements.append({"Sid": "UseTheKey", "Effect": "Allow", "Action": actions, "Resource": key})
    return {"Version": "2012-10-17", "Statement": statements}


def lifecycle(prefix: str, retention: Retention, options: StoreOptions) -> dict[str, Any]:
    """Lifecycle rules: each lifetime for its days, parts for a month more, because a run of its last day needs them.

    Without tags there is one age for all, the longest: a store that cannot tag cannot tell a pass from a failure.
    """
    days = {lifetime: int(retention.days[lifetime]) for lifetime in Lifetime if lifetime in retention.days}
    rules: list[dict[str, Any]] = []
    if options.tags:
        for lifetime in (Lifetime.PASSES, Lifetime.FAILURES):
            rules.append(_rule(f"{lifetime.value}-runs", f"{prefix}runs/", days[lifetime], lifetime))
            longer = days[lifetime] + LONGEST_MONTH_DAYS
            rules.append(_rule(f"{lifetime.value}-parts", f"{prefix}parts/{lifetime.value}/", longer, lifetime))
        rules.append(_rule("checks", f"{prefix}checks/", 1, None))
        rules.append(_rule("shared", f"{prefix}shared/", days[Lifetime.SHARED], Lifetime.SHARED))
    else:
        rules.append(_rule("everything", prefix, max(days.values()) + LONGEST_MONTH_DAYS, None))
    cleaning: dict[str, Any] = {"ID": "firstbell-leftovers", "Status": "Enabled", "Filter": {"Prefix": prefix}}
    cleaning["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": 1}
    cleaning["NoncurrentVersionExpiration"] = {"NoncurrentDays": 1}
    return {"Rules": [*rules, cleaning]}


def _rule(name: str, prefix: str, days: int, lifetime: Lifetime | None) -> dict[str, Any]:
    wanted: dict[str, Any] = {"Prefix": prefix}
    if lifetime is not None:
        wanted = {"And": {"Prefix": prefix, "Tags": [{"Key": TAG, "Value": lifetime.value}]}}
    return {"ID": f"firstbell-{name}", "Status": "Enabled", "Filter": wanted, "Expiration": {"Days": days}}
