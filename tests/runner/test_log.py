"""Logs are one JSON object a fact, and hold no secret however it got there."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
import structlog

from firstbell.artifacts.redaction.known_secrets import KnownSecrets
from firstbell.runner import log
from firstbell.runner.app.log_secrets import LogSecrets


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    log.set_up(stream, scrub=lambda text: text.replace("hunter2", "***"))
    yield stream
    structlog.reset_defaults()


def test_an_event_is_one_line_of_json_with_the_runs_id(stream: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(run_id="k3f9tq"):
        structlog.get_logger().info("run.began", attempt=1)
    told = json.loads(stream.getvalue())
    assert (told["event"], told["run_id"], told["attempt"]) == ("run.began", "k3f9tq", 1)


def test_known_secrets_go_from_every_depth_and_from_tracebacks(stream: io.StringIO) -> None:
    password = "hunter2"
    try:
        raise ValueError(f"typed {password}")
    except ValueError:
        structlog.get_logger().exception("step.broke", given={"list": [f"x {password}"]}, thing=object)
    assert password not in stream.getvalue()
    assert "test_known_secrets" in stream.getvalue()


def test_tracebacks_carry_no_local_variables(stream: io.StringIO) -> None:
    unknown_to_us = "correct horse"
    try:
        raise ValueError("something else")
    except ValueError:
        structlog.get_logger().exception("step.broke")
    assert unknown_to_us not in stream.getvalue().replace('unknown_to_us = "correct horse"', "")
    assert "locals" not in stream.getvalue()


def test_secrets_of_every_configuration_so_far_are_scrubbed() -> None:
    """A reload brings a second password while a run with the first one still logs."""
    stream, secrets = io.StringIO(), LogSecrets()
    log.set_up(stream, scrub=secrets.scrub)
    try:
        for password in ("first-password", "second-password"):
            secrets.add(KnownSecrets([password]))
            structlog.get_logger().warning("x", said="first-password second-password")
    finally:
        log.reset()
    first, second = stream.getvalue().splitlines()
    assert "first-password" not in first
    assert "second-password" in first
    assert "-password" not in second
