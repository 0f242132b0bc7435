"""A product that runs as a process of its own on addresses of this machine, and ends for certain."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

import urllib3

HOME = Path(os.environ.get("FIRSTBELL_FOREIGN", Path.home() / ".cache" / "firstbell-foreign"))
"""The folder of the products that pip and npm install."""
START_LIMIT_S = 90.0
POLL_S = 0.05


class NotInstalled(Exception):
    """A product is missing on this machine. Its message names the command that installs it."""


class DidNotStart(Exception):
    """A product ended before it answered, or did not answer in time. Its message holds the end of its log."""


def free_port(host: str) -> int:
    """A TCP port that is free on an address now."""
    with socket.socket() as found:
        found.bind((host, 0))
        port: int = found.getsockname()[1]
        return port


class Product(ABC):
    """One product in a folder of its own. `host` is an address of this machine that no other product uses, so that each
    service has a host of its own; a page from a loopback address may use a camera without TLS."""

    name: ClassVar[str]
    needs: ClassVar[Sequence[Path]]
    """Files that exist where the product is installed."""

    def __init__(self, host: str) -> None:
        self.require()
        self.host = host
        self.port = free_port(host)
        self.folder = Path(tempfile.mkdtemp(prefix=f"firstbell-{self.name}-"))
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def require(cls) -> None:
        """Raises NotInstalled if the product is missing."""
        if missing := [path for path in cls.needs if not path.exists()]:
            command = f"python -m tests.foreign.install {cls.name}"
            raise NotInstalled(f"{cls.name} is not installed ({missing[0]} is missing); to install it: {command}")

    @property
    def url(self) -> str:
        """The address of its first page."""
        return f"http://{self.host}:{self.port}"

    @abstractmethod
    def configure(self) -> None:
        """Writes its configuration and data into `folder`."""

    @abstractmethod
    def command(self) -> Sequence[str | Path]:
        """The command that runs it in the foreground."""

    def environment(self) -> Mapping[str, str]:
        """Variables for the command, in addition to this process's own."""
        return {}

    def is_ready(self) -> bool:
        """Tells whether it answers now: by default, whether its first page answers with anything but a server error."""
        return answers(self.url)

    def fill(self) -> None:  # noqa: B027  # most products need nothing
        """Called once after the first start, for data that only the running product can take."""

    def __enter__(self) -> Self:
        try:
            self.configure()
            self.start()
            self.fill()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def pid(self) -> int:
        """The process id, which is also that of its process group."""
        assert self._process is not None, "the product is not running"
        return self._process.pid

    def start(self) -> None:
        """Starts it and waits until it answers. Raises DidNotStart."""
        # The kernel kills it when this process dies, whatever the cause.
        bound: list[str | Path] = ["setpriv", "--pdeathsig", "KILL", "--", *self.command()]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                bound,
                cwd=self.folder,
                env={**os.environ, **self.environment()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_LIMIT_S
        while not self.is_ready():
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = self._process.wait(POLL_S)
                raise DidNotStart(f"{self.name} ended with {code}:\n{self.log_end()}")
            if time.monotonic() > deadline:
                raise DidNotStart(f"{self.name} did not answer within {START_LIMIT_S:g} s:\n{self.log_end()}")

    def stop(self) -> None:
        """Kills it and all its children, also where they are stopped by a signal."""
        if self._process is None:
            return
        self.signal(signal.SIGKILL)
        self._process.wait()
        self._process = None

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to all its processes."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def log_end(self, characters: int = 2000) -> str:
        """The end of what it printed."""
        return (self.folder / "log").read_text(errors="replace")[-characters:]


# A certificate may be the very fault that a test prepares, so none is verified. The environment's proxy is not used.
WEB = urllib3.PoolManager(cert_reqs="CERT_NONE", retries=False)


def answers(url: str, *, within_s: float = 2.0) -> bool:
    """Tells whether an address answers now with anything but a server error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", urllib3.exceptions.InsecureRequestWarning)
        try:
            return WEB.request("GET", url, timeout=within_s, redirect=False).status < 500
        except urllib3.exceptions.HTTPError:
            return False
