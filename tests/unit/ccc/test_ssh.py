"""`ccc ssh` and `ccc ssh-config`: the pinned host key, and nothing of the service's text becoming an option of ssh."""

from __future__ import annotations

import json
import stat
import subprocess
from pathlib import Path

import pytest

from ccc.commands.ssh import key_hint
from ccc.errors import BadAnswer
from ccc.host import target_of
from tests.unit.ccc.command_line import finished, on_terminal, start
from tests.unit.ccc.conftest import Ccc
from tests.unit.ccc.service import KNOWN_HOSTS, RUNNING, Service, instance

ID = "0123456789ab"


@pytest.fixture
def with_fake_ssh(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """An environment whose `ssh` prints its arguments, one a line, and exits with 42."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "ssh").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\nexit 42\n', encoding="utf-8")
    (programs / "ssh").chmod(0o755)
    return {**environment, "PATH": f"{programs}:{environment['PATH']}"}


def test_it_becomes_ssh(with_fake_ssh: dict[str, str], service: Service, tmp_path: Path) -> None:
    """The system's ssh gets the pinned key and the target, and its exit code is ours."""
    service.add(instance(ID, **RUNNING))
    done = finished(start(with_fake_ssh, "ssh", "-i", "my key", ID, "--", "claude", "--version"))
    pinned = tmp_path / "cache" / "ccc" / f"known_hosts-{ID}"
    assert done.code == 42
    assert done.out.splitlines() == [
        "-o", f'UserKnownHostsFile="{pinned}"',
        "-o", "GlobalKnownHostsFile=/dev/null",
        "-o", "StrictHostKeyChecking=yes",
        "-o", "UpdateHostKeys=no",
        "-o", "HostKeyAlgorithms=ssh-ed25519",
        "-i", "my key", "-o", "IdentitiesOnly=yes",
        "-p", "2222", "claude@127.0.0.9", "--", "claude", "--version",
    ]  # fmt: skip


def test_the_key_is_in_a_private_file_of_ours(ccc: Ccc, service: Service, tmp_path: Path) -> None:
    """The known_hosts line is kept under the cache folder, mode 0600; the home is not touched."""
    service.add(instance(ID, **RUNNING))
    assert ccc("ssh", ID, "--output", "json").code == 0
    pinned = tmp_path / "cache" / "ccc" / f"known_hosts-{ID}"
    assert pinned.read_text(encoding="utf-8") == KNOWN_HOSTS + "\n"
    assert stat.S_IMODE(pinned.stat().st_mode) == 0o600
    assert not (tmp_path / "home").exists()


def test_ssh_itself_understands_the_options(
    ccc: Ccc, service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenSSH reads the options as meant, also with a space and a percent sign in the path of the cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "my cache 100%d"))
    service.add(instance(ID, **RUNNING))
    program, *rest = json.loads(ccc("ssh", ID, "--output", "json").out)["argv"]
    said = subprocess.run([program, "-F", "none", "-G", *rest], capture_output=True, text=True, check=True).stdout
    settings = dict(line.split(" ", 1) for line in said.splitlines() if " " in line)
    assert settings["user"] == "claude"
    assert settings["hostname"] == "127.0.0.9"
    assert settings["port"] == "2222"
    assert settings["stricthostkeychecking"] == "true"
    assert settings["hostkeyalgorithms"] == "ssh-ed25519"
    named = settings["userknownhostsfile"].strip('"').replace("%%", "%")
    assert named == str(tmp_path / "my cache 100%d" / "ccc" / f"known_hosts-{ID}")


def test_ssh_finds_the_pinned_key(ccc: Ccc, service: Service, tmp_path: Path) -> None:
    """OpenSSH finds the key under the address and port it will connect to."""
    service.add(instance(ID, **RUNNING))
    ccc("ssh", ID, "--output", "json")
    pinned = tmp_path / "cache" / "ccc" / f"known_hosts-{ID}"
    found = subprocess.run(["ssh-keygen", "-F", "[127.0.0.9]:2222", "-f", pinned], capture_output=True, check=False)
    assert found.returncode == 0


def test_a_machine_that_does_not_run_yet(ccc: Ccc, service: Service) -> None:
    """Without ssh there is exit code 5 and the command that waits for it."""
    service.add(instance(ID, status="requested"))
    done = ccc("ssh", ID)
    assert done.code == 5
    assert f"Next: ccc wait {ID}" in done.err


