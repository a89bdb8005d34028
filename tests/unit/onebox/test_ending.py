"""A process that was told to end is told, at whichever moment the signal comes and whichever thread it reaches."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import signal, sys, threading, time
from onebox.ending import Ending
ending = Ending()
def tell():
    {when}
    signal.pthread_kill({thread}, signal.{name})
teller = threading.Thread(target=tell, daemon=True)
teller.start()
{first}
ending.wait()
print("ended")
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
@pytest.mark.parametrize("thread", ["threading.main_thread().ident", "threading.get_ident()"])
@pytest.mark.parametrize(("when", "first"), [("pass", "teller.join()"), ("time.sleep(0.2)", "")])
def test_a_signal_ends_the_wait(name: str, thread: str, when: str, first: str) -> None:
    """Before it and within it, in the thread that waits and in another one."""
    script = SCRIPT.format(name=name, thread=thread, when=when, first=first)
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert told.stdout == "ended\n"
