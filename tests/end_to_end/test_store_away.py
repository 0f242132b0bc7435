"""An unavailable store costs no run and no result: evidence waits, is reported, and is sent when the store answers."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.end_to_end.conftest import Firstbell

pytestmark = pytest.mark.browser

CONFIG = """\
[school]
name = "P"
timezone = "America/New_York"
practice = true
[store]
url = "s3://bayfront/bell"
endpoint_url = "{endpoint}"
"""
AWS = {"AWS_ACCESS_KEY_ID": "planted", "AWS_SECRET_ACCESS_KEY": "planted", "AWS_DEFAULT_REGION": "us-east-1"}


def test_run_passes_while_the_store_is_unavailable_and_is_sent_later(
    firstbell: Firstbell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed_port:  # Bound but not listening: connections are refused, and the port stays ours.
        closed_port.bind(("127.0.0.1", 0))
        port = closed_port.getsockname()[1]
        (tmp_path / "firstbell.toml").write_text(CONFIG.format(endpoint=f"http://127.0.0.1:{port}"))
        played = firstbell("run", "class-list", "--json", **AWS)
        waiting = firstbell("store", "deliver", **AWS)
        run_id = json.loads(played.stdout)["runs"][0]["evidence"][-6:]
        bag = firstbell("evidence", run_id, "--out", str(tmp_path / "bag"), **AWS)
        held = firstbell("evidence", "hold", run_id, "--why", "claim", **AWS)
    assert played.returncode == 0, played.stderr
    assert (bag.returncode, (tmp_path / "bag/data/index.html").exists()) == (0, True), bag.stderr
    assert "still waits on this machine; send it first: firstbell store deliver" in held.stderr
    (run,) = json.loads(played.stdout)["runs"]
    assert run["outcome"] == "passed"
    *logged, last = played.stderr.splitlines()
    assert re.fullmatch(
        r"firstbell: evidence waits in the spool: s3://bayfront cannot be reached \(\w+\); "
        r"send it: firstbell store deliver",
        last,
    )
    events = [json.loads(line) for line in logged]
    assert [event["event"] for event in events].count("store.away") == 1
    assert [event["problems"] for event in events if event["event"] == "run.done"] == [[]]
    assert (waiting.returncode, waiting.stdout.splitlines()[0]) == (
        1,
        "0 runs sent, 0 objects; 1 run still to be sent.",
    )

    for name, value in AWS.items():
        monkeypatch.setenv(name, value)
    server = ThreadedMotoServer(port=port, verbose=False)
    server.start()
    try:
        client = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}")
        client.create_bucket(Bucket="bayfront")
        sent = firstbell("store", "deliver", **AWS)
        assert sent.returncode == 0, sent.stdout
        assert "1 run sent" in sent.stdout
        kept = {row["Key"] for row in client.list_objects_v2(Bucket="bayfront")["Contents"]}
        assert run["evidence"].removeprefix("s3://bayfront/") + "/run.json" in kept
        assert firstbell("store", "deliver", **AWS).stdout == "Nothing waits.\n"
    finally:
        server.stop()


def test_permanent_store_error_ends_the_command_before_any_journey(
    firstbell: Firstbell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in AWS.items():
        monkeypatch.setenv(name, value)
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    try:
        (tmp_path / "firstbell.toml").write_text(
            CONFIG.format(endpoint="http://{}:{}".format(*server.get_host_and_port())).replace("bayfront", "elsewhere")
        )
        done = firstbell("run", "class-list", **AWS)
    finally:
        server.stop()
    assert done.returncode == 3
    assert done.stderr == "firstbell: s3://elsewhere does not exist; make the bucket or correct store.url\n"
    assert not done.stdout