@pytest.mark.parametrize("verb", ["ssh", "ssh-config"])
@pytest.mark.parametrize("status", ["deleting", "deleted", "failed"])
def test_a_machine_that_is_gone(ccc: Ccc, service: Service, verb: str, status: str) -> None:
    """Nobody is told to wait for a machine that will not come back."""
    service.add(instance(ID, status=status))
    done = ccc(verb, ID)
    assert done.code == 5
    assert "is gone" in done.err
    assert "Next: ccc provision" in done.err
    assert "wait" not in done.err


def test_which_key_is_said_before_ssh_takes_over(with_fake_ssh: dict[str, str], service: Service) -> None:
    """On a terminal a person learns first which key is tried; with -i there is nothing to say."""
    service.add(instance(ID, **RUNNING))
    code, screen = on_terminal(with_fake_ssh, "ssh", ID)
    assert (code, screen.splitlines()[0]) == (42, "No key in ~/.ssh: give one with -i KEY.")
    assert "-i KEY" not in on_terminal(with_fake_ssh, "ssh", "-i", "key", ID)[1]
    assert "-i KEY" not in finished(start(with_fake_ssh, "ssh", ID)).err


def test_a_public_half_alone_is_no_key(tmp_path: Path) -> None:
    """Default keys are those whose private half is there."""
    (tmp_path / "id_ed25519.pub").touch()
    assert "No key" in key_hint(tmp_path)
    (tmp_path / "id_ed25519").touch()
    assert key_hint(tmp_path) == "Using your default SSH keys; give another with -i KEY."


@pytest.mark.parametrize(
    "said",
    [
        "", "ssh", "ssh claude", "ssh claude@example.org", "sh claude@127.0.0.1",
        "ssh -oProxyCommand=x claude@127.0.0.1",
        "ssh -p 0 claude@127.0.0.1", "ssh -p 65536 claude@127.0.0.1", "ssh -p ² claude@127.0.0.1",
        "ssh -l claude@127.0.0.1", "ssh -p 22 -v claude@127.0.0.1", "ssh -claude@127.0.0.1", "ssh claude@127.0.0.1 ls",
        "ssh 'claude@127.0.0.1", "ssh Claude;ls@127.0.0.1",
    ],
)  # fmt: skip
def test_other_ssh_commands_are_not_run(said: str) -> None:
    """Whatever is not `ssh [-p PORT] USER@ADDRESS` is refused."""
    with pytest.raises(BadAnswer):
        target_of(said)


def test_usual_ssh_commands() -> None:
    """Both forms are read, with IPv4 and IPv6."""
    assert target_of("ssh claude@192.0.2.7") == ("claude", "192.0.2.7", 22)
    assert target_of("ssh -p 2222 claude@2001:db8::7") == ("claude", "2001:db8::7", 2222)


@pytest.mark.parametrize(
    "line", ["", "host ssh-rsa AAAA", f"{KNOWN_HOSTS}\n* ssh-ed25519 AAAA", "@cert-authority * ssh-ed25519 AAAA"]
)
def test_other_host_keys_are_not_pinned(ccc: Ccc, service: Service, tmp_path: Path, line: str) -> None:
    """A known_hosts line of another form is not written, and ssh is not run."""
    service.add(instance(ID, **{**RUNNING, "host_key": {"fingerprint": "SHA256:x", "known_hosts": line}}))
    assert ccc("ssh", ID).code in {1, 5}
    assert not (tmp_path / "cache").exists()


