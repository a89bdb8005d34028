"""The whole job: what it does in which order, what it says when something is wrong, and when it keeps silent."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from builder.job import FAILED, NOT_WANTED, READY
from tests.unit.builder.control_plane import LOST, Answer
from tests.unit.builder.processes import running, sleeper
from tests.unit.builder.world import AUTHORIZED_KEYS, FAST, SOON, World, fresh_key

GOOD = ["claim", "ssh", "kexec", "disko", "copy", "install", "reboot", "verify", "ready"]


def failure(world: World) -> str:
    """The cause that the terminal report named."""
    assert world.control.last["outcome"] == "failed", world.everything_told
    return str(world.control.last["cause"])


def test_a_good_build_reports_every_phase_once_and_then_ready(world: World) -> None:
    """Every phase is reported once and in order, three runs are made, and the last word is `ready`."""
    assert world.build() == READY, world.everything_told
    assert world.control.heard == GOOD
    assert world.programs.phases == ["kexec", "disko,install", "reboot"]


def test_the_claim_carries_the_code_and_the_reports_the_build_token(world: World) -> None:
    """The one-time code is used for the claim alone, and the order's token for everything after it."""
    world.build()
    claim, *reports = world.control.told
    assert claim.authorization == f"Bearer {world.claim_code}"
    assert claim.path == f"/api/builds/{world.order.instance_id}/2/claim"
    assert {report.authorization for report in reports} == {f"Bearer {world.order.build_token}"}
    assert {report.path for report in reports} == {f"/api/builds/{world.order.instance_id}/2/reports"}


def test_a_claim_waits_for_the_address_as_long_as_it_is_told_to(world: World) -> None:
    """A 425 is asked again after the seconds it names, with the same nonce, and no other phase begins before."""
    world.control.script("claim", Answer(status=425, headers={"Retry-After": "0.3"}))
    begun = time.monotonic()
    assert world.build() == READY
    assert time.monotonic() - begun > 0.3
    assert world.control.heard[:3] == ["claim", "claim", "ssh"]
    assert world.control.told[0].body == world.control.told[1].body


@pytest.mark.parametrize("trouble", [LOST, 408, 429, 500, 503])
def test_a_claim_that_was_not_answered_is_sent_again_with_the_same_nonce(world: World, trouble: int) -> None:
    """A lost reply and a broken server end no claim, and the nonce that binds it stays the same."""
    world.control.script("claim", Answer(status=trouble), Answer(status=200, body=b"<html>"))
    assert world.build() == READY
    claims = [told.body["nonce"] for told in world.control.told if "nonce" in told.body]
    assert len(claims) == 3
    assert len(set(claims)) == 1


def test_two_jobs_never_make_the_same_nonce(world: World) -> None:
    """The nonce is random, so that another process cannot repeat a claim."""
    world.control.script("claim", Answer(status=409), Answer(status=409))
    world.build()
    world.build()
    first, second = (told.body["nonce"] for told in world.control.told)
    assert first != second
    assert len(first) >= 32


@pytest.mark.parametrize("status", [401, 403, 404, 409, 410])
def test_a_job_that_nobody_wants_ends_quietly(world: World, status: int) -> None:
    """A refused claim ends with code 3, without a word in the log, a report or a connection to the machine."""
    world.control.script("claim", Answer(status=status))
    assert world.build() == NOT_WANTED
    assert world.control.heard == ["claim"]
    assert world.log.getvalue() == ""
    assert world.machine.seen.connections == 0


