"""What every cause of failure means: a sentence and advice for the guest, and where an operator has to look.

A sentence must be true in every case in which its cause is said; where it would not be, the cause is split. Who says
which cause is told in `docs/builds.md`. Nothing here knows an instance.
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.build import Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """`message` and `hint` are the guest's: what happened, and what to do next. `operator_hint` no guest ever sees."""

    message: str
    hint: str
    operator_hint: str


_AGAIN = "Nothing was charged to you. Try again."
_LATER = "Nothing was charged to you. Try again later."
_TELL = "Nothing was charged to you. Try again; if it happens again, tell the operator."
_NOTED = "Nothing was charged to you. It is noted for the operator; trying again may help."

EXPLANATIONS: dict[Cause, Explanation] = {
    Cause.STOCK: Explanation(
        message="No server of the kind asked for can be had at the moment.",
        hint="Try another type or location: the list of types shows what can be had now.",
        operator_hint="Compare CCC_TYPES and CCC_LOCATIONS with `ccc types`: sold out, or dearer than what was set "
        "aside.",
    ),
    Cause.PROVIDER: Explanation(
        message="No server could be had from the provider.",
        hint="Nothing was charged to you. Try again in a few minutes.",
        operator_hint="Look for the alarms `provider.refused_create` and `provider.token_rejected`, and at the "
        "provider's status page; `ccc doctor` tries the token.",
    ),
    Cause.PROVIDER_LIMIT: Explanation(
        message="The service's account at the provider has reached one of its limits.",
        hint="Nothing was charged to you. The operator has to raise the limit; try again later.",
        operator_hint="Ask the provider for a higher limit of servers, cores or addresses, or set CCC_MAX_LIVE below "
        "it.",
    ),
    Cause.LIMIT: Explanation(
        message="The service has reached a limit that its operator set.",
        hint=_LATER,
        operator_hint="CCC_MAX_CREATES_PER_HOUR was used up for ten minutes (alarm `creates.limit`): is it too low, "
        "or is something ordering in a loop?",
    ),
    Cause.PAUSED: Explanation(
        message="The service was taking on no new machines, so the order was given up after an hour.",
        hint=_LATER,
        operator_hint="The pause switch was on, or builds were failing in a row, when the order's hour was over; "
        "`ccc resume` lets new orders through.",
    ),
    Cause.NO_BUILDER: Explanation(
        message="No builder could be had in time, so the machine could not be installed.",
        hint=_LATER,
        operator_hint="Look for the alarms `builder.refused` and `builder.never_ran`, at the platform named in "
        "CCC_BUILDER, and at its quota: builds at once in CodeBuild, tasks in Fargate, `slots` of process:.",
    ),
    Cause.BUILDER_LOST: Explanation(
        message="The installation stopped without a word.",
        hint=_TELL,
        operator_hint="The job ended and told nobody: read the platform's own log of the job to its end (killed, out "
        "of memory, no way to the API?); `ccc logs` has what it said before.",
    ),
    Cause.NEVER_CLAIMED: Explanation(
        message="When it was last tried, the installation was not taken up.",
        hint=_TELL,
        operator_hint="The job ran and never asked for its order: read the platform's own log of the job to its end. "
        "It ended for want of a part, which its last line names, or CCC_PUBLIC_URL cannot be reached from where "
        "builders run.",
    ),
    Cause.SSH_NEVER_UP: Explanation(
        message="The new server never became reachable.",
        hint=_AGAIN,
        operator_hint="A firewall at the provider, or no way out from the builder to port 22? The server's console "
        "shows whether it booted; the `detail` says what was seen last.",
    ),
    Cause.KEY_REJECTED: Explanation(
        message="The new server refused the key it was made with.",
        hint=_AGAIN,
        operator_hint="The `detail` says where. At the first contact its cloud-init did not do what it was told, or "
        "not in time: has the stock image changed? Order one by hand with the same image and look at "
        "/var/log/cloud-init.log. Later the installer did not take the key over: has CCC_KEXEC changed?",
    ),
    Cause.WRONG_HOST_KEY: Explanation(
        message="The new server answered with a key that is not the one we gave it, so it was thrown away.",
        hint=_NOTED,
        operator_hint="Alarm `build.suspicious`: somebody may stand between the service and the machine. Compare the "
        "address with the provider's console before anything else is built; `ccc logs` names the step.",
    ),
    Cause.KEXEC_FAILED: Explanation(
        message="The server did not start the installer.",
        hint=_AGAIN,
        operator_hint="Read the end of `ccc logs`. Types with 2 GB of memory are borderline: take them out of "
        "CCC_TYPES. Has the stock image changed?",
    ),
    Cause.DISK: Explanation(
        message="The server's disk could not be prepared, or the server went away meanwhile.",
        hint="Nothing was charged to you. Try again; if it happens again, try another type.",
        operator_hint="Read the end of `ccc logs`. A connection that broke off: is the server still there, and was it "
        "stopped at the provider? Else what disko said: too small a disk, or another name of the device than "
        "nix/hosts/cloud-instance/disk.nix expects; then take the type out of CCC_TYPES.",
    ),
    Cause.COPY_FAILED: Explanation(
        message="The system could not be copied to the server.",
        hint=_AGAIN,
        operator_hint="Read the end of `ccc logs`: a disk that is full (take the type out of CCC_TYPES), or a "
        "connection or a binary cache that broke off.",
    ),
    Cause.INSTALL_FAILED: Explanation(
        message="The system could not be installed on the server.",
        hint=_AGAIN,
        operator_hint="Read `detail` and the end of `ccc logs`: too little memory (`Killed`), the boot loader, or an "
        "error of the builder's own.",
    ),
    Cause.WRONG_KEYS: Explanation(
        message="The installed machine would not have let in exactly your key and no other, so it was thrown away.",
        hint=_NOTED,
        operator_hint="Alarm `build.suspicious`: does the system in CCC_STORE_PATHS bring keys of its own? See "
        "nix/modules/access.nix; build it again from a clean checkout.",
    ),
    Cause.NEVER_BACK: Explanation(
        message="The machine did not come back after its installation.",
        hint=_AGAIN,
        operator_hint="The new system does not boot, or its network does not come up: order one by hand, and look at "
        "the provider's console. If the service cannot reach port 22 itself, every build ends like this.",
    ),
    Cause.TIMEOUT: Explanation(
        message="The installation was not finished in time.",
        hint=_AGAIN,
        operator_hint="Compare the stages' seconds with the usual ones: the slow one names the suspect (the network, "
        "the binary cache, a builder that hangs). `ccc logs` ends where it stood.",
    ),
    Cause.REVOKED: Explanation(
        message="The machine was called off before it was ready.",
        hint="Nothing was charged to you.",
        operator_hint="Nothing went wrong: its owner or an operator ended it while it was being made.",
    ),
    Cause.STRANGER: Explanation(
        message="In this machine's place the provider has a server that is not marked as ours.",
        hint="Nothing was charged to you, and that server was not touched. It is noted for the operator; trying "
        "again may help.",
        operator_hint="Alarm `provider.stranger` names the server's id: does another service use this project, or has "
        "somebody changed labels? Give each service a project of its own.",
    ),
}
"""One for every cause."""


def explanation(code: str) -> Explanation | None:
    """The explanation of a failure's code; None for one that this release does not know (rule R22)."""
    return EXPLANATIONS.get(Cause(code)) if code in set(Cause) else None
