"""`python -m builder`: the job as a process. Its environment is described in `settings`.

Exit codes: 0 the machine is ready and that was reported; 1 it is not; 2 the environment is not a job's; 3 the control
plane does not want this attempt (any more); 143 SIGTERM came.
"""

from __future__ import annotations

import io
import signal
import sys
from types import FrameType

import stamina.instrumentation

from builder.errors import SettingsInvalid, Stopped
from builder.job import work
from builder.pace import Pace
from builder.settings import from_environment

_NO_JOB = 2
_STOPPED = 128 + signal.SIGTERM


def main() -> int:
    """Run the job of this process's environment and return the exit code."""
    try:
        settings = from_environment()
    except SettingsInvalid as error:
        for problem in error.problems:
            sys.stderr.write(f"builder: {problem}\n")
        return _NO_JOB
    stamina.instrumentation.set_on_retry_hooks([])  # waiting for an address is no news
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a log line must not fail for the locale
    signal.signal(signal.SIGTERM, _stop)
    try:
        return work(settings, Pace(), sys.stdout)
    except Stopped:
        return _STOPPED


def _stop(_number: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # one is enough, and cleaning up must not be cut short
    raise Stopped


if __name__ == "__main__":
    sys.exit(main())
