"""The lines with which a guest reaches the machine, judged by OpenSSH itself."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from chalicelib.domain.ssh_access import config_block, fingerprint, known_hosts_line, ssh_command

IP = "127.77.5.2"


@pytest.fixture(scope="module")
def host_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A host key made by ssh-keygen."""
    path = tmp_path_factory.mktemp("host") / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)], check=True)
    return path.with_suffix(".pub")


@pytest.mark.parametrize(("port", "command"), [(22, f"ssh claude@{IP}"), (2222, f"ssh -p 2222 claude@{IP}")])
def test_command_names_the_port_only_where_it_is_not_the_usual_one(port: int, command: str) -> None:
    """The command is what a person would type."""
    assert ssh_command(IP, port) == command


@pytest.mark.parametrize(("port", "name"), [(22, IP), (2222, f"[{IP}]:2222")])
def test_known_hosts_line_is_found_by_openssh(host_key: Path, tmp_path: Path, port: int, name: str) -> None:
    """ssh-keygen finds the line under the name that ssh looks up."""
    file = tmp_path / "known_hosts"
    file.write_text(known_hosts_line(IP, port, host_key.read_text().strip()) + "\n")
    found = subprocess.run(["ssh-keygen", "-F", name, "-f", str(file)], capture_output=True, text=True, check=False)
    assert found.returncode == 0
    assert name in found.stdout


def test_fingerprint_is_the_one_that_ssh_shows(host_key: Path) -> None:
    """The fingerprint is the word that ssh-keygen prints."""
    shown = subprocess.run(["ssh-keygen", "-l", "-f", str(host_key)], capture_output=True, text=True, check=True)
    assert fingerprint(host_key.read_text().strip()) == shown.stdout.split()[1]


@pytest.mark.parametrize("port", [22, 2222])
def test_config_block_is_read_by_ssh(tmp_path: Path, port: int) -> None:
    """With the block in its configuration, ssh knows host, user and port by the machine's name."""
    file = tmp_path / "config"
    file.write_text(config_block("cc-0123456789ab", IP, port) + "\n")
    read = subprocess.run(
        ["ssh", "-G", "-F", str(file), "cc-0123456789ab"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert {f"hostname {IP}", "user claude", f"port {port}"} <= set(read)
