"""The environment of a job: what it must hold, and what is said when it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.errors import SettingsInvalid
from builder.settings import read
from tests.unit.builder.programs import Programs


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A complete environment."""
    return {
        "CCC_API_URL": "https://example.org/prod/api",
        "CCC_INSTANCE_ID": "0123456789ab",
        "CCC_ATTEMPT": "1",
        "CCC_CLAIM_CODE": "code",
        "CCC_STORE_PATHS": "/nix/store/a /nix/store/b",
        "CCC_KEXEC": "/nix/store/k",
        "PATH": str(Programs(tmp_path / "bin").folder),
    }


def test_a_complete_environment_is_read_whole(environment: dict[str, str]) -> None:
    """Every value gets where it belongs; the clock may be left out."""
    settings = read(environment)
    assert (settings.api_url, settings.instance_id, settings.attempt) == (
        "https://example.org/prod/api",
        "0123456789ab",
        1,
    )
    assert (settings.disko, settings.toplevel, settings.kexec) == ("/nix/store/a", "/nix/store/b", "/nix/store/k")
    assert settings.clock_file is None
    assert settings.nixos_anywhere == f"{environment['PATH']}/nixos-anywhere"


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
