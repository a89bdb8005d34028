"""Bugs in what keeps other people's machines alive: restores, wrong projects, fast clocks. Each of them is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest

from chalicelib.adapters.hetzner_servers import heard
from chalicelib.operations import accept_restore, advance, clocks, raise_epoch, sweep, tick
from chalicelib.operations.stages import creating, deleting, deliver, installing, requested, running, unconfirmed
from tests.faults import test_fast_clocks as fast
from tests.faults import test_restored_tables as restored
from tests.faults import test_wrong_projects as wrong
from tests.faults import test_x_rows as extending
from tests.simulation.emulated import EmulatedWorld, Provider, provider_in
from tests.simulation.planted import Bug, planted
from tests.unit.domain.samples import HOUR, MINUTE

Scenario = Callable[[EmulatedWorld], None]


def _by_our_clock(name: str, module: ModuleType, function: str, moment: str = "late", *, unheard: bool = False) -> Bug:
    """A bug that looks at our own clock alone where others that contradict it are to be asked."""
    right = f"clocks.over(services, {moment}, now, unheard={unheard})"
    return Bug(name=name, module=module, function=function, right=right, wrong=f"now >= {moment}")


def _without_a_look(name: str, module: ModuleType, function: str) -> Bug:
    """A bug that believes what a token says without another look at whose project it opens."""
    right = "marker.doubt(services, services.clock.now())"
    return Bug(name=name, module=module, function=function, right=right, wrong="None")


A_404 = "a 404 is believed without another look at the marker"

RESTORED_AND_WRONG: list[tuple[Bug, Scenario]] = [
    (
        Bug(name="only sweeps count", module=tick, function="_ask_provider",
            right="    keep_counting(services)\n", wrong=""),
        restored.test_r18_a_copy_from_after_the_newest_sweep_freezes,
    ),
    (
        Bug(name="a table that is behind writes its count over the marker's", module=raise_epoch,
            function="keep_counting",
            right="if marker.doubt(services, services.clock.now(), afresh=True) is None:", wrong="if True:"),
        restored.test_r18_a_copy_from_after_the_newest_sweep_freezes,
    ),
    (
        Bug(name="a sweep believes the kept answer of a copy", module=sweep, function="sweep",
            right="afresh=not dry_run", wrong="afresh=False"),
        restored.test_r18_the_kept_answer_of_a_copy_does_not_let_a_sweep_through,
    ),
    (
        Bug(name="a marker is planted wherever there is none", module=accept_restore, function="_marker",
            right="        expect_machine(services)\n", wrong="        pass\n"),
        wrong.test_o12_a_marker_is_not_planted_where_no_machine_of_ours_is,
    ),
    (
        Bug(name="a token that was swapped while planting is not noticed", module=accept_restore, function="_marker",
            right="services.servers.token_fingerprint() != token", wrong="False"),
        wrong.test_o12_a_marker_is_not_planted_with_a_token_that_is_swapped_meanwhile,
    ),
    (
        _without_a_look(f"{A_404}, before the delete", deleting, "_gone"),
        partial(wrong.test_o12_z02_a_404_of_a_swapped_token_ends_no_instance, nth=1),
    ),
    (
        _without_a_look(f"{A_404}, after the delete", deleting, "_gone"),
        partial(wrong.test_o12_z02_a_404_of_a_swapped_token_ends_no_instance, nth=2),
    ),
    (
        _without_a_look(f"{A_404}, by name", deleting, "_gone"),
        wrong.test_o12_z02_a_name_that_a_swapped_token_does_not_find_ends_no_instance,
    ),
    (
        _without_a_look("a name that is not found fails the order without a look at the marker",
                        creating, "_adopt_or_fail"),
        wrong.test_o12_z02_a_swapped_token_fails_no_order,
    ),
]  # fmt: skip

FAST: list[tuple[Bug, Scenario]] = [
    (
        _by_our_clock("a create's deadline is our clock's", creating, "_adopt_or_fail"),
        partial(fast.test_x09_an_order_whose_create_is_tried_again_is_kept, skew=HOUR),
    ),
    (
        _by_our_clock("a build's deadline is our clock's", installing, "_unreported"),
        partial(fast.test_x09_a_build_that_has_not_claimed_yet_goes_on, skew=3 * HOUR),
    ),
    (
        _by_our_clock("the time to claim is our clock's", installing, "_at_work", "claim_by"),
        partial(fast.test_x09_a_build_that_has_not_claimed_yet_goes_on, skew=8 * MINUTE),
    ),
    (
        _by_our_clock("the time to come back is our clock's", installing, "_rebooting", "max(begun) + BACK_WITHIN"),
        fast.test_x09_a_machine_that_reboots_is_given_its_time,
    ),
    (
        _by_our_clock("an order's deadline is our clock's", requested, "step", unheard=True),
        fast.test_x09_an_order_that_waits_for_a_builder_is_kept,
    ),
    (
        _by_our_clock("a wish is forgotten by our clock", unconfirmed, "step"),
        fast.test_x09_a_wish_is_not_forgotten_before_its_day_is_over,
    ),
    (
        _by_our_clock("an end is claimed by our clock", running, "step", "row.expires_at", unheard=True),
        extending.test_x09_a_process_whose_clock_is_an_hour_fast_ends_nothing,
    ),
    (
        Bug(name="a warning leaves by our clock", module=deliver, function="_is_its_time",
            right="due.kind is not Kind.ENDING", wrong="True"),
        fast.test_x09_nobody_is_warned_of_an_end_that_is_hours_away,
    ),
    (
        Bug(name="a clock that is doubted writes when to look next", module=advance, function="_after",
            right="        return _let_go(held, row)\n", wrong="        pass\n"),
        partial(fast.test_x09_an_order_whose_create_is_tried_again_is_kept, skew=HOUR),
    ),
    (
        Bug(name="a clock that everybody contradicts works on", module=advance, function="_take",
            right="clocks.contradicted(services, now)", wrong="False"),
        fast.test_x09_where_the_store_has_a_clock_a_worker_that_is_contradicted_takes_nothing,
    ),
    (
        Bug(name="every row asks for the time by itself", module=clocks, function="_provider",
            right="services.servers.provider_time() is None", wrong="True"),
        fast.test_x09_many_ends_by_a_fast_clock_cost_one_request,
    ),
    (
        Bug(name="a Date of an hour ago still counts", module=heard, function="Heard.still",
            right="abs(ours - self.ours) > KEPT", wrong="False"),
        fast.test_x09_a_date_of_an_hour_ago_contradicts_nobody,
    ),
]  # fmt: skip

BUGS = [*RESTORED_AND_WRONG, *FAST]


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    """A provider of its own for each bug."""
    with provider_in(tmp_path) as running:
        yield running


@pytest.mark.parametrize(("bug", "scenario"), BUGS, ids=[bug.name for bug, _ in BUGS])
def test_each_planted_bug_is_found(provider: Provider, bug: Bug, scenario: Scenario) -> None:
    """The scenario that passes without the bug does not with it (that it passes is its own test)."""
    with planted(bug), pytest.raises((AssertionError, pytest.fail.Exception)):
        scenario(EmulatedWorld(provider))


def test_a_bug_whose_place_is_gone_is_an_error() -> None:
    """A text that is not in the function cannot be planted, and the function is as it was."""
    before = tick.tick.__code__
    missing = Bug(name="nowhere", module=tick, function="tick", right="no such text", wrong="")
    with pytest.raises(ValueError, match="0 times"), planted(missing):
        pass
    assert tick.tick.__code__ is before
