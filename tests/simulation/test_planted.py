"""The turmoil has teeth: a planted bug breaks the invariant that it should, in stories that go well without it."""

from __future__ import annotations

import pytest

from tests.simulation.turmoil.broken import Broken
from tests.simulation.turmoil.planted import PLANTED, Plant
from tests.simulation.turmoil.turmoil import Turmoil

OFTEN = 3
"""Few kinds of accidents, and each of them often."""

MOST_SEEDS = 40


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.name)
def test_a_planted_bug_is_found(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """A numbered invariant breaks, one of those that the bug is about; and the same story is well without it."""
    with monkeypatch.context() as planted:
        plant.plant(planted)
        found = next((told for seed in plant.seeds(MOST_SEEDS) if (told := _broken(plant, seed)) is not None), None)
    assert found is not None, f"nothing found in {MOST_SEEDS} seeds"
    seed, number = found
    assert number in plant.breaks
    assert _broken(plant, seed) is None


def _broken(plant: Plant, seed: int) -> tuple[int, str] | None:
    """The seed and the number of the invariant that broke in its story."""
    try:
        Turmoil(seed, plant.kinds, often=OFTEN).tell()
    except Broken as broken:
        return seed, broken.number
    return None
