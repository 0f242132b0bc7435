"""Means to break a running product from outside: packets, signals, locks, limits and files."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.foreign.product import Product

TABLE = "firstbell_foreign"


def lacking() -> str:
    """Tells why this machine cannot filter packets; "" where it can."""
    if shutil.which("nft") is None:
        return "nft is missing; to install it: apt-get install nftables"
    done = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"nft is not permitted here: {done.stderr.strip()[:200]}"


@contextmanager
def filtered(*rules: str) -> Iterator[None]:
    """Filters packets that arrive on this machine by rules of nftables, in a table of this process's own."""
    chain = "\n".join(["type filter hook input priority 0;", *rules])
    text = f"table ip {TABLE} {{\nchain arriving {{\n{chain}\n}}\n}}\n"
    subprocess.run(["nft", "-f", "-"], input=text, text=True, check=True)
    try:
        yield
    finally:
        subprocess.run(["nft", "delete", "table", "ip", TABLE], check=True)


@contextmanager
def suspended(product: Product) -> Iterator[None]:
    """Suspends a product: the kernel still accepts its connections, and nothing answers."""
    product.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        product.signal(signal.SIGCONT)


@contextmanager
def dead(*products: Product) -> Iterator[None]:
    """Kills products, and starts them again afterwards."""
    for product in products:
        product.stop()
    try:
        yield
    finally:
        for product in products:
            product.start()


@contextmanager
def crawling(product: Product, *, runs_s: float = 0.02, rests_s: float = 1.5) -> Iterator[None]:
    """Lets a product run only for a small share of the time, as on an overbooked host."""
    over = threading.Event()

    def alternate() -> None:
        while not over.is_set():
            product.signal(signal.SIGSTOP)
            over.wait(rests_s)
            product.signal(signal.SIGCONT)
            over.wait(runs_s)

    thread = threading.Thread(target=alternate)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Holds the exclusive lock of an SQLite database, as a backup or a hung process does."""
    holder = sqlite3.connect(database, isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        holder.execute("ROLLBACK")
        holder.close()


@contextmanager
def out_of_descriptors(product: Product) -> Iterator[None]:
    """Leaves a product no free file descriptor: it can accept no connection and open no file."""
    process = psutil.Process(product.pid)
    before = process.rlimit(psutil.RLIMIT_NOFILE)
    highest = max(int(entry.name) for entry in Path(f"/proc/{product.pid}/fd").iterdir())
    process.rlimit(psutil.RLIMIT_NOFILE, (highest + 1, before[1]))
    try:
        yield
    finally:
        process.rlimit(psutil.RLIMIT_NOFILE, before)


@contextmanager
def disk_full(product: Product) -> Iterator[None]:
    """Makes every write of a product to a file fail, as on a full disk. For programs in Python, which ignore the signal
    that comes with it."""
    process = psutil.Process(product.pid)
    before = process.rlimit(psutil.RLIMIT_FSIZE)
    process.rlimit(psutil.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        process.rlimit(psutil.RLIMIT_FSIZE, before)


@contextmanager
def missing(file: Path) -> Iterator[None]:
    """Takes a file away."""
    aside = file.with_name(f"{file.name}.aside")
    file.rename(aside)
    try:
        yield
    finally:
        aside.rename(file)


@contextmanager
def database_changed(database: Path, change: str, *back: str) -> Iterator[None]:
    """Changes rows of an SQLite database, and changes them back."""
    _execute(database, change)
    try:
        yield
    finally:
        _execute(database, *back)


def _execute(database: Path, *statements: str) -> None:
    with sqlite3.connect(database, timeout=20) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()
