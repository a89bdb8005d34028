"""The pins of the image: the archive is fetched by its hash alone, and `refresh` writes what is there today."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from builder import kexec, refresh
from builder.kexec import KexecError, fetch
from builder.registry import Registry, RegistryError
from tests.quiet_server import QuietServer
from tests.unit.builder.image_registry import ImageRegistry, image_registry

BUILDER = Path(kexec.__file__).parent
ARCHIVE = bytes(range(256)) * 12 * 1024
HASH = hashlib.sha256(ARCHIVE).hexdigest()
IMAGES = ["nixos/nix:2.32.6", "library/python:3.13-slim-trixie"]


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
    with QuietServer(_Handler) as server:
        yield f"{server.root}/kexec.tar.gz"


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


@pytest.fixture
def registry() -> Iterator[ImageRegistry]:
    """A registry that has both images of the Dockerfile."""
    with image_registry() as listening:
        for image in IMAGES:
            listening.put(image)
        yield listening


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


def refreshed(checkout: Path, registry: ImageRegistry, *what: str) -> None:
    """Refresh these pins of the folder, or all."""
    refresh.refresh(checkout, frozenset(what or (refresh.KEXEC, refresh.IMAGES)), Registry(url=registry.url))


def contents(checkout: Path) -> list[bytes]:
    """Both files as they are."""
    return [(checkout / name).read_bytes() for name in ("Dockerfile", "kexec.json")]


def test_refresh_pins_images_and_archive(checkout: Path, registry: ImageRegistry) -> None:
    """Every FROM gets the digest of its tag, the pin its hash, and nothing else in the Dockerfile changes."""
    digests = [registry.put(image) for image in IMAGES]
    before = (checkout / "Dockerfile").read_text(encoding="utf-8")
    refreshed(checkout, registry)
    after = (checkout / "Dockerfile").read_text(encoding="utf-8")
    assert [line.partition("@")[2].split()[0] for line in froms(checkout)] == digests
    assert after.replace(f"@{digests[0]}", "").replace(f"@{digests[1]}", "") == before
    assert json.loads((checkout / "kexec.json").read_text(encoding="utf-8"))["sha256"] == HASH
    fetch(checkout / "kexec.json", checkout / "archive")


def test_the_images_are_those_of_the_dockerfile(checkout: Path) -> None:
    """What the registry of these tests has is what the FROM lines name, the library's images by their full name."""
    named = [line.split()[1].split("@")[0] for line in froms(checkout)]
    assert [name if "/" in name else f"library/{name}" for name in named] == IMAGES


def test_a_token_is_asked_for_by_the_registrys_own_words(checkout: Path, registry: ImageRegistry) -> None:
    """Reading takes a token of its own for each image, anonymous, from where the challenge says."""
    refreshed(checkout, registry, refresh.IMAGES)
    assert registry.asked == [f"repository:{image.partition(':')[0]}:pull" for image in IMAGES]


def test_the_archive_alone_needs_no_registry(checkout: Path) -> None:
    """`refresh kexec` asks for nothing but the archive, and leaves the Dockerfile as it is."""
    before = contents(checkout)
    refresh.refresh(checkout, frozenset({refresh.KEXEC}), Registry(url="http://127.0.0.1:9"))
    assert json.loads((checkout / "kexec.json").read_text(encoding="utf-8"))["sha256"] == HASH
    assert contents(checkout)[0] == before[0]


def test_the_images_alone_need_no_archive(checkout: Path, registry: ImageRegistry) -> None:
    """`refresh images` leaves the archive's pin as it is, be it old."""
    pin(checkout, "http://127.0.0.1:9/kexec.tar.gz", "0" * 64)
    before = contents(checkout)
    refreshed(checkout, registry, refresh.IMAGES)
    assert contents(checkout)[1] == before[1]
    assert all("@sha256:" in line for line in froms(checkout))


def test_refresh_replaces_an_older_digest(checkout: Path, registry: ImageRegistry) -> None:
    """A second refresh puts the new digest where the old one was."""
    refreshed(checkout, registry)
    newer = [registry.put(image) for image in IMAGES]
    refreshed(checkout, registry)
    assert [line.count("sha256:") for line in froms(checkout)] == [1, 1]
    assert all(digest in line for digest, line in zip(newer, froms(checkout), strict=True))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"images": {}}, "answered 404"),
        ({"images": dict.fromkeys(IMAGES, b"<html>")}, "is no manifest"),
        ({"images": dict.fromkeys(IMAGES, b"{}")}, "is no manifest"),
        ({"says": f"sha256:{'5e' * 32}"}, f"says sha256:{'5e' * 32}"),
        ({"token_status": 429}, "no token was given"),
        ({"challenge": 'Basic realm="x"'}, "a login that is none of a token"),
    ],
    ids=["no such image", "a page", "no manifest", "another digest", "no token", "a password"],
)
def test_a_refresh_that_fails_writes_nothing(
    change: dict[str, Any], said: str, checkout: Path, registry: ImageRegistry
) -> None:
    """Without an answer that is a manifest of the digest that is told, both files stay as they were."""
    before = contents(checkout)
    for name, value in change.items():
        setattr(registry, name, value)
    with pytest.raises(RegistryError, match=said):
        refreshed(checkout, registry)
    assert contents(checkout) == before


def test_a_registry_that_is_not_there_is_told(checkout: Path) -> None:
    """Without a network nothing changes, and the address that did not answer is named."""
    before = contents(checkout)
    with pytest.raises(RegistryError, match=r"http://127\.0\.0\.1:9/v2/nixos/nix/manifests/\S+ could not be asked"):
        refresh.refresh(checkout, frozenset({refresh.IMAGES}), Registry(url="http://127.0.0.1:9"))
    assert contents(checkout) == before


def test_a_refresh_without_the_archive_writes_nothing(checkout: Path, registry: ImageRegistry) -> None:
    """When the archive cannot be had, the images keep their pins too."""
    pin(checkout, "http://127.0.0.1:9/kexec.tar.gz", None)
    before = contents(checkout)
    with pytest.raises(KexecError):
        refreshed(checkout, registry)
    assert contents(checkout) == before


def test_what_is_to_be_refreshed_is_one_of_two(capsys: pytest.CaptureFixture[str]) -> None:
    """A word that is none of them changes nothing, and is answered with those that are."""
    assert refresh.main(["docker"]) == 2
    assert "[kexec|images]" in capsys.readouterr().err
