"""Targets that fall silent, of which only time can tell that they are dead: each stretch has its limit.

Passed over by the shared clock; no attempt is waited for in real minutes.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.domain.build import Cause, Phase
from tests.stack import after_death
from tests.stack.box import running
from tests.stack.conftest import GuestKey
from tests.stack.deaths import Death, Deathbed

FAILED = (
    Death(at="boot", how="hangs", stage=Phase.SSH, cause=Cause.SSH_NEVER_UP, waits=True),
    Death(at="boot", how="refuses", stage=Phase.SSH, cause=Cause.KEY_REJECTED, waits=True),
    Death(at="look", stage=Phase.KEXEC, cause=Cause.KEXEC_FAILED, waits=True),
    Death(at="kexec", stage=Phase.KEXEC, cause=Cause.KEXEC_FAILED, waits=True),
    Death(at="kexec", how="hangs", stage=Phase.KEXEC, cause=Cause.KEXEC_FAILED, waits=True),
    Death(at="disko", how="hangs", stage=Phase.DISKO, cause=Cause.TIMEOUT, attempts=2, waits=True, long=True),
    Death(at="copy", stage=Phase.COPY, cause=Cause.COPY_FAILED, attempts=3, waits=True),
    Death(at="installed", stage=Phase.INSTALL, cause=Cause.INSTALL_FAILED, waits=True),
    Death(at="reboot", stage=Phase.VERIFY, cause=Cause.NEVER_BACK, waits=True),
    Death(at="reboot", how="old_system", stage=Phase.VERIFY, cause=Cause.NEVER_BACK, waits=True),
)
SAVED = (Death(at="files", deaths=1, stage=Phase.COPY, cause=Cause.COPY_FAILED, waits=True),)


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory, guest_key: GuestKey) -> Iterator[Deathbed]:
    """Every death, died to its end."""
    with running(tmp_path_factory.mktemp("deaths") / "var") as box:
        made = Deathbed(box, guest_key, (*FAILED, *SAVED))
        made.pass_away()
        yield made


@pytest.mark.parametrize("death", FAILED, ids=str)
def test_it_ends_for_its_cause(bed: Deathbed, death: Death) -> None:
    """After three attempts, or when the time for all of them is over: one cause, and where an operator has to look."""
    after_death.ended_for_its_cause(bed, death)


@pytest.mark.parametrize("death", FAILED, ids=str)
def test_it_leaves_nothing_that_is_paid(bed: Deathbed, death: Death) -> None:
    """Its server is gone before another hour begins."""
    after_death.left_nothing_to_pay(bed, death)


@pytest.mark.parametrize("death", FAILED, ids=str)
def test_its_guest_is_told_plainly(bed: Deathbed, death: Death) -> None:
    """One mail, in words that a person understands."""
    after_death.told_plainly(bed, death)


@pytest.mark.parametrize("death", SAVED, ids=str)
def test_a_target_that_dies_once_is_made_at_the_second_attempt(
    bed: Deathbed, death: Death, guest_key: GuestKey
) -> None:
    """On the rebuilt server, and nobody but the log tells of the first."""
    after_death.made_at_the_next_attempt(bed, death, guest_key)


def test_money_is_given_back(bed: Deathbed) -> None:
    """To the cent, by the provider's own bill."""
    after_death.given_back(bed)
