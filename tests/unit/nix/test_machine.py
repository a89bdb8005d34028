"""What guest and operator rely on, in the evaluated system: who gets in, what is open, what is there, when it ends."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.unit.nix.machine_facts import HAND_WRITTEN, RECORD, VALUES, arguments, facts
from tests.unit.nix.nix_programs import MODULE_TREE, NIX, needs_nix, needs_shell_tools, refusal

pytestmark = needs_nix

FORMS = ("shared", "named", "wrapped")
PLANTED: str = json.loads((NIX / "lib" / "validate-cases.json").read_text())["planted"]["authorized_keys"]
"""What the builder writes for sshd beside RECORD (test_order.py)."""
Facts = dict[str, Any]


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    """The shared system, one with values, the one of the wrapper, and the flake's outputs."""
    return facts(tmp_path_factory.mktemp("machine"))


@pytest.fixture(params=FORMS)
def machine(machines: Facts, request: pytest.FixtureRequest) -> Facts:
    """Each of the three systems in turn."""
    found: Facts = machines[request.param]
    return found


def met_from(content: str) -> dict[str, list[str]]:
    """The rules that a packet meets from each hook on, in their order, with those of the chains jumped to."""
    chains: dict[str, list[str]] = {}
    for line in (line.strip() for line in content.splitlines()):
        if line.startswith("chain "):
            chains[line.split()[1]] = []
        elif line and line != "}" and not line.startswith("#"):
            chains[list(chains)[-1]].append(line)

    def followed(rules: list[str]) -> list[str]:
        steps = [followed(chains[rule.split()[1]]) if rule.startswith("jump ") else [rule] for rule in rules]
        return [rule for step in steps for rule in step]

    return {rules[0]: followed(rules[1:]) for rules in chains.values() if " hook " in rules[0]}


def first_file(rules: dict[str, Any]) -> tuple[str, str]:
    """The source and mode of a file that is copied once, for claude."""
    assert list(rules) == ["C"]
    rule = rules["C"]
    assert (rule["user"], rule["group"]) == ("claude", "users")
    return rule["argument"], rule["mode"]


def test_system_is_sound(machine: Facts) -> None:
    """No assertion of any module fails, and none warns."""
    assert (machine["problems"], machine["warnings"]) == ([], [])


def test_two_ports_are_open(machine: Facts) -> None:
    """From outside there are SSH and mosh, on no interface more than on another."""
    firewall = machine["firewall"]
    assert firewall["enable"] is True
    assert firewall["allowedTCPPorts"] == [22]
    assert firewall["allowedUDPPortRanges"] == [{"from": 60000, "to": 61000}]
    rest = (firewall["allowedTCPPortRanges"], firewall["allowedUDPPorts"], firewall["interfaces"])
    assert rest == ([], [], {})
    assert firewall["trustedInterfaces"] in ([], ["lo"])


def test_metadata_and_mail_are_closed(machine: Facts) -> None:
    """The metadata address is root's alone, mail to strangers is nobody's, and containers have neither."""
    nftables = machine["nftables"]
    assert (nftables["enable"], nftables["table"], nftables["family"]) == (True, True, "inet")
    mail = "tcp dport { 25, 465, 587 } reject with tcp reset"
    assert met_from(nftables["content"]) == {
        "type filter hook output priority filter; policy accept;": [
            'oifname "lo" accept',
            "ip daddr 169.254.169.254 meta skuid != 0 reject",
            mail,
        ],
        "type filter hook forward priority filter; policy accept;": ["ip daddr 169.254.169.254 reject", mail],
    }


def test_only_the_guests_key_opens(machine: Facts) -> None:
    """A key is the one way in, and claude the one who may; root is not let in with anything."""
    settings = machine["ssh"]["settings"]
    assert settings["AllowUsers"] == ["claude"]
    assert settings["AuthenticationMethods"] == "publickey"
    assert settings["PermitRootLogin"] == "no"
    assert (settings["PasswordAuthentication"], settings["KbdInteractiveAuthentication"]) == (False, False)
    assert machine["ssh"]["hostKeys"] == ["ed25519"]


def test_three_files_of_keys_are_read(machine: Facts) -> None:
    """The SSH server reads the builder's file, the system's own and what the guest adds at home, and no other."""
    assert machine["ssh"]["authorizedKeysInHomedir"] is True
    assert sorted(machine["ssh"]["authorizedKeysFiles"]) == [
        "%h/.ssh/authorized_keys",
        "/etc/ssh/authorized_keys.d/%u",
        "/var/lib/cloud-instance/authorized_keys.d/%u",
    ]


