"""SeaweedFS, an S3 server that Amazon did not write, from its PyPI wheel: one process in a temporary folder."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

WEED = Path(sys.executable).with_name("weed")
KEY = "testing"
START_S = 60.0
ACTIONS = ["Admin", "Read", "Write", "List", "Tagging"]


@contextmanager
def seaweed() -> Iterator[str]:
    """Runs the server. Yields its address; its credentials are KEY for both."""
    with tempfile.TemporaryDirectory(prefix="firstbell-weed-") as folder:
        identity = {"name": "tests", "credentials": [{"accessKey": KEY, "secretKey": KEY}], "actions": ACTIONS}
        (Path(folder) / "s3.json").write_text(json.dumps({"identities": [identity]}))
        (Path(folder) / "data").mkdir()
        # Its gRPC ports are 10,000 above, and a bucket takes several volumes.
        master, volume, filer, s3 = _free_ports(4)
        options = {"master.port": master, "volume.port": volume, "filer.port": filer, "s3.port": s3}
        options |= {"s3.port.iceberg": 0, "s3.port.lance": 0, "volume.max": 500, "master.volumeSizeLimitMB": 16}
        given = [f"-{name}={value}" for name, value in options.items()]
        command = [str(WEED), "server", "-dir=data", "-ip=127.0.0.1", "-filer", "-s3", "-s3.config=s3.json", *given]
        with (Path(folder) / "log").open("wb") as log:
            server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{s3}"
            _wait_for(address, server, Path(folder) / "log")
            yield address
        finally:
            server.send_signal(signal.SIGKILL)
            server.wait()


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Polls, because the state of another process can only be asked: it answers before it can store anything."""
    config = Config(retries={"max_attempts": 0}, connect_timeout=2, read_timeout=5)
    client = boto3.client(
        "s3",
        endpoint_url=address,
        aws_access_key_id=KEY,
        aws_secret_access_key=KEY,
        region_name="us-east-1",
        config=config,
    )
    deadline = time.monotonic() + START_S
    while True:
        try:
            client.create_bucket(Bucket="ready")
            client.put_object(Bucket="ready", Key="ready", Body=b"ready")
        except (BotoCoreError, ClientError):
            assert server.poll() is None, log.read_text()[-2000:]
            assert time.monotonic() < deadline, log.read_text()[-2000:]
            time.sleep(0.2)
        else:
            return


def _free_ports(count: int) -> list[int]:
    """Returns ports that are free, and 10,000 above them too."""
    with ExitStack() as stack:
        ports: list[int] = []
        for port in range(21_000, 31_000):
            try:
                for one in (port, port + 10_000):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", one))
            except OSError:
                continue
            ports.append(port)
            if len(ports) == count:
                break
    return ports
