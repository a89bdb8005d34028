"""Nothing secret leaves the one closed folder, and that goes with the build."""

from __future__ import annotations

import base64
import json
import textwrap
from pathlib import Path
from typing import Any

import pytest

from builder.job import FAILED, NOT_WANTED, READY
from builder.workplace import Workplace
from tests.unit.builder.control_plane import Answer
from tests.unit.builder.world import COMMENT, World, fresh_key


def shouting(world: World) -> str:
    """A shell script that prints every secret it can get hold of, in several shapes."""
    key = fresh_key().private
    (world.folder / "final").write_text(world.order.final_host_key.private)
    (world.folder / "other").write_text(key)
    (world.folder / "json").write_text(json.dumps(world.order.as_json()))
    return "\n".join(
        [
            "echo '### Installing NixOS ###'",
            f"cat {world.folder}/final {world.folder}/other {world.folder}/json",
            "echo; echo end of keys",
            f"echo one line alone: $(sed -n 3p {world.folder}/final)",  # no shape gives it away
            f"echo token={world.order.build_token}, code={world.claim_code}",
            f"echo '\033[31mguest {COMMENT} and {world.order.authorized_key}\033[0m'",
            "exit 9",
        ]
    )


def test_b15_no_secret_gets_into_reports_or_the_log(world: World) -> None:
    """Private keys, tokens and the guest's key comment are taken out of every line, in whatever shape they come."""
    world.programs.run("disko,install", shouting(world))
    assert world.build() == FAILED
    told = world.everything_told
    assert "end of keys" in told
    for key in (world.order.final_host_key, world.order.install_key):
        body = "".join(key.private.splitlines()[1:-1])
        for piece in textwrap.wrap(body, 30)[1:]:
            assert piece not in told
    assert "ccc_" not in told
    assert COMMENT not in told
    assert "PRIVATE KEY-----" not in told
    assert "\x1b" not in told


def test_a_strangers_private_key_is_taken_out_too(world: World) -> None:
    """A key is known by its shape, not only by being ours."""
    world.programs.run("disko,install", shouting(world))
    world.build()
    body = (world.folder / "other").read_text().splitlines()[1:-1]
    assert all(line not in world.everything_told for line in body)


def test_b15_a_run_inherits_no_code_and_no_credentials(world: World) -> None:
    """The claim code, the platform's credentials and somebody's agent stay with the job."""
    extra: dict[str, Any] = {
        "AWS_SECRET_ACCESS_KEY": "a",
        "HCLOUD_TOKEN": "b",
        "SSH_AUTH_SOCK": "c",
        "SSHPASS": "d",
        "NIX_PATH": "kept",
    }
    assert world.build(**extra) == READY
    for call in world.programs.calls:
        inherited = call["environment"]
        assert not set(extra) - {"NIX_PATH"} & set(inherited)
        assert inherited["NIX_PATH"] == "kept"
        assert world.claim_code not in inherited.values()
        assert world.order.build_token not in inherited.values()


@pytest.mark.parametrize("end", ["ready", "failed", "not wanted"])
def test_the_folder_goes_with_the_build(world: World, end: str) -> None:
    """However a build ends, no file of it is left."""
    if end == "failed":
        world.programs.run("kexec", "touch $TMPDIR/copy-of-the-key; exit 1")
    if end == "not wanted":
        world.control.script("disko", Answer(status=410))
    assert world.build() == {"ready": READY, "failed": FAILED, "not wanted": NOT_WANTED}[end]
    assert list(world.temporary.iterdir()) == []


def test_the_folder_is_closed_and_holds_the_childrens_temporary_files(world: World) -> None:
    """What nixos-anywhere copies to its own temporary folder lies within ours, which only its owner may enter."""
    with Workplace.make(world.order) as place:
        assert place.root.stat().st_mode & 0o777 == 0o700
        assert place.install_key.stat().st_mode & 0o777 == 0o600
        assert place.install_key.read_text() == world.order.install_key.private
    world.build()
    inherited = world.programs.calls[0]["environment"]
    assert Path(inherited["TMPDIR"]).parent.parent == world.temporary


def test_what_a_killed_attempt_left_is_removed_by_the_next(world: World) -> None:
    """An attempt that was killed cannot clean up; other instances' folders are not touched."""
    dead = world.temporary / f"ccc-build-{world.order.instance_id}-abc"
    other = world.temporary / "ccc-build-0123456789ab-abc"
    for folder in (dead, other):
        folder.mkdir()
        (folder / "install_key").touch()
    assert world.build() == READY
    assert list(world.temporary.iterdir()) == [other]


def test_the_log_tail_fits_the_control_planes_limits(world: World) -> None:
    """However much a run says, and in whatever script, a report has at most 4096 characters of it and 16 KiB."""
    world.programs.run(
        "kexec", 'i=0; while [ $i -lt 400 ]; do echo "$i 😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀"; i=$((i+1)); done; exit 1'
    )
    assert world.build() == FAILED
    told = world.control.told[-1]
    assert 1000 < len(told.body["log_tail"]) <= 4096
    assert told.size < 16 * 1024
    assert "399 😀" in told.body["log_tail"]


def test_nul_and_bytes_that_are_no_text_are_harmless(world: World) -> None:
    """Output is shown as printable text whatever bytes it is made of."""
    noise = base64.b64encode(bytes(range(256))).decode()
    world.programs.run("kexec", f"echo {noise} | base64 -d; echo; echo after; exit 1")
    assert world.build() == FAILED
    tail = world.control.last["log_tail"]
    assert "after" in tail
    assert all(character.isprintable() or character == "\n" for character in tail)