def test_without_a_program(ccc: Ccc, service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without OpenSSH gets a sentence."""
    service.add(instance(ID, **RUNNING))
    monkeypatch.setenv("PATH", str(tmp_path))
    done = ccc("ssh", ID)
    assert done.code == 1
    assert "no ssh program" in done.err


def test_ssh_config(ccc: Ccc, service: Service, tmp_path: Path) -> None:
    """The block works in a configuration file: OpenSSH resolves the name to address, port, user and key."""
    service.add(instance(ID, **RUNNING))
    block = ccc("ssh-config", ID, "-i", str(tmp_path / "my key")).out
    (tmp_path / "config file").write_text(block, encoding="utf-8")
    said = subprocess.run(
        ["ssh", "-F", tmp_path / "config file", "-G", f"cc-{ID}"], capture_output=True, text=True, check=True
    ).stdout
    settings = dict(line.split(" ", 1) for line in said.splitlines() if " " in line)
    assert (settings["hostname"], settings["port"], settings["user"]) == ("127.0.0.9", "2222", "claude")
    assert settings["identityfile"].strip('"') == str(tmp_path / "my key")
    assert settings["userknownhostsfile"].strip('"') == str(tmp_path / "state" / "ccc" / f"known_hosts-{ID}")
    assert not (tmp_path / "cache").exists()  # a cache may be emptied at any time, and the block would fail then


def test_ssh_config_works_from_any_folder(
    ccc: Ccc, service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key's path is absolute in the block, also where `~` or a relative path was typed."""
    service.add(instance(ID, **RUNNING))
    monkeypatch.chdir(tmp_path)
    for typed, meant in (("key", tmp_path / "key"), ("~/.ssh/key", tmp_path / "home" / ".ssh" / "key")):
        settings = json.loads(ccc("ssh-config", "-i", typed, ID, "--output", "json").out)["settings"]
        assert settings["IdentityFile"] == f'"{meant}"'


def test_ssh_config_as_json(ccc: Ccc, service: Service) -> None:
    """The same as one document."""
    service.add(instance(ID, **RUNNING))
    document = json.loads(ccc("ssh-config", ID, "--output", "json").out)
    assert document["host"] == f"cc-{ID}"
    assert document["settings"]["Port"] == "2222"


def kept_keys(ccc: Ccc, service: Service, tmp_path: Path) -> list[Path]:
    """The files that `ssh` and `ssh-config` have kept for a machine that runs."""
    service.add(instance(ID, **RUNNING))
    for verb in ("ssh", "ssh-config"):
        assert ccc(verb, ID, "--output", "json").code == 0
    files = [tmp_path / place / "ccc" / f"known_hosts-{ID}" for place in ("cache", "state")]
    assert all(file.exists() for file in files)
    return files


@pytest.mark.parametrize(
    "learning", [("status", ID), ("list", "--all"), ("deprovision", ID, "--yes"), ("wait", ID), ("ssh", ID)]
)
@pytest.mark.parametrize("status", ["deleted", "failed"])
def test_the_kept_key_goes_when_the_machine_is_over(
    ccc: Ccc, service: Service, tmp_path: Path, learning: tuple[str, ...], status: str
) -> None:
    """Whatever command hears first that it is over removes both files, and no other machine's."""
    files = kept_keys(ccc, service, tmp_path)
    others = [file.with_name("known_hosts-ba9876543210") for file in files]
    for other in others:
        other.write_text("of another machine", encoding="utf-8")
    service.instances[ID].update(status=status, ip=None, ssh_command=None, host_key=None)
    ccc(*learning)
    assert not any(file.exists() for file in files)
    assert all(other.exists() for other in others)


def test_the_kept_key_goes_when_deprovision_has_waited(ccc: Ccc, service: Service, tmp_path: Path) -> None:
    """It stays while the machine is being deleted, and goes with the machine."""
    files = kept_keys(ccc, service, tmp_path)
    assert ccc("deprovision", ID, "--yes", "--no-wait").code == 0
    assert all(file.exists() for file in files)
    service.plan = [{"status": "deleted"}]
    assert ccc("deprovision", ID, "--yes").code == 0
    assert not any(file.exists() for file in files)


@pytest.mark.parametrize("command", [("status", ID), ("list", "--all"), ("extend", ID, "1")])
def test_the_kept_key_stays_while_the_machine_lives(
    ccc: Ccc, service: Service, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """To look at it or to extend it takes nothing away, and neither does an answer that it is not known."""
    files = kept_keys(ccc, service, tmp_path)
    assert ccc(*command).code == 0
    service.instances.clear()
    assert ccc("status", ID).code == 3
    assert all(file.exists() for file in files)


def test_an_instance_of_a_strange_name_leads_to_no_file(ccc: Ccc, service: Service, tmp_path: Path) -> None:
    """A service that calls an instance by a path neither writes nor removes anything there."""
    victim = tmp_path / "cache" / "victim"
    victim.parent.mkdir()
    victim.write_text("mine", encoding="utf-8")
    (tmp_path / "cache" / "ccc" / "known_hosts-").mkdir(parents=True)
    strange = "/../../victim"
    service.add({**instance(ID, **RUNNING), "id": ID})
    service.instances[ID]["id"] = strange
    assert ccc("ssh", ID, "--output", "json").code == 1
    service.instances[ID].update(status="deleted")
    assert ccc("status", ID).code == 0
    assert victim.read_text(encoding="utf-8") == "mine"