def test_a_claim_gives_up_when_its_time_is_over(world: World) -> None:
    """A control plane that never gives the order does not keep a job for ever."""
    world.control.script("claim", *[Answer(status=425, headers={"Retry-After": "0"})] * 500)
    assert world.build(replace(FAST, claim_within=0.3)) == FAILED
    assert set(world.control.heard) == {"claim"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("instance_id", "0123456789ab"),
        ("attempt", 3),
        ("address", "-oProxyCommand=x"),
        ("ssh_port", 70000),
        ("authorized_key", "ssh-ed25519 AAAA\ncommand"),
        ("deadline", "2030-01-01T00:00:00"),
        ("deadline", "soon"),
        ("install_key", None),
    ],
)
def test_an_order_that_is_none_is_not_carried_out(world: World, field: str, value: object) -> None:
    """A wrong document touches no machine, and nothing of it gets into the log."""
    world.control.order[field] = value
    assert world.build() == FAILED
    assert world.machine.seen.connections == 0
    assert world.control.heard == ["claim"]
    assert str(value) not in world.log.getvalue()


@pytest.mark.parametrize("status", [404, 409, 410])
@pytest.mark.parametrize(("phase", "runs"), [("kexec", []), ("disko", ["kexec"])])
def test_a_phase_without_permission_does_not_begin(world: World, phase: str, runs: list[str], status: int) -> None:
    """A refused permission ends the job with code 3 before the run it is for, and nothing more is said."""
    world.control.script(phase, Answer(status=status))
    assert world.build() == NOT_WANTED
    assert world.programs.phases == runs
    assert world.control.heard[-1] == phase


@pytest.mark.parametrize("trouble", [LOST, 425, 429, 500, 502])
def test_a_permission_is_asked_for_until_it_is_answered(world: World, trouble: int) -> None:
    """Without a 200 the phase does not begin; the question that is repeated is the same to the byte."""
    world.control.script("kexec", Answer(status=trouble), Answer(status=trouble))
    assert world.build() == READY
    asked = [told.body for told in world.control.told if told.body.get("phase") == "kexec" and "step" not in told.body]
    assert len(asked) == 3
    assert asked[0] == asked[1] == asked[2]


def test_another_2xx_is_no_permission(world: World) -> None:
    """Only 200 means yes: anything else that looks like success begins nothing."""
    world.control.script("kexec", Answer(status=202))
    assert world.build() == FAILED
    assert world.programs.phases == []


def test_silence_instead_of_permission_ends_at_the_deadline(world: World) -> None:
    """When the control plane does not answer until the deadline, no run is made and the cause is `timeout`."""
    world.change(deadline=datetime.now(UTC) + timedelta(seconds=3))  # noqa: TID251 -- the builder's clock is real here
    world.control.script("kexec", *[Answer(status=503)] * 500)
    assert world.build() == FAILED
    assert failure(world) == "timeout"
    assert world.programs.phases == []


def test_a_phase_that_only_informs_does_not_hold_up_the_work(world: World) -> None:
    """A report that fails is sent later, in order, while the run goes on."""
    world.control.script("copy", Answer(status=500), Answer(status=LOST))
    world.programs.run(
        "disko,install",
        "echo '### Uploading the system closure ###'; echo '### Installing NixOS ###'\n"
        f"until [ -e {world.folder}/told ]; do sleep 0.05; done; : >{world.folder}/over",
    )
    over: list[bool] = []

    def told() -> None:
        over.append((world.folder / "over").exists())
        (world.folder / "told").touch()

    world.control.when["copy"] = told
    assert world.build() == READY
    assert over == [False]
    assert world.control.heard == [*GOOD[:4], "copy", "copy", *GOOD[4:]]


def test_being_called_off_in_the_middle_of_a_run_ends_it(world: World) -> None:
    """A 410 to a phase report kills the run at once and nothing more is said."""
    world.control.script("copy", Answer(status=410))
    world.programs.run("disko,install", "echo '### Uploading the system closure ###'; sleep 90")
    begun = time.monotonic()
    assert world.build() == NOT_WANTED
    assert time.monotonic() - begun < SOON
    assert world.control.heard[-1] == "copy"


