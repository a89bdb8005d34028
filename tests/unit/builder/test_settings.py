"""The environment of a job: what it must hold, and what is said when it does not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from builder import kexec_pin, settings
from builder.errors import SettingsInvalid
from builder.settings import read
from tests.unit.builder.installed import Installed
from tests.unit.builder.programs import Programs


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    """What a builder installs."""
    return Installed(tmp_path / "a store")


@pytest.fixture
def environment(tmp_path: Path, installed: Installed) -> dict[str, str]:
    """A complete environment."""
    return {
        "CCC_API_URL": "https://example.org/prod/api",
        "CCC_INSTANCE_ID": "0123456789ab",
        "CCC_ATTEMPT": "1",
        "CCC_CLAIM_CODE": "code",
        **installed.variables,
        "PATH": str(Programs(tmp_path / "bin").folder),
    }


def test_a_complete_environment_is_read_whole(environment: dict[str, str], installed: Installed) -> None:
    """Every value gets where it belongs; the clock may be left out."""
    found = read(environment)
    assert (found.api_url, found.instance_id, found.attempt) == (
        "https://example.org/prod/api",
        "0123456789ab",
        1,
    )
    assert (found.disko, found.toplevel) == (str(installed.disko), str(installed.system))
    assert found.kexec == str(installed.kexec)
    assert found.clock_file is None
    assert found.nixos_anywhere == f"{environment['PATH']}/nixos-anywhere"


def test_the_clock_file_is_an_absolute_path(environment: dict[str, str]) -> None:
    """`file:///abs` is the one form beside `system:`."""
    assert read({**environment, "CCC_CLOCK": "file:///run/clock"}).clock_file == Path("/run/clock")
    assert read({**environment, "CCC_CLOCK": "system:"}).clock_file is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CCC_API_URL", ""),
        ("CCC_API_URL", "example.org"),
        ("CCC_API_URL", "file:///etc"),
        ("CCC_API_URL", "https://example.org/?a=b"),
        ("CCC_INSTANCE_ID", ""),
        ("CCC_INSTANCE_ID", "../../etc"),
        ("CCC_INSTANCE_ID", "0123456789ab\n"),
        ("CCC_ATTEMPT", "0"),
        ("CCC_ATTEMPT", "one"),
        ("CCC_CLAIM_CODE", ""),
        ("CCC_STORE_PATHS", ""),
        ("CCC_STORE_PATHS", "/nix/store/a"),
        ("CCC_STORE_PATHS", "a b"),
        ("CCC_KEXEC", ""),
        ("CCC_KEXEC", "kexec.tar.gz"),
        ("CCC_KEXEC", "https://example.org/kexec.tar.gz"),
        ("CCC_KEXEC", "/nowhere/kexec.tar.gz"),
        ("CCC_KEXEC", "/etc/hostname"),
        ("CCC_STORE_PATHS", "/ /nowhere"),
        ("CCC_CLOCK", "file://relative"),
        ("CCC_CLOCK", "ntp:"),
        ("ONEBOX_KILL_AFTER", "Builder.ssh"),
        ("ONEBOX_KILL_AFTER", "Builder.ssh:0"),
    ],
)
def test_a_fault_is_named_with_its_variable(environment: dict[str, str], name: str, value: str) -> None:
    """One sentence says which variable is wrong, and does not repeat what is in it."""
    with pytest.raises(SettingsInvalid) as told:
        read({**environment, name: value})
    assert len(told.value.problems) == 1
    assert told.value.problems[0].startswith(name)


def test_what_is_named_and_is_not_there_is_named_before_the_claim(
    environment: dict[str, str], installed: Installed
) -> None:
    """Each path of its own: a disko script, a system and an archive that were there when the variables were set."""
    installed.disko.unlink()
    shutil.rmtree(installed.system)
    installed.kexec.unlink()
    with pytest.raises(SettingsInvalid) as told:
        read(environment)
    assert [problem.split(",")[0] for problem in told.value.problems] == [
        f"CCC_STORE_PATHS names {installed.disko}",
        f"CCC_STORE_PATHS names {installed.system}",
        f"CCC_KEXEC: {installed.kexec} cannot be read (No such file or directory)",
    ]


def test_b12_an_archive_that_was_altered_where_it_lies_boots_nothing(
    environment: dict[str, str], installed: Installed
) -> None:
    """A job looks at the archive's hash before it claims, and names both hashes (row B12)."""
    wanted = installed.sha256
    installed.kexec.write_bytes(b"another installer")
    with pytest.raises(SettingsInvalid, match=f"^CCC_KEXEC: .* has the hash {installed.sha256}, not {wanted}$"):
        read(environment)


def test_b12_an_archive_without_a_pin_boots_nothing(environment: dict[str, str], installed: Installed) -> None:
    """Where neither the pin nor a variable says a hash no job begins; what is no hash is none (row B12)."""
    del environment["CCC_KEXEC_SHA256"]
    pinned = json.loads(kexec_pin.PIN.read_text(encoding="utf-8"))["sha256"]
    said = "has the hash" if pinned else "nothing says which hash it must have"
    with pytest.raises(SettingsInvalid, match=said):
        read(environment)
    with pytest.raises(SettingsInvalid, match="is not 64 hex digits"):
        read({**environment, "CCC_KEXEC_SHA256": "yes"})
    assert read({**environment, "CCC_KEXEC_SHA256": installed.sha256.upper()}).kexec == str(installed.kexec)


def test_a_colon_would_hide_the_pinned_ssh() -> None:
    """PATH ends at a colon, and the real ssh would be found, which nixos-anywhere tells not to check host keys."""
    (problem,) = settings._own_folder(Path("/opt/a:b/builder"))
    assert "must have no :" in problem
    assert settings._own_folder(Path("/opt/a b/builder")) == []


@pytest.mark.parametrize("program", ["nixos-anywhere", "ssh"])
def test_a_missing_program_is_named(environment: dict[str, str], program: str) -> None:
    """Without nixos-anywhere or ssh nothing is claimed."""
    (Path(environment["PATH"]) / program).unlink()
    with pytest.raises(SettingsInvalid, match=f"^{program} is not on PATH$"):
        read(environment)


def test_all_faults_are_named_at_once() -> None:
    """An empty environment gets one answer with everything that is missing."""
    with pytest.raises(SettingsInvalid) as told:
        read({})
    assert len(told.value.problems) == 8


def test_the_settings_do_not_show_the_claim_code(environment: dict[str, str]) -> None:
    """A settings value in a traceback or a log gives nothing away."""
    assert "ccc_claim_x" not in repr(read({**environment, "CCC_CLAIM_CODE": "ccc_claim_x"}))
