"""What the builders of one box are told to install: the real system, or what stands for it."""

from __future__ import annotations

import hashlib
import shlex
from pathlib import Path

from builder import settings as builder_settings
from onebox.built_system import builder_variables
from onebox.home import Home
from onebox.settings import box_settings
from tests.unit.builder.ready_machine import ReadyMachine

JOB = {
    "CCC_API_URL": "http://127.0.0.1:1",
    "CCC_INSTANCE_ID": "0123456789ab",
    "CCC_ATTEMPT": "1",
    "CCC_CLAIM_CODE": "c",
}


def test_the_real_system_is_told_by_its_place_in_the_store(tmp_path: Path) -> None:
    """The links of `make machine` are followed, so that a later build changes no running job; no hash is told."""
    machine = ReadyMachine(tmp_path)
    machine.out.mkdir()
    for name, path in (("toplevel", machine.installed.system), ("disko", machine.installed.disko)):
        (machine.out / name).symlink_to(path)
    settings = box_settings({"HCLOUD_TOKEN": "t", "PATH": machine.path})
    told = builder_variables(settings, Home(path=tmp_path), machine.out)
    assert shlex.split(told["CCC_STORE_PATHS"]) == [str(machine.installed.disko), str(machine.installed.system)]
    assert told["CCC_KEXEC"] == str(machine.out / "kexec.tar.gz")
    assert "CCC_KEXEC_SHA256" not in told


def test_what_a_person_says_is_told(tmp_path: Path) -> None:
    """Store paths, archive and hash of the environment come before those of `out/`."""
    said = {"CCC_STORE_PATHS": "/a /b", "CCC_KEXEC": "/c.tar.gz", "CCC_KEXEC_SHA256": "0" * 64}
    settings = box_settings({"HCLOUD_TOKEN": "t", **said})
    assert builder_variables(settings, Home(path=tmp_path), tmp_path / "out") == said


def test_the_stand_ins_satisfy_a_builder(tmp_path: Path) -> None:
    """With the emulator a builder finds all that it is told of, in a folder of any name."""
    for name in ("plain", "with a blank"):
        home = Home(path=tmp_path / name)
        home.path.mkdir()
        told = builder_variables(box_settings({}), home)
        path = ReadyMachine(tmp_path / f"{name} programs").path
        programs = f"{ReadyMachine.program(tmp_path / 'anywhere' / 'nixos-anywhere').parent}:{path}"
        read = builder_settings.read({**JOB, **told, "PATH": programs})
        assert " " not in read.disko
        assert "disko" in read.disko


def test_another_archive_for_emulated_machines_is_taken_as_it_is(tmp_path: Path) -> None:
    """To try the published script on emulated machines any archive will do: it is told with its own hash."""
    home, archive = Home(path=tmp_path), tmp_path / "mine.tar.gz"
    archive.write_bytes(b"mine")
    told = builder_variables(box_settings({"CCC_KEXEC": str(archive), "CCC_STORE_PATHS": "/a /b"}), home)
    assert told == {
        "CCC_STORE_PATHS": "/a /b",
        "CCC_KEXEC": str(archive),
        "CCC_KEXEC_SHA256": hashlib.sha256(b"mine").hexdigest(),
    }
