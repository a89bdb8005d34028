"""The alarm on the hourly reaper, from the line that the reaper writes to the bell: only a good run keeps it quiet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from lint.resolved import Stack

from chalicelib.domain.errors import ProviderUnknown
from chalicelib.log import JsonFormatter
from chalicelib.operations.reap import reap
from tests.unit.domain.samples import HOUR
from tests.unit.operations.world import World
from tests.unit.template.watched import counted, rings


def well(world: World) -> None:
    """Nothing is in the way."""


def frozen(world: World) -> None:
    """The marker has counted further than the table, as after a restored backup."""
    marker = world.stack
    assert marker.marker_id is not None
    world.servers.raise_epoch(marker.marker_id, marker.uuid, marker.epoch + 1000)


def failing(world: World) -> None:
    """The provider does not list its servers."""
    world.servers.fail_next(ProviderUnknown("The provider did not answer."), "listed")


def hurried(world: World) -> None:
    """A machine's time is over, and so is the run's, before it comes to that row."""
    world.running()
    world.clock.advance(2 * HOUR)


def just_in_time(world: World) -> None:
    """The run's time is over with nothing left to do."""
    world.running()


OUT_OF_TIME = (hurried, just_in_time)
"""In these hours the function's time is over at once."""

Trouble = Callable[[World], None] | None
"""What befalls an hour's run; None: nobody runs it."""


@pytest.fixture
def lines_of(caplog: pytest.LogCaptureFixture) -> Callable[[Trouble], list[str]]:
    """What an hour's run leaves in its log, as Lambda hands it to CloudWatch."""

    def lines(trouble: Trouble) -> list[str]:
        caplog.clear()
        if trouble is not None:
            world = World()
            trouble(world)
            with caplog.at_level("INFO", logger="ccc"):
                reap(world.services, left=lambda: 0.0 if trouble in OUT_OF_TIME else 60.0)
        return [JsonFormatter().format(record) for record in caplog.records if record.name.startswith("ccc")]

    return lines


@pytest.mark.parametrize(
    ("hours", "loud"),
    [
        ([well, well], False),
        ([None, well], False),
        ([frozen, well], False),
        ([well, frozen], False),
        ([None, None], True),
        ([failing, failing], True),
        ([frozen, frozen], True),
        ([frozen, failing], True),
        ([well, frozen, None], True),
        ([hurried, well], False),
        ([hurried, just_in_time], False),
        ([hurried, hurried], True),
        ([well, hurried, failing], True),
    ],
)
def test_only_a_run_that_went_through_keeps_it_quiet(
    stack: Stack, lines_of: Callable[[Trouble], list[str]], hours: list[Trouble], loud: bool
) -> None:
    """Two hours without a good run ring: none at all, one with an error, one that was frozen, one that had no time."""
    ((pattern, made),) = (
        (each["FilterPattern"], each["MetricTransformations"][0])
        for each in stack.resources("AWS::Logs::MetricFilter").values()
        if each["MetricTransformations"][0]["MetricName"] == "ReapDone"
    )
    assert "DefaultValue" not in made  # a quiet hour is missing data, which breaches
    points = [float(len(counted(pattern, lines_of(each)))) or None for each in hours]
    assert rings(stack.resources("AWS::CloudWatch::Alarm")["AlarmReapSilent"], points) is loud


def test_every_pattern_is_understood(stack: Stack) -> None:
    """No filter uses a form that these tests cannot judge, and each would count a line made for it."""
    line = '{"alarm":true,"event":"%s","errors":0,"frozen":false,"left_over":0,"eur":1.5,"cap_eur":20}'
    for each in stack.resources("AWS::Logs::MetricFilter").values():
        assert counted(each["FilterPattern"], [line % "reap.done", line % "spend.projected"])
        assert counted(each["FilterPattern"], ["{}"]) == []


@pytest.mark.parametrize("pattern", ["$.alarm IS TRUE", "{ $.a = 1 || $.b = 2 }", "{ $.event != 1 }", '{ $.a >= "x" }'])
def test_what_is_not_understood_is_not_guessed(pattern: str) -> None:
    """A pattern of another form is an error."""
    with pytest.raises(ValueError, match=r"not understood|no order"):
        counted(pattern, ["{}"])


def test_no_other_filter_counts_a_run(stack: Stack, lines_of: Callable[[Trouble], list[str]]) -> None:
    """The curve of the month's spend is not drawn from the reaper's lines."""
    spend: list[dict[str, Any]] = [
        each
        for each in stack.resources("AWS::Logs::MetricFilter").values()
        if each["MetricTransformations"][0]["MetricName"].startswith("Spend")
    ]
    assert [counted(each["FilterPattern"], lines_of(well)) for each in spend] == [[], []]
