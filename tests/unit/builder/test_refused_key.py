"""A key that opened the machine and is refused later: named as it is, soon, and never for one moment's refusal."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable

import pytest

from builder.errors import BuildFailed
from builder.job import FAILED, READY
from builder.nixos_anywhere import SHIM
from builder.pace import Pace
from builder.refusals import Refusals, is_absence, is_refusal
from chalicelib.domain.build import Cause
from tests.unit.builder.machine import ADDRESS
from tests.unit.builder.world import FAST, SOON, World, fresh_key

LOGIN = f"root@{ADDRESS}"
REFUSED = f"echo '{LOGIN}: Permission denied (publickey).' >&2"
FOR_EVER = f"while :; do {REFUSED}; sleep 0.05; done"
AWAY = f"echo 'ssh: connect to host {ADDRESS} port 22: Connection refused' >&2"
DROPPED = "echo 'kex_exchange_identification: Connection closed by remote host' >&2"


def says(*titles: str) -> str:
    """Shell that prints lines of progress."""
    return "".join(f"echo '### {title} ###'; " for title in titles)


def rejects(world: World) -> Callable[[], None]:
    """What makes the machine refuse the install key from then on, under the same host key."""

    def refuse() -> None:
        world.machine.boot(world.bootstrap.private, {"root": fresh_key().public})
        (world.folder / "refused").touch()

    return refuse


def once_refused(world: World) -> str:
    """Shell that waits until the machine refuses the key."""
    return f"until [ -e {world.folder}/refused ]; do sleep 0.05; done; "


@pytest.mark.parametrize(
    ("phases", "titles"),
    [
        ("kexec", ["Uploading install SSH keys"]),
        ("kexec", ["Uploading install SSH keys", "Gathering machine facts", "Switching system into kexec"]),
        ("disko,install", ["Gathering machine facts", "Formatting hard drive with disko"]),
        ("disko,install", ["Uploading the system closure"]),
        ("disko,install", ["Installing NixOS"]),
        ("reboot", ["Gathering machine facts"]),
    ],
    ids=["at the upload", "after the kexec", "at the disk", "at the copy", "at the installation", "at the reboot"],
)
def test_a_key_that_is_refused_for_ever_ends_a_run_soon(world: World, phases: str, titles: list[str]) -> None:
    """nixos-anywhere tries for ever; refusals in a row end it under their own cause, long before its limit."""
    world.programs.run(phases, f"{says(*titles)}{FOR_EVER}")
    begun = time.monotonic()
    assert world.build() == FAILED
    assert FAST.refused_over <= time.monotonic() - begun < SOON
    assert world.control.last["cause"] == "key_rejected", world.everything_told
    assert f"in a row in “{titles[-1]}”" in world.control.last["detail"]
    assert world.programs.phases[-1] == phases


@pytest.mark.parametrize(
    ("phases", "asked"), [("kexec", "kexec"), ("disko,install", "disko")], ids=["first run", "second run"]
)
def test_a_run_that_a_refusal_ends_is_looked_into(world: World, phases: str, asked: str) -> None:
    """Where the program ends at the first refusal, the builder knocks itself until it is sure."""
    world.control.when[asked] = rejects(world)
    world.programs.run(phases, f"{says('Gathering machine facts')}{REFUSED}; exit 1")
    begun = time.monotonic()
    assert world.build() == FAILED
    assert time.monotonic() - begun < SOON
    assert world.control.last["cause"] == "key_rejected", world.everything_told
    assert world.programs.phases.count(phases) == 1


def test_a_refusal_before_the_reboot_is_looked_into(world: World) -> None:
    """The third run reaches the machine once before it reboots it: a refusal there is no reboot's."""
    world.control.when["install"] = bool
    world.control.when["step"] = lambda: (world.folder / "asked").exists() and rejects(world)()
    world.programs.run(
        "reboot",
        f"{says('Gathering machine facts')}: >{world.folder}/asked; {says('Once more')}"
        f"{once_refused(world)}{REFUSED}; exit 1",
    )
    assert world.build() == FAILED
    assert world.control.last["cause"] == "key_rejected", world.everything_told


def test_a_run_that_a_moments_refusal_ends_has_its_own_cause(world: World) -> None:
    """The key opens the machine when the builder looks: then it was the copy that broke off, and is taken up again."""
    world.programs.run("disko,install", f"{says('Uploading the system closure')}{REFUSED}; exit 1", once=True)
    assert world.build() == READY, world.everything_told
    assert world.programs.phases == ["kexec", "disko,install", "install", "reboot"]


def test_a_run_that_ends_after_a_login_is_not_looked_into(world: World) -> None:
    """A refusal before the last step has nothing to do with how the run ended."""
    world.programs.run("kexec", f"{REFUSED}; {says('Gathering machine facts')}exit 1")
    before = world.machine.seen.connections
    assert world.build() == FAILED
    assert world.control.last["cause"] == "kexec_failed"
    assert world.machine.seen.connections == before + 1


@pytest.mark.parametrize("between", ["", AWAY], ids=["at once", "while it is away"])
def test_refusals_of_a_machine_that_restarts_do_not_count(world: World, between: str) -> None:
    """Two refusals around a restart are followed by a good run, however long the restart takes."""
    world.programs.run(
        "kexec",
        f"{says('Switching system into kexec')}{REFUSED}; sleep 0.3; {between or ':'}; {REFUSED}; "
        f"{says('Gathering machine facts', 'Done!')}",
    )
    assert world.build() == READY, world.everything_told


