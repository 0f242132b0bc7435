"""The products themselves: each answers after its start, and none outlives its test."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
import pytest

from tests.foreign.breakage import filtered, lacking, locked, suspended
from tests.foreign.canaille import Canaille
from tests.foreign.coturn import Coturn
from tests.foreign.glewlwyd import STUDENT, Glewlwyd
from tests.foreign.janus import Janus
from tests.foreign.kolibri import Kolibri
from tests.foreign.product import WEB, DidNotStart, NotInstalled, Product, answers

HOST = "127.64.1.1"
pytestmark = pytest.mark.browser  # As slow as those.


def running(make: Callable[[str], Product]) -> Product:
    try:
        return make(HOST)
    except NotInstalled as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize("make", [Glewlwyd, Canaille, Kolibri, Janus, Coturn])
def test_product_answers_and_ends_even_while_suspended(make: Callable[[str], Product]) -> None:
    with running(make) as product:
        assert product.is_ready()
        processes = [psutil.Process(product.pid), *psutil.Process(product.pid).children(recursive=True)]
        product.signal(signal.SIGSTOP)
    assert not psutil.wait_procs(processes, timeout=10)[1]
    assert not product.folder.exists()


class Broken(Product):
    name = "broken"
    needs = (Path("/bin/sh"),)

    def configure(self) -> None:
        """Needs nothing."""

    def command(self) -> Sequence[str | Path]:
        return ["/bin/sh", "-c", "echo the key file is missing; exit 3"]


def test_product_that_cannot_start_says_why() -> None:
    with pytest.raises(DidNotStart, match=r"broken ended with 3:\nthe key file is missing"), Broken(HOST):
        pass


def test_missing_product_names_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Broken, "needs", (Path("/nowhere"),))
    with pytest.raises(NotInstalled, match=r"python -m tests.foreign.install broken"):
        Broken(HOST)


def test_means_of_breaking_break_and_mend() -> None:
    if reason := lacking():
        pytest.skip(reason)
    with running(Glewlwyd) as product:
        sign_in = f"{product.url.removesuffix('/profile.html')}/api/auth/"

        def signs_in() -> int:
            return WEB.request("POST", sign_in, json=STUDENT, timeout=3).status

        def is_reachable() -> bool:
            with socket.socket() as attempt:
                attempt.settimeout(0.5)
                return attempt.connect_ex((HOST, product.port)) == 0

        assert (signs_in(), is_reachable()) == (200, True)
        with filtered(f"ip daddr {HOST} tcp dport {product.port} drop"):
            assert not is_reachable()
        with suspended(product):
            assert is_reachable()
            assert not answers(product.url, within_s=0.5)
        assert isinstance(product, Glewlwyd)
        with locked(product.database):
            assert signs_in() != 200
        assert (signs_in(), is_reachable()) == (200, True)