@pytest.mark.parametrize(
    ("phases", "steps", "cause"),
    [
        ("kexec", [], "kexec_failed"),
        ("kexec", ["Switching system into kexec"], "kexec_failed"),
        ("disko,install", ["Gathering machine facts"], "copy_failed"),
        ("disko,install", ["Formatting hard drive with disko"], "disk"),
        (
            "disko,install",
            ["Uploading the system closure", "Copying extra files", "Installing NixOS"],
            "install_failed",
        ),
        ("disko,install", ["Installing NixOS", "A step of a later release"], "install_failed"),
        ("reboot", ["Rebooting"], "never_back"),
    ],
)
def test_the_cause_is_that_of_the_last_step(world: World, phases: str, steps: list[str], cause: str) -> None:
    """A run that fails is explained by the last step it announced, and its output is in the tail."""
    lines = "".join(f"echo '### {step} ###'\n" for step in steps)
    world.programs.run(phases, f"{lines}echo it broke >&2\nexit 7")
    assert world.build() == FAILED
    assert failure(world) == cause
    assert "code 7" in world.control.last["detail"]
    assert "it broke" in world.control.last["log_tail"]


@pytest.mark.parametrize(
    ("phases", "step", "limit", "cause"),
    [
        ("kexec", "Switching system into kexec", "kexec_within", "kexec_failed"),
        ("disko,install", "Formatting hard drive with disko", "install_within", "disk"),
        ("disko,install", "Uploading the system closure", "install_within", "copy_failed"),
        ("disko,install", "Installing NixOS", "install_within", "install_failed"),
        ("reboot", "Rebooting", "reboot_within", "never_back"),
    ],
)
def test_a_run_that_hangs_is_killed_with_all_its_children(
    world: World, phases: str, step: str, limit: str, cause: str
) -> None:
    """Each stretch has its own limit; after it no process of the run is left and the cause names the step."""
    child = sleeper()
    world.programs.run(phases, f"echo '### {step} ###'\ntrap '' TERM\nsleep {child} & sleep 90 & wait; wait")
    assert world.build(replace(FAST, **{limit: 1.5})) == FAILED
    assert failure(world) == cause
    assert "did not end in time" in world.control.last["detail"]
    assert running(child) == []


def test_the_deadline_of_the_order_ends_a_run_before_its_own_limit(world: World) -> None:
    """What the control plane gives up on is ended in time to say so, as `timeout`."""
    world.change(deadline=datetime.now(UTC) + timedelta(seconds=3))  # noqa: TID251 -- the builder's clock is real here
    world.programs.run("kexec", "sleep 90")
    assert world.build() == FAILED
    assert failure(world) == "timeout"


def test_a_jump_of_the_shared_clock_past_the_deadline_ends_a_run(world: World) -> None:
    """The deadline is one of the shared clock: when that is moved on, the run ends at once."""
    clock = world.folder / "clock"
    world.programs.run("kexec", f"echo 7200 >{clock}.new; mv {clock}.new {clock}; sleep 90")
    assert world.build(CCC_CLOCK=f"file://{clock}") == FAILED
    assert failure(world) == "timeout"


def test_a_machine_that_came_back_as_it_was_is_tried_once_more(world: World) -> None:
    """A kexec that did not take is repeated without asking again; a second one is a failure."""
    refusal = "echo 'aborted: Failed to kexec into NixOS installer'; exit 1"
    world.programs.run("kexec", refusal, once=True)
    assert world.build() == READY
    assert world.programs.phases == ["kexec", "kexec", "disko,install", "reboot"]
    assert world.control.heard == GOOD


def test_a_machine_that_stays_as_it_was_fails(world: World) -> None:
    """The kexec is tried twice and no more."""
    world.programs.run("kexec", "echo 'aborted: Failed to kexec into NixOS installer'; exit 1")
    assert world.build() == FAILED
    assert failure(world) == "kexec_failed"
    assert world.programs.phases == ["kexec", "kexec"]


