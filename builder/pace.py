"""How long the builder waits for what, in seconds; one value, so that a test can live faster.

The limits of the stretches are real time: a process that hangs does so on no shared clock.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Every limit and interval of a build."""

    claim_within: float = 20 * 60
    """Claiming gives up after this; the platform stops a job that has not claimed long before (rule R14)."""

    ssh_within: float = 10 * 60
    kexec_within: float = 10 * 60
    install_within: float = 30 * 60
    check_within: float = 2 * 60
    reboot_within: float = 10 * 60
    """The stretches: each is also bounded by the order's deadline."""

    silence_within: float = 10 * 60
    """A copy that says nothing for so long stands still; its largest piece, 200 MB, takes that at 3 Mbit/s."""

    last_word: float = 10
    """Work ends this long before the deadline, so that the control plane can still be told why."""

    poll_first: float = 0.25
    poll_longest: float = 2
    poll_growth: float = 1.3
    """Looks at a machine that is not up yet: eager at first, since most are up within seconds."""

    connect: float = 3
    handshake: float = 10
    """One look: a SYN that got lost is sent again after 1 s and 3 s, so a longer wait for it finds nothing sooner."""

    refused_over: float = 15
    """A key that was let in before is rejected when it is refused for so long (and often enough: `refusals.py`).
    nixos-anywhere tries every 3 s before the kexec and every 5 s after it; between an sshd that has the planted host
    key and its list of keys lie tenths of a second, both being put there before it starts."""

    refused_at_first: float = 60
    """The same for a key that was never let in: cloud-init may still be writing the list."""

    key_look_within: float = 30
    """How long a run that ended with a refusal may be looked into before it counts as what it says itself."""

    back_within: float = 2 * 60
    """How long a machine may be silent after a copy that failed before it is given up: a network that flaps is back by
    then, and nixos-anywhere itself would wait for it without an end."""

    tick: float = 0.2
    """The longest silence between two looks at limits and at what the control plane said while a program runs."""

    request_first: float = 0.5
    request_longest: float = 30
    """Waits between sendings of a claim or a permission request."""

    progress_again: float = 0.25
    progress_longest: float = 4
    progress_timeout: float = 5
    """What only informs is sent in passing; after a failure again, first so soon that one lost answer does not make it
    a second old, then twice as late each time."""

    progress_last: float = 3
    """How long a question or the last word waits for what is still to be sent before it."""

    tail_again: float = 10
    """While lines come and no step begins, the log's end is sent so often: what a killed builder leaves behind."""

    last_first: float = 5
    last_longest: float = 60
    """Waits between sendings of the terminal report."""

    stop_grace: float = 0.5
    """Between SIGTERM and SIGKILL for a child's process group."""