def test_nobody_has_a_password(machine: Facts) -> None:
    """Every password is locked or absent, and none can be set to last."""
    assert machine["mutableUsers"] is False
    set_ones = {
        user: values
        for user, values in machine["passwords"].items()
        if any(value not in (None, "!") for value in values.values())
    }
    assert set_ones == {}


def test_claude_is_the_only_person(machine: Facts) -> None:
    """One account is a person's, and it is root's equal without being asked for a password."""
    assert machine["people"] == ["claude"]
    assert machine["sudo"] == {"execWheelOnly": True, "wheelNeedsPassword": False, "wheel": ["claude"]}


def test_no_address_is_written_down(machine: Facts) -> None:
    """The uplink asks for its address, and the record's network is added to it by its own unit before it starts."""
    assert machine["network"] == {"DHCP": "ipv4"}
    unit = machine["units"]["cloud-instance-record.service"].splitlines()
    assert "systemd-networkd.service" in " ".join(line for line in unit if line.startswith("Before=")).split()


def test_name_is_the_records(machine: Facts) -> None:
    """The record is applied at every start, and the provider's name for the server is not taken over."""
    assert machine["wanted"]["cloud-instance-record.service"] == ["multi-user.target"]
    assert "cloud-instance-record apply" in machine["units"]["cloud-instance-record.service"]
    assert machine["dhcp"] == {"UseHostname": False}


def test_end_is_looked_at_each_minute(machine: Facts) -> None:
    """A timer runs ccc-box, which learns the end and powers off."""
    assert "ccc-box refresh" in machine["units"]["ccc-box-refresh.service"]
    assert "OnUnitInactiveSec=1min" in machine["units"]["ccc-box-refresh.timer"]
    assert machine["wanted"]["ccc-box-refresh.timer"] == ["timers.target"]


def test_what_was_learnt_outlives_the_run(machine: Facts) -> None:
    """The state is a folder of the unit that stays when the unit has ended."""
    unit = machine["units"]["ccc-box-refresh.service"].splitlines()
    assert {"RuntimeDirectory=ccc-box", "RuntimeDirectoryPreserve=true"} <= set(unit)


def test_record_is_roots_alone(machines: Facts) -> None:
    """The record, which holds a token, is closed to everybody else; a system with values never replaces a builder's."""
    place = "/var/lib/cloud-instance/instance.json"
    shared, named = (machines[form]["tmpfiles"]["10-cloud-instance"][place] for form in ("shared", "named"))
    assert {kind: (rule["mode"], rule["user"], rule["group"]) for kind, rule in shared.items()} == {
        "z": ("0600", "-", "-")
    }
    assert {kind: rule["argument"] for kind, rule in named.items()} == {"L": "/etc/cloud-instance/instance.json"}


def test_workbench_is_there(machine: Facts) -> None:
    """Claude Code and the tools of the list are installed, and strange programs find a loader."""
    wanted = {"claude-code", "git", "tmux", "mosh", "zsh", "direnv", "ripgrep", "fd", "jq", "gh", "delta", "ccc-box"}
    assert wanted - set(machine["packages"]) == set()
    assert machine["nixLd"] is True
    assert "/bin/bash" in machine["tmpfiles"]["20-cloud-instance-workbench"]


def test_time_left_is_in_view(machines: Facts, machine: Facts) -> None:
    """At login to a person alone, in tmux, and in Claude Code's status line."""
    line = "if [ -t 1 ]; then ccc-box 2>/dev/null || true; fi"
    assert [line in machine["etc"][shell].splitlines() for shell in ("zprofile", "profile")] == [True, True]
    assert 'set -g status-right "#(ccc-box tmux) %H:%M"' in machine["etc"]["tmux.conf"].splitlines()
    settings = json.loads((NIX / "modules" / "claude-settings.json").read_text())
    assert settings == {"statusLine": {"type": "command", "command": "ccc-box status-line"}}
    planted = machine["tmpfiles"]["20-cloud-instance-workbench"]["/home/claude/.claude/settings.json"]
    assert first_file(planted) == (machines["sources"]["settings"], "0600")


def test_claude_is_told_where_it_is(machines: Facts, machine: Facts) -> None:
    """The instructions for an agent on the machine are where Claude Code reads them, and are the guest's to change."""
    planted = machine["tmpfiles"]["20-cloud-instance-workbench"]["/home/claude/.claude/CLAUDE.md"]
    assert first_file(planted) == (machines["sources"]["instructions"], "0644")


def test_one_package_without_a_free_licence(machine: Facts) -> None:
    """Claude Code may be unfree, and nothing else, whatever its name begins with."""
    assert machine["unfree"] == {"everything": False, "allowed": ["claude-code"]}


