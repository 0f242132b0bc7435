"""Matching answers to STUN requests."""

from __future__ import annotations

import pytest
from aioice.stun import Class, Message, Method

from firstbell.runner.diagnosis.probes.stun_turn import answer_to, request

ASKED = request(Method.BINDING, {})


def answered(transaction: bytes, **attributes: object) -> bytes:
    return bytes(Message(Method.BINDING, Class.RESPONSE, transaction, dict(attributes)))


OWN = answered(ASKED.transaction_id)


@pytest.mark.parametrize(
    ("data", "is_answer"),
    [
        pytest.param(OWN, True, id="an answer"),
        pytest.param(bytes(Message(Method.BINDING, Class.ERROR, ASKED.transaction_id)), True, id="a refusal"),
        pytest.param(OWN[:2] + b"\0\4" + OWN[4:] + b"\x7f\xff\0\0", True, id="with an attribute that is not known"),
        pytest.param(answered(b"somebody_elt"), False, id="to another request"),
        pytest.param(OWN[:4] + b"\0\0\0\0" + OWN[8:], False, id="without the magic cookie of STUN"),
        pytest.param(OWN[:12], False, id="cut off"),
        pytest.param(OWN[:2] + b"\0\4" + OWN[4:] + b"\0\x0d\0\1", False, id="with an attribute that is cut off"),
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n\r\n", False, id="of a web server"),
        pytest.param(b"", False, id="empty"),
    ],
)
def test_answer_must_be_stun_and_match_the_request(data: bytes, is_answer: bool) -> None:  # noqa: FBT001
    assert (answer_to(ASKED, data) is not None) is is_answer
