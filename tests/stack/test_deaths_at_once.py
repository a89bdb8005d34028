"""Targets whose death shows at once, or within the seconds after which a refused key counts as rejected."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.domain.build import Cause, Phase
from chalicelib.domain.explanations import EXPLANATIONS
from tests.stack import after_death
from tests.stack.box import running
from tests.stack.conftest import GuestKey
from tests.stack.deaths import Death, Deathbed

IN_DISKO = Death(at="disko", stage=Phase.DISKO, cause=Cause.DISK)
FAILED = (
    IN_DISKO,
    Death(at="kexec", how="refuses", stage=Phase.KEXEC, cause=Cause.KEY_REJECTED),
    Death(at="kexec", how="old_system", stage=Phase.KEXEC, cause=Cause.KEXEC_FAILED),
    Death(at="kexec", how="other_key", stage=Phase.KEXEC, cause=Cause.WRONG_HOST_KEY, attempts=1),
    Death(at="install", stage=Phase.INSTALL, cause=Cause.INSTALL_FAILED),
    Death(at="reboot", how="other_key", stage=Phase.VERIFY, cause=Cause.WRONG_HOST_KEY, attempts=1),
)
SAVED = (
    Death(at="look", how="refuses", deaths=1, stage=Phase.KEXEC, cause=Cause.KEY_REJECTED),
    Death(at="disko", deaths=1, stage=Phase.DISKO, cause=Cause.DISK),
    Death(at="installed", how="refuses", deaths=1, stage=Phase.INSTALL, cause=Cause.KEY_REJECTED),
)


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory, guest_key: GuestKey) -> Iterator[Deathbed]:
    """Every death, died to its end."""
    with running(tmp_path_factory.mktemp("deaths") / "var") as box:
        made = Deathbed(box, guest_key, (*FAILED, *SAVED))
        made.pass_away()
        yield made


@pytest.mark.parametrize("death", FAILED, ids=str)
def test_it_ends_for_its_cause(bed: Deathbed, death: Death) -> None:
    """After three attempts, or one where somebody may stand between: one cause, and where an operator has to look."""
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


def test_an_operator_reads_where_to_look(bed: Deathbed) -> None:
    """`ccc status` has the sentence, the hint, where to look and the builder's own words; `ccc logs` its last lines."""
    told, instance_id = EXPLANATIONS[IN_DISKO.cause], bed.of(IN_DISKO).instance_id
    status = bed.box.ccc("status", instance_id)
    assert status.returncode == 0, status.stderr
    said = " ".join(status.stdout.split())
    for sentence in (told.message, told.hint, told.operator_hint, "“Formatting hard drive with disko”"):
        assert sentence in said
    assert "### Formatting hard drive with disko ###" in bed.box.ccc("logs", instance_id).stdout


def test_money_is_given_back(bed: Deathbed) -> None:
    """To the cent, by the provider's own bill."""
    after_death.given_back(bed)
