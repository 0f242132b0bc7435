"""Amazon SNS: publishes to a topic, to which mail, text messages, queues and functions subscribe."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from firstbell.artifacts.stores import StoreError
from firstbell.artifacts.stores.s3_session import open_session
from firstbell.runner.alarms.channels import Answer, ChannelOptions, Delivered, Refused, TryAgain
from firstbell.runner.alarms.message import Message
from firstbell.web_access import WebAccess

# SNS refuses subjects that are not ASCII or have 100 characters or more (API reference, "Publish").
SUBJECT_LIMIT = 99
RETRY_CODES = frozenset(
    {"Throttling", "ThrottledException", "ThrottlingException", "RequestTimeout", "KMSThrottlingException"}
)
LIMITS = Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 1})


class Sns:
    """`sns:arn:aws:sns:REGION:ACCOUNT:TOPIC`, with `@https://...` after it for another endpoint. Credentials come from
    boto3's own chain."""

    def __init__(self, address: str, options: ChannelOptions) -> None:
        self._topic, _, endpoint = address.partition("@")
        self._is_fifo = self._topic.endswith(".fifo")
        region = self._topic.split(":")[3]
        session, _ = open_session(options.web or WebAccess())
        self._client: Any = session.client("sns", region_name=region, endpoint_url=endpoint or None, config=LIMITS)
        self.url: str = self._client.meta.endpoint_url

    def deliver(self, message: Message, key: str) -> Answer:
        """Publishes the message. A FIFO topic shows a key once in five minutes and keeps the order of an incident."""
        request: dict[str, Any] = {
            "TopicArn": self._topic,
            "Subject": _subject(message.subject),
            "MessageStructure": "json",
            "Message": json.dumps({"default": message.text, "sms": message.subject}),
            "MessageAttributes": {
                "severity": {"DataType": "String", "StringValue": message.severity.value},
                "service": {"DataType": "String", "StringValue": message.service or "none"},
                "kind": {"DataType": "String", "StringValue": message.kind.value},
            },
        }
        if self._is_fifo:
            request["MessageGroupId"] = message.thread
            request["MessageDeduplicationId"] = hashlib.sha256(key.encode()).hexdigest()
        try:
            answer = self._client.publish(**request)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
            reason = f"SNS answered {code or status}"
            return TryAgain(reason=reason) if code in RETRY_CODES or status >= 500 else Refused(reason=reason)
        except StoreError as error:  # The configured way itself is wrong.
            return TryAgain(reason=str(error))
        except (BotoCoreError, ResponseParserError) as error:
            return TryAgain(reason=f"SNS cannot be reached ({type(error).__name__})")
        return Delivered(receipt=answer["MessageId"])


def _subject(text: str) -> str:
    plain = text.encode("ascii", "replace").decode()
    return plain if len(plain) <= SUBJECT_LIMIT else f"{plain[: SUBJECT_LIMIT - 3]}..."
