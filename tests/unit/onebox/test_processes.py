"""Children that cannot outlive their parent, and the mark by which the rest of a tree is found."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from onebox import marks
from onebox.spawn import Command, signal_group, spawn
from tests.unit.onebox.until import until

CHECKOUT = Path(__file__).resolve().parents[3]

# The supervisor has one thread; the process that runs tests may have more, which Python 3.12 and later warn of.
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")

PARENT = """
import subprocess, sys, time
from pathlib import Path
from onebox.spawn import Command, spawn
command = Command(arguments=["sleep", "60"], environment={"PATH": "/usr/bin:/bin"}, folder=Path("/"))
print(spawn(command, output=subprocess.DEVNULL).pid, flush=True)
time.sleep(60)
"""


def _is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in {"Z", "X"}
    except FileNotFoundError:
        return True


def _marked_sleeper(mark: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "60"], env={"PATH": "/usr/bin:/bin", marks.VARIABLE: mark})


def test_a_child_dies_with_its_parent() -> None:
    """SIGKILL of the parent takes the child along."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, env={"PYTHONPATH": str(CHECKOUT)}
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert not _is_gone(child)
        parent.kill()
    assert until(lambda: _is_gone(child))


def test_a_child_has_a_process_group_of_its_own(tmp_path: Path) -> None:
    """Ctrl-C at the terminal does not reach it, and a signal to its group reaches all of it."""
    command = Command(arguments=["sleep", "60"], environment={"PATH": "/usr/bin:/bin"}, folder=tmp_path)
    with spawn(command, output=subprocess.DEVNULL) as child:
        assert os.getpgid(child.pid) == child.pid != os.getpgid(0)
        signal_group(child, signal.SIGTERM)
        assert child.wait(60) == -signal.SIGTERM
    signal_group(child, signal.SIGTERM)  # gone already: nothing happens


def test_only_the_main_thread_forks(tmp_path: Path) -> None:
    """The parent-death signal follows the thread that forked, so another thread may not."""
    raised: list[BaseException] = []
    command = Command(arguments=["true"], environment={}, folder=tmp_path)

    def fork() -> None:
        with pytest.raises(RuntimeError, match="main thread") as caught:
            spawn(command, output=subprocess.DEVNULL)
        raised.append(caught.value)

    thread = threading.Thread(target=fork)
    thread.start()
    thread.join()
    assert len(raised) == 1


def test_marked_processes_are_ended_and_others_are_not(tmp_path: Path) -> None:
    """A mark's beginning selects a build, a life or a folder; what lacks it lives on."""
    ours = marks.mark(tmp_path, "life1", "build-a")
    with (
        _marked_sleeper(ours) as one,
        _marked_sleeper(marks.mark(tmp_path, "life2", "build-b")) as two,
        _marked_sleeper(marks.mark(tmp_path / "other", "life1", "x")) as other,
    ):
        assert until(lambda: len(marks.marked(marks.of_home(tmp_path))) == 2)
        assert marks.end_marked(marks.of_life(tmp_path, "life1")) == 0
        assert one.wait(60) == -signal.SIGKILL
        assert two.poll() is None
        assert marks.end_marked(marks.of_home(tmp_path)) == 0
        assert two.wait(60) == -signal.SIGKILL
        assert other.poll() is None
        other.kill()


def test_the_warden_ends_what_is_left_when_its_input_ends(tmp_path: Path) -> None:
    """A grandchild that nothing ties to the supervisor goes when the supervisor is gone."""
    beginning = marks.of_life(tmp_path, "life")
    with (
        _marked_sleeper(beginning + "ssh") as left,
        subprocess.Popen(
            [sys.executable, "-m", "onebox.warden", beginning], stdin=subprocess.PIPE, cwd=CHECKOUT
        ) as warden,
    ):
        assert until(lambda: marks.marked(beginning))
        assert left.poll() is None
        assert warden.stdin is not None
        warden.stdin.close()
        assert left.wait(60) == -signal.SIGKILL
        assert warden.wait(60) == 0
