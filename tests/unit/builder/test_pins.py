"""The pins of the image: the archive is fetched by its hash alone, and `refresh` writes what is there today."""

from __future__ import annotations

import hashlib
import json
import shutil
import stat
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from builder import kexec, refresh
from builder.kexec import KexecError, fetch
from builder.refresh import RefreshError
from tests.quiet_server import QuietServer

BUILDER = Path(kexec.__file__).parent
ARCHIVE = bytes(range(256)) * 12 * 1024
HASH = hashlib.sha256(ARCHIVE).hexdigest()
DIGEST = f"sha256:{'5e' * 32}"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Give the archive, or say that there is none."""
        found = self.path == "/kexec.tar.gz"
        self.send_response(200 if found else 404)
        self.send_header("Content-Length", str(len(ARCHIVE) if found else 0))
        self.end_headers()
        if found:
            self.wfile.write(ARCHIVE)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class's name
        """Say nothing."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Where the archive is."""
    with QuietServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/kexec.tar.gz"
        server.shutdown()
        thread.join()


def pin(folder: Path, url: str, sha256: str | None) -> Path:
    """A file that pins an archive."""
    path = folder / "kexec.json"
    path.write_text(json.dumps({"url": url, "sha256": sha256}), encoding="utf-8")
    return path


@pytest.fixture
def checkout(url: str, tmp_path: Path) -> Path:
    """A folder with the Dockerfile as it is and a pin that has no hash."""
    shutil.copy(BUILDER / "Dockerfile", tmp_path)
    pin(tmp_path, url, None)
    return tmp_path


def docker(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a docker on PATH that does this and nothing else."""
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)
    (programs / "docker").write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (programs / "docker").chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")


def froms(folder: Path) -> list[str]:
    """The Dockerfile's lines that name an image."""
    return [
        line for line in (folder / "Dockerfile").read_text(encoding="utf-8").splitlines() if line.startswith("FROM")
    ]


def test_the_right_archive_is_taken(url: str, tmp_path: Path) -> None:
    """What has the pinned hash is written as it came."""
    fetch(pin(tmp_path, url, HASH), tmp_path / "archive")
    assert (tmp_path / "archive").read_bytes() == ARCHIVE


@pytest.mark.parametrize(
    ("path", "sha256", "said"),
    [
        ("", "0" * 64, HASH),
        ("", None, "refresh"),
        ("", "", "refresh"),
        (".missing", HASH, "404"),
    ],
    ids=["another", "none", "empty", "missing"],
)
def test_another_archive_is_not(path: str, sha256: str | None, said: str, url: str, tmp_path: Path) -> None:
    """Another hash, no hash and no archive end the build with a sentence, and leave no file."""
    with pytest.raises(KexecError, match=said):
        fetch(pin(tmp_path, f"{url}{path}", sha256), tmp_path / "archive")
    assert not (tmp_path / "archive").exists()


def test_nobody_there_is_told(tmp_path: Path) -> None:
    """A server that is not there is an error of the same kind."""
    with pytest.raises(KexecError, match="could not be fetched"):
        fetch(pin(tmp_path, "http://127.0.0.1:9/kexec.tar.gz", HASH), tmp_path / "archive")
    assert not (tmp_path / "archive").exists()


def test_refresh_pins_images_and_archive(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every FROM gets the digest of its tag, the pin its hash, and nothing else in the Dockerfile changes."""
    docker(checkout, f'echo \'{{"digest": "{DIGEST}"}}\'; echo "$@" >>{checkout}/asked', monkeypatch)
    before = (checkout / "Dockerfile").read_text(encoding="utf-8")
    refresh.refresh(checkout)
    after = (checkout / "Dockerfile").read_text(encoding="utf-8")
    assert len(froms(checkout)) == 2
    assert all(f"@{DIGEST}" in line for line in froms(checkout))
    assert after.replace(f"@{DIGEST}", "") == before
    assert json.loads((checkout / "kexec.json").read_text(encoding="utf-8"))["sha256"] == HASH
    asked = (checkout / "asked").read_text(encoding="utf-8").split()
    assert "nixos/nix:2.32.6" in asked
    fetch(checkout / "kexec.json", checkout / "archive")


def test_refresh_replaces_an_older_digest(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second refresh puts the new digest where the old one was."""
    docker(checkout, f'echo \'{{"digest": "sha256:{"0a" * 32}"}}\'', monkeypatch)
    refresh.refresh(checkout)
    docker(checkout, f'echo \'{{"digest": "{DIGEST}"}}\'', monkeypatch)
    refresh.refresh(checkout)
    assert [line.count("sha256:") for line in froms(checkout)] == [1, 1]
    assert all(DIGEST in line for line in froms(checkout))


@pytest.mark.parametrize(
    "script", ["echo 'no such image' >&2; exit 1", "echo '{}'", "echo nonsense", 'echo \'{"digest": "sha256:12"}\'']
)
def test_a_refresh_that_fails_writes_nothing(script: str, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an answer that holds a digest both files stay as they were."""
    docker(checkout, script, monkeypatch)
    before = [(checkout / name).read_bytes() for name in ("Dockerfile", "kexec.json")]
    with pytest.raises(RefreshError):
        refresh.refresh(checkout)
    assert [(checkout / name).read_bytes() for name in ("Dockerfile", "kexec.json")] == before


def test_a_refresh_without_the_archive_writes_nothing(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the archive cannot be had, the images keep their pins too."""
    docker(checkout, f'echo \'{{"digest": "{DIGEST}"}}\'', monkeypatch)
    pin(checkout, "http://127.0.0.1:9/kexec.tar.gz", None)
    before = (checkout / "Dockerfile").read_bytes()
    with pytest.raises(KexecError):
        refresh.refresh(checkout)
    assert (checkout / "Dockerfile").read_bytes() == before


def test_without_docker_a_refresh_says_so(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without docker cannot ask for digests, and is told."""
    monkeypatch.setenv("PATH", str(checkout))
    with pytest.raises(RefreshError, match="docker is not installed"):
        refresh.refresh(checkout)