def test_it_starts_by_bios_and_by_efi(machine: Facts) -> None:
    """GRUB is on the disk's boot sector and on the removable path; the root can grow."""
    grub = machine["grub"]
    assert (grub["enable"], grub["efiSupport"], grub["efiInstallAsRemovable"]) == (True, True, True)
    assert grub["devices"] == ["/dev/sda"]
    assert machine["growPartition"] is True
    assert machine["fileSystems"]["/"] == {"autoResize": True, "fsType": "ext4"}


def test_small_memory_is_stretched(machine: Facts) -> None:
    """Memory is compressed, and the greediest process ends before the machine stands still."""
    assert (machine["zram"], machine["earlyoom"]) == (True, True)


def test_sources_of_nixpkgs_stay_behind(machine: Facts) -> None:
    """`nixpkgs` is known by name on the machine; a copy would be sent to every guest."""
    assert machine["registry"]["nixpkgs"]["to"]["type"] == "github"


def test_shared_system_has_no_value_of_a_guest(machines: Facts) -> None:
    """In the system that all guests share there is no name, no key, no record and no end."""
    shared = machines["shared"]
    assert shared["hostName"] == ""
    assert shared["keys"]["claude"] == []
    assert "cloud-instance/instance.json" not in shared["etc"]
    everything = json.dumps(shared)
    for value in (RECORD["instance_id"], RECORD["user_ssh_key"].split()[1], RECORD["expires_at"], "AAAAC3NzaC1lZDI1"):
        assert value not in everything


def test_values_within_reach_the_system(machines: Facts) -> None:
    """A build with values puts name, key and end into the system."""
    named = machines["named"]
    assert named["hostName"] == f"cc-{VALUES['instanceId']}"
    assert named["keys"]["claude"] == [VALUES["userSshKey"]]
    assert json.loads(named["etc"]["cloud-instance/instance.json"]) == HAND_WRITTEN


def test_wrapper_is_the_same_machine(machines: Facts) -> None:
    """The wrapper around instance.json evaluates to what mkCloudInstance gives for its values."""
    assert machines["wrapped"] == machines["named"]


@needs_shell_tools
def test_both_forms_are_one_machine(machines: Facts, tmp_path: Path) -> None:
    """The record the builder brings and the values within lead to the same name, key and end."""
    named = machines["named"]
    assert "".join(f"{key}\n" for key in named["keys"]["claude"]) == PLANTED
    theirs, own = tmp_path / "theirs.json", tmp_path / "own.json"
    theirs.write_text(json.dumps(RECORD))
    own.write_text(named["etc"]["cloud-instance/instance.json"])
    for record in (theirs, own):
        said = [
            subprocess.run(
                ["bash", str(NIX / "modules" / "record.sh"), command],
                env={"PATH": "/usr/bin:/bin", "CLOUD_INSTANCE_RECORD": str(record)},
                capture_output=True,
                text=True,
                check=True,
            ).stdout.strip()
            for command in ("hostname", "end")
        ]
        assert said == [named["hostName"], VALUES["expiresAt"]]


def test_flake_has_its_outputs(machines: Facts) -> None:
    """The flake offers what the documents name, and its checks evaluate."""
    assert machines["outputs"] == {
        "packages": ["disko", "image", "nixos-anywhere", "toplevel"],
        "installer": "nixos-anywhere-1.13.0",
        "checks": ["forms", "toplevel", "verdicts", "vm-bios", "vm-efi"],
        "modules": ["cloud-instance", "default"],
        "formatter": True,
        "rules": "rules",
        "forms": "forms",
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"instanceId": "NOT-AN-ID"}, "instanceId: an instance id is 12"),
        ({"userSshKey": 'command="id" ssh-ed25519 AAAA'}, "userSshKey: the key is one line"),
        ({"expiresAt": "tomorrow"}, "expiresAt: the end is a moment in UTC"),
    ],
    ids=["id", "key", "end"],
)
def test_bad_value_stops_the_build(tmp_path: Path, change: dict[str, str], said: str) -> None:
    """A value that breaks a rule is refused with what to do about it, and is not repeated."""
    (tmp_path / "values.json").write_text(json.dumps(VALUES | change))
    expression = tmp_path / "bad.nix"
    expression.write_text(
        "{ checkout, tree, disko, names ? null }@given:\n"
        f"((import {MODULE_TREE}/system.nix given).lib.mkCloudInstance"
        f" (builtins.fromJSON (builtins.readFile {tmp_path}/values.json))).config.networking.hostName\n"
    )
    problem = refusal(tmp_path, expression, *arguments(tmp_path))
    assert said in problem
    assert next(iter(change.values())) not in problem
