"""`python -m ccc` and the console script: runs the command line, ends quietly, exits with its code.

An interrupt during the imports must end like any other one, hence the late import.
"""

import signal
import sys


def main() -> int:
    """Run with the process's arguments and return the exit code."""
    code = _run()
    # whoever presses Ctrl-C again while we end must get neither a traceback nor another exit code
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return code


def _run() -> int:
    try:
        from ccc.entry import run  # noqa: PLC0415 an interrupt while this loads is caught below

        return run(sys.argv[1:])
    except KeyboardInterrupt:
        return 130
    except ModuleNotFoundError as error:  # an installation that was interrupted half-way
        sys.stderr.write(f"Error: {error.name} is not installed beside ccc.\nNext: make .venv    (in the checkout)\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
