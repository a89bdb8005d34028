"""`bin/ccc`: finds its checkout, makes what is missing, keeps the caller's folder."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.unit.ccc.command_line import CHECKOUT, Done, fresh_public_key
from tests.unit.ccc.service import Service

STARTER = CHECKOUT / "bin" / "ccc"
PYTHON = '#!/bin/sh\necho "$PYTHONPATH" "$PWD" "$@"\n'
MAKEFILE = """\
.venv:
\t@echo making
\t@mkdir -p .venv/bin && cp python .venv/bin/python
\t@sleep 0.3
\t@touch .venv/.complete
"""


def call(program: Path, *arguments: str, cwd: Path, environment: dict[str, str]) -> Done:
    """Run a starter from a folder."""
    done = subprocess.run(
        [program, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    return Done(code=done.returncode, out=done.stdout, err=done.stderr)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with the starter and a Makefile that makes a `.venv` whose python tells how it was called."""
    root = tmp_path / "a checkout"
    (root / "bin").mkdir(parents=True)
    shutil.copy(STARTER, root / "bin" / "ccc")
    (root / "Makefile").write_text(MAKEFILE, encoding="utf-8")
    (root / "python").write_text(PYTHON, encoding="utf-8")
    (root / "python").chmod(0o755)
    return root


def test_it_makes_what_is_missing_once(checkout: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    """The first call makes .venv with its output on stderr; the second one is silent."""
    expected = f"{checkout} {tmp_path} -P -m ccc list\n"
    first = call(checkout / "bin" / "ccc", "list", cwd=tmp_path, environment=environment)
    assert (first.code, first.out) == (0, expected)
    assert "making" in first.err
    second = call(checkout / "bin" / "ccc", "list", cwd=tmp_path, environment=environment)
    assert (second.out, second.err) == (expected, "")


def test_two_at_once_make_it_once(checkout: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    """Who comes while another one makes .venv waits for it, though a python is there already, and goes on with it."""
    command: list[str] = [str(checkout / "bin" / "ccc"), "list"]
    both = [
        subprocess.Popen(
            command, cwd=tmp_path, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(2)
    ]
    told = [one.communicate(timeout=60) for one in both]
    assert [out for out, _ in told] == [f"{checkout} {tmp_path} -P -m ccc list\n"] * 2
    assert sum("making" in err.split() for _, err in told) == 1
    assert sorted("waiting for another" in err for _, err in told) == [False, True]


def test_a_half_made_one_is_made_again(checkout: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    """A python whose libraries never came is not run."""
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / ".venv" / "bin" / "python").write_text("#!/bin/sh\nexit 9\n", encoding="utf-8")
    (checkout / ".venv" / "bin" / "python").chmod(0o755)
    text = (checkout / "Makefile").read_text(encoding="utf-8").replace(".venv:\n", ".PHONY: .venv\n.venv:\n")
    (checkout / "Makefile").write_text(text, encoding="utf-8")
    assert call(checkout / "bin" / "ccc", "list", cwd=tmp_path, environment=environment).code == 0


def test_it_says_how_it_was_started(checkout: Path, environment: dict[str, str]) -> None:
    """The program learns the path that was typed, for what it suggests to type next."""
    (checkout / "python").write_text('#!/bin/sh\necho "$CCC_PROGRAM"\n', encoding="utf-8")
    assert call(Path("bin/ccc"), cwd=checkout, environment=environment).out == "bin/ccc\n"


def test_when_making_fails(checkout: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    """A failure is exit code 1 and names the command to try again."""
    (checkout / "Makefile").write_text(".venv:\n\t@false\n", encoding="utf-8")
    done = call(checkout / "bin" / "ccc", "list", cwd=tmp_path, environment=environment)
    assert (done.code, done.out) == (1, "")
    assert "try again: make -C" in done.err


def test_through_links(checkout: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    """Absolute, relative and doubled links, and a linked folder, all lead to the checkout."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "absolute").symlink_to(checkout / "bin" / "ccc")
    (elsewhere / "relative").symlink_to(Path("..") / "a checkout" / "bin" / "ccc")
    (elsewhere / "doubled").symlink_to("relative")
    (elsewhere / "folder").symlink_to(checkout / "bin")
    for program in ("absolute", "relative", "doubled", "folder/ccc"):
        done = call(elsewhere / program, cwd=tmp_path, environment=environment)
        assert done.out == f"{checkout} {tmp_path} -P -m ccc\n", program


def test_arguments_arrive_as_typed(checkout: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    """Spaces, quotes, stars and empty words are not interpreted on the way."""
    (checkout / "python").write_text('#!/bin/sh\nshift 3\nprintf "<%s>" "$@"\n', encoding="utf-8")
    words = ["a b", "*", "", "$HOME", 'q"q', "-n"]
    done = call(checkout / "bin" / "ccc", *words, cwd=tmp_path, environment=environment)
    assert done.out == "".join(f"<{word}>" for word in words)


@pytest.mark.skipif(not (CHECKOUT / ".venv/.complete").exists(), reason="this checkout has no .venv of its own")
def test_the_real_one(environment: dict[str, str], service: Service, tmp_path: Path) -> None:
    """A key's path is relative to the caller's folder, and modules lying there are not imported."""
    key = fresh_public_key()
    (tmp_path / "key.pub").write_text(key, encoding="utf-8")
    for module in ("click", "ccc", "json", "urllib3"):
        (tmp_path / f"{module}.py").write_text("raise SystemExit('shadowed')", encoding="utf-8")
    done = call(STARTER, "provision", "a@example.org", "key.pub", "--no-wait", cwd=tmp_path, environment=environment)
    assert done.code == 0
    assert service.asked[0].body["ssh_public_key"] == key
