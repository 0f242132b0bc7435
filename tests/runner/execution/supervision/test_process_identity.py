"""A process that lives is there whatever the wall clock does; of other machines and containers nothing is told."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from firstbell.runner.app.local_runner import _remove_stale_work
from firstbell.runner.execution.supervision import process_identity
from firstbell.runner.execution.supervision.owned_folder import OwnedFolder
from firstbell.runner.execution.supervision.process_identity import (
    current_place,
    folder_name,
    folder_owner_is_gone,
    owner_is_gone,
    this_process,
)
from firstbell.runner.execution.supervision.termination import sweep_leftovers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a /proc to read")
# More than a number can be, so that no process has it.
NOBODY = 4_194_304
ABOUT_ME = {
    "sys/kernel/random/boot_id": "8f0c22ab-0000-4000-8000-000000000001",
    "stat": f"{os.getpid()} (a) b (c) S 1 1 1 0 -1 4 0 0 0 0 1 1 0 0 20 0 7 0 4711 1 1",
}


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A /proc of this process alone, which can be changed; nothing that was read before is remembered."""
    monkeypatch.setattr(process_identity, "PROC", tmp_path)
    monkeypatch.setattr(process_identity, "MACHINE_ID", tmp_path / "machine-id")
    (tmp_path / "machine-id").write_text("m1\n")
    own = tmp_path / str(os.getpid())
    (own / "ns").mkdir(parents=True)
    (own / "ns/pid").symlink_to("pid:[4026531836]")
    (own / "ns/time").symlink_to("time:[4026531834]")
    (own / "stat").write_text(ABOUT_ME["stat"])
    (tmp_path / "self").symlink_to(str(os.getpid()))
    (tmp_path / "sys/kernel/random").mkdir(parents=True)
    (tmp_path / "sys/kernel/random/boot_id").write_text(ABOUT_ME["sys/kernel/random/boot_id"])
    forget()
    yield tmp_path
    forget()


def forget() -> None:
    process_identity._identity_of.cache_clear()
    process_identity._place_of.cache_clear()


def gone_here() -> str:
    """A process of this place that has ended."""
    return f"{this_process().split(':')[0]}:{NOBODY}:1:{current_place()}"


@pytest.mark.parametrize("step_s", [-3600.0, -1.0, 0.004, 1.0, 3600.0])
def test_a_step_of_the_wall_clock_ends_nobody(step_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        ticks = Path(f"/proc/{other.pid}/stat").read_text().rpartition(")")[2].split()[19]
        mine, others = this_process(), f"x:{other.pid}:{ticks}:{current_place()}"
        before = psutil._pslinux.boot_time
        monkeypatch.setattr(psutil._pslinux, "boot_time", lambda: before() + step_s)
        forget()
        assert this_process() == mine
        assert not owner_is_gone(mine)
        assert not owner_is_gone(others)
        other.kill()
        other.wait()
        assert owner_is_gone(others)


def test_a_number_that_another_process_has_now_and_a_zombie_are_gone() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as other:
        os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)  # It stays a zombie until the block ends.
        ticks = Path(f"/proc/{other.pid}/stat").read_text().rpartition(")")[2].split()[19]
        assert owner_is_gone(f"x:{other.pid}:{ticks}:{current_place()}")
    number, started = os.getppid(), "1"
    assert owner_is_gone(f"x:{number}:{started}:{current_place()}")


@pytest.mark.usefixtures("proc")
def test_what_is_read_is_what_the_kernel_writes() -> None:
    """The name of the process holds brackets and spaces: field 22 is counted from the last bracket."""
    assert this_process().split(":")[1:3] == [str(os.getpid()), "4711"]


@pytest.mark.parametrize(
    ("file", "other"),
    [
        ("machine-id", "m2"),
        ("sys/kernel/random/boot_id", "8f0c22ab-0000-4000-8000-000000000002"),
        ("self/ns/pid", "pid:[4026532999]"),
        ("self/ns/time", "time:[4026532998]"),
    ],
)
def test_one_host_name_elsewhere_cannot_be_told(proc: Path, file: str, other: str) -> None:
    elsewhere = gone_here()
    assert owner_is_gone(elsewhere)
    target = proc / file
    if target.is_symlink():
        target.unlink()
        target.symlink_to(other)
    else:
        target.write_text(other)
    forget()
    assert not owner_is_gone(elsewhere)
    assert owner_is_gone(gone_here())