def test_b10_a_copy_that_was_cut_off_goes_on_from_there(world: World) -> None:
    """After a connection lost in the copy the install is resumed, without a second formatting of the disk."""
    world.programs.run("disko,install", "echo '### Uploading the system closure ###'; exit 1")
    world.programs.run("install", "echo '### Uploading the system closure ###'; echo '### Installing NixOS ###'")
    assert world.build() == READY
    assert world.programs.phases == ["kexec", "disko,install", "install", "reboot"]
    assert world.control.heard == GOOD


def test_a_copy_that_fails_twice_fails_the_build(world: World) -> None:
    """The copy is resumed once and no more."""
    for phases in ("disko,install", "install"):
        world.programs.run(phases, "echo '### Uploading the system closure ###'; exit 1")
    assert world.build() == FAILED
    assert failure(world) == "copy_failed"


def test_b14_other_keys_than_the_guests_stop_the_build_before_the_reboot(world: World) -> None:
    """A second line in the installed authorized_keys is `wrong_keys`, and the machine is never booted."""
    world.machine.files[AUTHORIZED_KEYS] += fresh_key().public.encode() + b"\n"
    assert world.build() == FAILED
    assert failure(world) == "wrong_keys"
    assert world.programs.phases == ["kexec", "disko,install"]


def test_a_missing_line_end_is_not_the_guests_line(world: World) -> None:
    """The comparison is byte for byte."""
    world.machine.files[AUTHORIZED_KEYS] = world.order.authorized_key.encode()
    assert world.build() == FAILED
    assert failure(world) == "wrong_keys"


def test_a_missing_authorized_keys_is_a_failed_install(world: World) -> None:
    """A machine that lets nobody in was not installed, and another attempt may help."""
    world.machine.files.clear()
    assert world.build() == FAILED
    assert failure(world) == "install_failed"


def test_a_machine_that_cannot_be_looked_at_is_a_failed_install(world: World) -> None:
    """Without the look at authorized_keys nothing is booted."""
    world.control.when["disko"] = world.machine.power_off
    assert world.build(replace(FAST, check_within=0.5)) == FAILED
    assert failure(world) == "install_failed"
    assert world.programs.phases == ["kexec", "disko,install"]


@pytest.mark.parametrize("trouble", [LOST, 429, 500])
def test_c2_the_last_word_is_repeated_until_it_is_answered(world: World, trouble: int) -> None:
    """A terminal report that got no answer is sent again as it was."""
    world.control.script("ready", Answer(status=trouble), Answer(status=trouble))
    assert world.build() == READY
    assert world.control.heard[-3:] == ["ready"] * 3
    assert len({str(told.body) for told in world.control.told[-3:]}) == 1


def test_b17_the_last_word_that_comes_too_late_ends_quietly(world: World) -> None:
    """A 410 to the terminal report is the end: the instance is gone, nobody mails anything."""
    world.control.script("ready", Answer(status=410))
    assert world.build() == NOT_WANTED
    assert world.control.heard[-1] == "ready"


def test_the_last_word_is_given_up_at_the_deadline(world: World) -> None:
    """A control plane that stays away does not keep the job past the order's deadline."""
    world.change(deadline=datetime.now(UTC) + timedelta(seconds=3))  # noqa: TID251 -- the builder's clock is real here
    world.programs.run("kexec", "exit 1")
    world.control.script("failed", *[Answer(status=500)] * 500)
    begun = time.monotonic()
    assert world.build() == FAILED
    assert time.monotonic() - begun < SOON
    assert world.control.heard.count("failed") > 1


def test_a_failure_of_the_builder_itself_is_reported_at_once(world: World) -> None:
    """A bug does not let the attempt wait for its deadline, and says no more than its kind to the guest."""
    clock = world.folder / "clock"
    world.programs.run("kexec", f"echo nonsense >{clock}")
    assert world.build(CCC_CLOCK=f"file://{clock}") == FAILED
    assert failure(world) == "install_failed"
    assert world.control.last["detail"] == "the builder broke (ValueError)"