def test_a_system_that_goes_down_may_refuse_as_long_as_it_likes(world: World) -> None:
    """After “Rebooting” a refusal is the silence that the program waits for."""
    many = f"for each in 1 2 3 4 5 6; do {REFUSED}; sleep 0.06; done"
    world.programs.run("reboot", f"{says('Rebooting', 'Waiting for the machine to become unreachable')}{many}")
    assert world.build() == READY, world.everything_told


def test_a_key_that_is_refused_at_the_check_is_named_soon(world: World) -> None:
    """The look at authorized_keys needs the key too."""
    world.control.when["install"] = rejects(world)
    world.programs.run("disko,install", f"{says('Installing NixOS')}{once_refused(world)}")
    begun = time.monotonic()
    assert world.build() == FAILED
    assert time.monotonic() - begun < SOON
    assert world.control.last["cause"] == "key_rejected", world.everything_told
    assert "after the installation" in world.control.last["detail"]


def test_a_key_that_never_opened_the_machine_is_named_before_the_limit(world: World) -> None:
    """The first contact is more patient, since the list of keys may still be written, but not for ever."""
    rejects(world)()
    begun = time.monotonic()
    assert world.build() == FAILED
    assert FAST.refused_at_first <= time.monotonic() - begun < SOON
    assert world.control.last["cause"] == "key_rejected"


def tried(over_seconds: float, *steps: str | float) -> Cause | None:
    """What becomes of refusals (`no`), a machine that is away (`away`), and waits in seconds."""
    refusals = Refusals(over_seconds)
    try:
        for step in steps:
            if isinstance(step, float):
                time.sleep(step)
            elif step == "away":
                refusals.forget()
            else:
                refusals.refused("here")
    except BuildFailed as failure:
        return failure.cause
    return None


@pytest.mark.parametrize(
    ("over_seconds", "steps", "cause"),
    [
        (0.1, ("no",), None),
        (SOON, ("no", "no", "no", "no", "no"), None),
        (0.1, ("no", 0.15, "no"), None),
        (0.1, ("no", "no", 0.15, "away", "no", "no"), None),
        (0.1, ("no", "no", 0.15, "no"), Cause.KEY_REJECTED),
        (0.1, ("away", "no", 0.05, "no", 0.06, "no"), Cause.KEY_REJECTED),
    ],
    ids=["once", "many at once", "twice", "away between", "thrice", "thrice after it was away"],
)
def test_it_takes_several_refusals_over_some_time(
    over_seconds: float, steps: tuple[str | float, ...], cause: Cause | None
) -> None:
    """Neither the number nor the time is enough alone, and a machine that was away begins anew."""
    assert tried(over_seconds, *steps) is cause


def test_a_key_is_given_up_long_before_a_stretch_is() -> None:
    """At the real pace a rejected key costs seconds where its stretch has minutes."""
    real = Pace()
    assert 10 <= real.refused_over <= real.refused_at_first <= real.ssh_within / 10
    assert real.refused_over < real.key_look_within <= real.kexec_within / 10


@pytest.mark.parametrize(
    ("line", "refusal", "absence"),
    [
        (f"{LOGIN}: Permission denied (publickey).", True, False),
        (f"/usr/bin/ssh-copy-id: ERROR: {LOGIN}: Permission denied (publickey,password).", True, False),
        (f"Received disconnect from {ADDRESS} port 22:2: Too many authentication failures", True, False),
        ("git@example.com: Permission denied (publickey).", False, False),
        ("mkdir: cannot create directory '/mnt': Permission denied", False, False),
        (f"ssh: connect to host {ADDRESS} port 22: Connection refused", False, True),
        (f"ssh: connect to host {ADDRESS} port 22: No route to host", False, True),
        ("kex_exchange_identification: Connection closed by remote host", False, False),
    ],
)
def test_only_the_machines_own_refusals_are_heard(line: str, refusal: bool, absence: bool) -> None:
    """What is denied on the machine, or by another one, is no refused login; a dropped connection is no absence."""
    assert is_refusal(line, LOGIN) is refusal
    assert is_absence(line) is absence


def test_a_dropped_connection_does_not_begin_the_count_anew(world: World) -> None:
    """OpenSSH drops whom it refused too often: such drops between refusals are no sign of a restart."""
    world.programs.run(
        "kexec", f"{says('Uploading install SSH keys')}while :; do {REFUSED}; {DROPPED}; sleep 0.05; done"
    )
    assert world.build() == FAILED
    assert world.control.last["cause"] == "key_rejected"


@pytest.mark.skipif(shutil.which("ssh") is None, reason="there is no ssh on this machine")
def test_openssh_says_it_in_these_words(world: World) -> None:
    """The ssh of this machine, through the shim, is refused and finds nobody in the words that are listened for."""
    key, known = world.folder / "key", world.folder / "known_hosts"
    key.write_text(fresh_key().private)
    key.chmod(0o600)
    known.write_text(f"[{ADDRESS}]:{world.machine.port} {world.bootstrap.public}\n")
    variables = {
        "CCC_BUILDER_SSH": shutil.which("ssh") or "",
        "CCC_BUILDER_KNOWN_HOSTS": str(known),
        "PATH": os.defpath,
    }
    command = [
        str(SHIM / "ssh"),
        "-i",
        str(key),
        "-o",
        "IdentitiesOnly=yes",
        "-p",
        str(world.machine.port),
        LOGIN,
        "true",
    ]

    def words() -> list[str]:
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=20)
        return done.stderr.splitlines()

    assert any(is_refusal(line, LOGIN) for line in words())
    world.machine.power_off()
    assert any(is_absence(line) for line in words())