@pytest.mark.parametrize("missing", ["sys/kernel/random/boot_id", "self/ns/pid", "self"])
def test_nobody_is_gone_where_the_system_does_not_tell(proc: Path, missing: str) -> None:
    (proc / missing).unlink()
    forget()
    assert not owner_is_gone(gone_here())
    assert not owner_is_gone(this_process())


def test_a_proc_of_another_namespace_is_not_believed(proc: Path) -> None:
    (proc / "self").unlink()
    (proc / "self").symlink_to("1")
    (proc / "1").symlink_to(str(os.getpid()))
    forget()
    assert not owner_is_gone(gone_here())


@pytest.mark.usefixtures("proc")
def test_a_process_that_another_user_hides_is_there() -> None:
    assert not owner_is_gone(f"x:{os.getppid()}:5:{current_place()}")  # It has no folder in this /proc.


def test_this_process_never_asks_about_itself(proc: Path) -> None:
    mine = this_process()
    (proc / str(os.getpid()) / "stat").write_text(ABOUT_ME["stat"].replace("4711", "4712"))
    assert not owner_is_gone(mine)
    assert not folder_owner_is_gone(folder_name())


@pytest.mark.parametrize(
    "owner", ["", "x", "::::", "bell-probe:4194304:1795457342", "a:b:c:d", f"x:{10**30}:1:", "x:-1:1:", "x:1:1:1:1"]
)
def test_an_owner_of_an_earlier_version_or_of_no_form_waits_for_its_lease(owner: str) -> None:
    assert not owner_is_gone(owner)
    assert not folder_owner_is_gone(owner.replace(":", "-"))


def test_the_identity_fits_the_columns_of_history(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "h" * 253)
    forget()
    try:
        assert len(f"rehearsal by {this_process()}") <= 80
        assert "/" not in this_process()
    finally:
        monkeypatch.undo()
        forget()


def test_folders_of_other_containers_stay_and_of_an_earlier_boot_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    boot, namespace = str(current_place()).split("-")
    kept = [tmp_path / f"firstbell-{name}-a_b1c2d3" for name in (folder_name(), f"{NOBODY}-1-{boot}-000000", "1-2")]
    gone = [tmp_path / f"firstbell-{NOBODY}-1-{place}-a_b1c2d3" for place in (f"{boot}-{namespace}", "00000000-000000")]
    for folder in (*kept, *gone):
        folder.mkdir()
    sweep_leftovers()
    assert sorted(tmp_path.iterdir()) == sorted(kept)


def test_recordings_of_other_containers_stay_while_they_are_in_use(tmp_path: Path) -> None:
    boot, namespace = str(current_place()).split("-")
    mine, elsewhere = tmp_path / folder_name(), tmp_path / f"7-1-{boot}-000000"
    gone, idle, former = (tmp_path / name for name in (f"{NOBODY}-1-{boot}-{namespace}", "8-1-00000000-000000", "4711"))
    for folder in (mine, elsewhere, gone, idle, former):
        folder.mkdir()
    for folder in (mine, idle, former):
        os.utime(folder, (0, 0))
    _remove_stale_work(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([mine, elsewhere])


def test_recordings_go_when_their_owner_has_ended_in_whichever_container(tmp_path: Path) -> None:
    boot, _ = str(current_place()).split("-")
    held, left = (OwnedFolder(tmp_path / f"{number}-1-{boot}-000000") for number in (1, 2))
    (left.path / "run").mkdir()
    for folder in (held.path, left.path):
        os.utime(folder, (0, 0))
    left.release()
    assert left.path.exists()
    _remove_stale_work(tmp_path)
    assert list(tmp_path.iterdir()) == [held.path]
    held.release()
    assert list(tmp_path.iterdir()) == []


def test_killed_owner_gives_its_folder_back(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, signal, sys\n"
        "from firstbell.runner.execution.supervision.owned_folder import OwnedFolder\n"
        "owned = OwnedFolder(pathlib.Path(sys.argv[1]))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    folder = tmp_path / folder_name()[:-1]
    subprocess.run([sys.executable, "-c", code, str(folder)], check=False)
    assert folder.exists()
    _remove_stale_work(tmp_path)
    assert not folder.exists()
