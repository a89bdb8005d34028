"""A supervisor's house of builders as a process of its own, whose builders only sleep: what the adapter talks to.

Started as `python builder_house.py FOLDER`; says `open` when its socket listens, ends when its input ends.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from onebox.build_folder import BuildFolder
from onebox.builders import Builders
from onebox.loop import Loop
from onebox.marks import VARIABLE
from onebox.spawn import Command
from onebox.switchboard import Switchboard


def _sleeper(folder: BuildFolder, mark: str, given: Mapping[str, str]) -> Command:
    environment = {"PATH": "/usr/bin:/bin", VARIABLE: mark, **given}
    return Command(arguments=["sleep", "60"], environment=environment, folder=folder.path)


def main(folder: Path) -> None:
    """Serve until the input ends."""
    loop = Loop()
    builders = Builders(folder, command=_sleeper, mark=lambda name: f"{folder}|test|{name}", loop=loop)
    operations = {"start": builders.start, "state": builders.state, "stop": builders.stop}
    board = Switchboard(folder / "supervisor.sock", lambda request: operations[request["op"]](request), loop)
    loop.on_signal(signal.SIGCHLD, builders.look)
    loop.watch(sys.stdin, loop.stop)
    sys.stdout.write("open\n")
    sys.stdout.flush()
    loop.run()
    builders.send_all(signal.SIGKILL)
    board.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
