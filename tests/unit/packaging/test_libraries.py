"""The libraries: only wheels for Lambda's machine, only those whose hash is pinned, kept in the cache whole or not."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from pathlib import Path, PurePosixPath

import pytest
from artefact import libraries
from artefact.failure import IndexUnreachable, PackagingFailed
from artefact.target import GLIBC, Target, of_this_interpreter
from artefact.trim import shipped

FILES = {
    "tiny/__init__.py": b"ANSWER = {'a', 'b'}\n",
    "tiny/__init__.pyi": b"ANSWER: set[str]\n",
    "tiny/tests/test_tiny.py": b"this is no Python\n",
    "tiny-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
    "tiny-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
}


def wheel(folder: Path) -> str:
    """Put the wheel of a tiny library into a folder; its SHA-256."""
    folder.mkdir(parents=True)
    path = folder / "tiny-1.0-py3-none-any.whl"
    record = ""
    with zipfile.ZipFile(path, "w") as opened:
        for name, content in FILES.items():
            opened.writestr(name, content)
            hashed = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record += f"{name},sha256={hashed},{len(content)}\n"
        opened.writestr("tiny-1.0.dist-info/RECORD", f"{record}tiny-1.0.dist-info/RECORD,,\n")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def pinned(folder: Path, sha256: str) -> Path:
    """Requirements that ask for the tiny library by a hash."""
    path = folder / "requirements.txt"
    path.write_text(f"tiny==1.0 --hash=sha256:{sha256}\n", encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def no_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nothing for pip but the wheels in the cache."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)


def test_what_is_shipped_has_byte_code_and_no_tests(tmp_path: Path) -> None:
    """Of a wheel its modules are kept and compiled; stubs, tests and metadata are left."""
    requirements = pinned(tmp_path, wheel(tmp_path / "cache" / "wheels"))
    slim = libraries.slim(requirements, of_this_interpreter(), tmp_path / "cache")
    found = sorted(path.relative_to(slim).parts[-2:] for path in slim.rglob("*") if path.is_file())
    assert [parts[0] for parts in found] == ["__pycache__", "tiny"]
    assert found[1] == ("tiny", "__init__.py")


def test_a_wheel_with_another_hash_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wheel that is not the pinned one, byte for byte, is not installed, and nothing of it stays in the cache."""
    wheel(tmp_path / "shelf")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "shelf"))
    with pytest.raises(PackagingFailed, match="DO NOT MATCH THE HASHES"):
        libraries.raw(pinned(tmp_path, "0" * 64), of_this_interpreter(), tmp_path / "cache")
    assert [path.name for path in (tmp_path / "cache").glob("raw-*")] == []
    assert list((tmp_path / "cache" / "wheels").glob("*.whl")) == []


def test_a_silent_index_is_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When no index answers, the error says that, so that a machine without a network is not a broken pin."""
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(IndexUnreachable):
        libraries.raw(pinned(tmp_path, "0" * 64), of_this_interpreter(), tmp_path / "cache")


def test_wheels_fit_the_system_below_the_runtime() -> None:
    """Python 3.11 runs on glibc 2.26 and takes no wheel for a newer one; the others run on 2.34."""
    old, new = Target(major=3, minor=11).platforms, Target(major=3, minor=13).platforms
    assert "manylinux_2_26_x86_64" in old
    assert not {"manylinux_2_27_x86_64", "manylinux_2_28_x86_64"} & set(old)
    assert {"manylinux_2_28_x86_64", "manylinux_2_34_x86_64"} <= set(new)
    assert all(each.endswith("_x86_64") for each in (*old, *new))
    assert {Target(major=major, minor=minor).runtime for major, minor in GLIBC} == {
        "python3.11",
        "python3.12",
        "python3.13",
    }


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("jinja2/tests.py", True),
        ("icalendar/tests/test_parsing.py", False),
        ("certifi/cacert.pem", True),
        ("cryptography/hazmat/bindings/_rust.abi3.so", True),
        ("pydantic/main.pyi", False),
        ("paramiko-5.1.0.dist-info/METADATA", True),
        ("paramiko-5.1.0.dist-info/RECORD", False),
        ("pydantic-2.13.5.dist-info/METADATA", False),
        ("bin/jp.py", False),
        ("botocore/data/ec2/2016-11-15/service-2.json.gz", False),
        ("botocore/data/lambda/2015-03-31/service-2.json.gz", True),
        ("six.py", True),
    ],
)
def test_a_file_is_kept_when_it_can_run(path: str, kept: bool) -> None:
    """The rule for one file, by its path."""
    assert shipped(PurePosixPath(path)) is kept
