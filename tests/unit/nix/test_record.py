"""The machine reads its record: name, address and end, whatever else is in the file, and it never stops for it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.unit.nix.nix_programs import NIX, needs_shell_tools, shellcheck

READER = NIX / "modules" / "record.sh"
CASES = json.loads((NIX / "lib" / "validate-cases.json").read_text())["records"]
GOOD = next(case["record"] for case in CASES if case["name"] == "with an end")
SHOWN = {"hostname": "an id ", "ipv6": "a network ", "end": "an end "}
"""The reader's commands, and how the cases with a bad value for each are named."""

pytestmark = needs_shell_tools


class Box:
    """A machine's root folder with a record in it."""

    def __init__(self, root: Path, record: object) -> None:
        """Write the record: an object as JSON, a text as it is; None: there is no record."""
        self.root = root
        self.record = root / "instance.json"
        for folder in ("etc", "proc/sys/kernel", "run"):
            (root / folder).mkdir(parents=True)
        if record is not None:
            self.record.write_text(record if isinstance(record, str) else json.dumps(record))

    def run(self, command: str) -> str:
        """What the reader prints; it must succeed."""
        bash = shutil.which("bash")
        answer = subprocess.run(
            [str(bash), str(READER), command],
            env={
                "PATH": "/usr/bin:/bin",
                "CLOUD_INSTANCE_RECORD": str(self.record),
                "CLOUD_INSTANCE_ROOT": str(self.root),
            },
            capture_output=True,
            text=True,
            check=True,
        )
        return answer.stdout

    def files(self) -> dict[str, str]:
        """Every file below the root but the record."""
        found = [path for path in self.root.rglob("*") if path.is_file() and path != self.record]
        return {str(path.relative_to(self.root)): path.read_text() for path in found}


@pytest.mark.parametrize(
    ("command", "said"),
    [("hostname", "cc-0123456789ab"), ("ipv6", "2001:db8:12:34::1/64"), ("end", "2030-01-31T18:55:00Z")],
)
def test_value_is_read(tmp_path: Path, command: str, said: str) -> None:
    """A sound record gives the name, the first address of its network, and its end."""
    assert Box(tmp_path, GOOD).run(command) == f"{said}\n"


@pytest.mark.parametrize("command", sorted(SHOWN))
def test_no_bad_value_is_read(tmp_path: Path, command: str) -> None:
    """A value that the rules refuse is not printed: a record whose other values are good changes nothing about that."""
    bad = [case for case in CASES if case["name"].startswith(SHOWN[command]) and not case["nix"]]
    said = [(case["name"], Box(tmp_path / str(at), case["record"]).run(command)) for at, case in enumerate(bad)]
    assert len(said) > 4
    assert [(name, text) for name, text in said if text] == []


@pytest.mark.parametrize(
    "record",
    [None, "", "{", "[]", "7", "null", '"text"', '{"instance_id": {"a": 1}}', '{"instance_id": "0123456789ab"}' * 2],
)
def test_machine_starts_without_a_record(tmp_path: Path, record: Any) -> None:
    """No record, or one that is not a record, is no reason not to start: nothing is set and nothing fails."""
    box = Box(tmp_path, record)
    assert [box.run(command) for command in (*SHOWN, "apply")] == ["", "", "", ""]
    assert box.files() == {}


def test_apply_makes_the_machine_the_records(tmp_path: Path) -> None:
    """`apply` sets the name now and for the next start, adds the address to the uplink, and keeps the end."""
    box = Box(tmp_path, GOOD)
    box.run("apply")
    network = "[Network]\nAddress=2001:db8:12:34::1/64\n\n[Route]\nGateway=fe80::1\nGatewayOnLink=yes\n"
    assert box.files() == {
        "etc/hostname": "cc-0123456789ab\n",
        "proc/sys/kernel/hostname": "cc-0123456789ab\n",
        "run/systemd/network/10-uplink.network.d/ipv6.conf": network,
        "run/ccc-box/expires_at": "2030-01-31T18:55:00Z\n",
    }


def test_apply_can_be_repeated(tmp_path: Path) -> None:
    """A second start changes nothing."""
    box = Box(tmp_path, GOOD)
    box.run("apply")
    first = box.files()
    box.run("apply")
    assert box.files() == first


def test_end_that_was_learnt_is_kept(tmp_path: Path) -> None:
    """What the service said since the start is newer than the record."""
    box = Box(tmp_path, GOOD)
    learnt = tmp_path / "run" / "ccc-box" / "expires_at"
    learnt.parent.mkdir()
    learnt.write_text("2030-02-28T00:00:00Z\n")
    box.run("apply")
    assert learnt.read_text() == "2030-02-28T00:00:00Z\n"


def test_name_of_the_system_is_kept(tmp_path: Path) -> None:
    """A system that carries its name has /etc/hostname as a link into the store, which is not written through."""
    box = Box(tmp_path, GOOD)
    (tmp_path / "store").write_text("cc-ba9876543210\n")
    (tmp_path / "etc" / "hostname").symlink_to(tmp_path / "store")
    box.run("apply")
    assert (tmp_path / "store").read_text() == "cc-ba9876543210\n"
    assert not (tmp_path / "proc" / "sys" / "kernel" / "hostname").exists()


def test_unknown_command_is_refused(tmp_path: Path) -> None:
    """A word that is no command ends with 2 and says what there is."""
    with pytest.raises(subprocess.CalledProcessError) as refused:
        Box(tmp_path, GOOD).run("reboot")
    assert refused.value.returncode == 2
    assert "usage:" in refused.value.stderr


def test_shellcheck_has_nothing_to_say() -> None:
    """Not even a matter of style."""
    assert shellcheck(READER) == (0, "")
