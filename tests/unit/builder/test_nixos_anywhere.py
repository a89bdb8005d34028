"""How nixos-anywhere is called, and what it is given to copy."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from builder.job import READY
from builder.nixos_anywhere import arguments
from builder.settings import read
from builder.workplace import Workplace
from tests.unit.builder.world import World


def test_the_three_runs_differ_in_their_phases_alone(world: World) -> None:
    """All runs get the same arguments: store paths, local build, installer, key, extra files, port, phases, target."""
    assert world.build() == READY
    runs = [call["arguments"] for call in world.programs.calls]
    root = Path(runs[0][8]).parent
    for run, phases in zip(runs, ("kexec", "disko,install", "reboot"), strict=True):
        assert run == [
            *("--store-paths", str(world.installed.disko), str(world.installed.system)),
            *("--build-on", "local"),
            *("--kexec", str(world.installed.kexec)),
            *("-i", str(root / "install_key")),
            *("--extra-files", str(root / "extra-files")),
            *("--ssh-port", str(world.machine.port), "--post-kexec-ssh-port", str(world.machine.port)),
            *("--phases", phases),
            "root@127.0.0.1",
        ]


def test_the_usual_port_is_not_named(world: World) -> None:
    """Port 22 adds no argument; the installer is named all the same."""
    settings = read(world.environment)
    place = Workplace(root=Path("/somewhere"))
    line = arguments(settings, replace(world.order, ssh_port=22), place, "kexec")
    assert not {"--ssh-port", "--post-kexec-ssh-port"} & set(line)
    assert line[line.index("--kexec") + 1] == world.environment["CCC_KEXEC"]


def test_the_extra_files_are_the_instances_three_facts(world: World) -> None:
    """Host key, record and the guest's line, with the modes they shall have on the machine; folders are open."""
    assert world.build() == READY
    order = world.order
    files = world.programs.calls[1]["tree"]
    assert files == {
        ".": ["0o755", ""],
        "etc": ["0o755", ""],
        "etc/ssh": ["0o755", ""],
        "etc/ssh/ssh_host_ed25519_key": ["0o600", order.final_host_key.private],
        "etc/ssh/ssh_host_ed25519_key.pub": ["0o644", f"{order.final_host_key.public}\n"],
        "var": ["0o755", ""],
        "var/lib": ["0o755", ""],
        "var/lib/cloud-instance": ["0o755", ""],
        "var/lib/cloud-instance/instance.json": ["0o600", json.dumps(order.record, indent=2, sort_keys=True) + "\n"],
        "var/lib/cloud-instance/authorized_keys.d": ["0o755", ""],
        "var/lib/cloud-instance/authorized_keys.d/claude": ["0o644", f"{order.authorized_key}\n"],
    }


def test_the_modes_do_not_depend_on_the_umask(world: World) -> None:
    """A job started with a strict umask gives the machine the same tree."""
    world.programs.run("kexec", "exit 1")
    job = world.start_with_umask(0o077)
    assert job.wait(60) == 1
    tree = world.programs.calls[0]["tree"]
    assert tree["etc/ssh"] == ["0o755", ""]
    assert tree["var/lib/cloud-instance/instance.json"][0] == "0o600"
    assert tree["var/lib/cloud-instance/authorized_keys.d/claude"][0] == "0o644"
