"""The figures as a Markdown table: the peer, the ratio, the spread, the goal, and whether it is met.

The median decides. When the bound lies within the quartiles, the verdict says so: another run may judge otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from benchmarks.outcome import Goal, Outcome, Row
from benchmarks.ratio import Ratio

TIMES = "×"  # noqa: RUF001 -- the sign of a factor, as the documents have it

HEAD = ("benchmark", "measure", "peer", "ratio", "spread", "goal", "verdict")


def table(outcomes: Mapping[str, Outcome]) -> str:
    """One line for each figure, then each benchmark's notes as a list; the keys are the benchmarks' names."""
    lines = [_line(HEAD), _line(["---"] * len(HEAD))]
    lines += [_line(_cells(name, row)) for name, outcome in outcomes.items() for row in outcome.rows]
    notes = list(_notes(outcomes))
    return "\n".join([*lines, *(["", *notes] if notes else [])]) + "\n"


def _line(cells: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _notes(outcomes: Mapping[str, Outcome]) -> Iterator[str]:
    for name, outcome in outcomes.items():
        yield from (f"* `{name}`: {note}" for note in outcome.notes)


def _cells(name: str, row: Row) -> tuple[str, ...]:
    direction = "peer ÷ ours" if row.goal.less else "ours ÷ peer"
    shown = row.goal.shown(row.ratio)
    return (
        name,
        f"{row.what}, {direction}",
        row.peer,
        _times(shown.median),
        _spread(shown),
        f"{'≥' if row.goal.less else '≤'} {row.goal.bound:g}{TIMES}",
        _verdict(shown, row.goal),
    )


def _times(figure: float) -> str:
    return f"{figure:.3g}{TIMES}"


def _spread(ratio: Ratio) -> str:
    return "one round" if ratio.rounds == 1 else f"{ratio.low:.3g} to {ratio.high:.3g} in {ratio.rounds}"


def _verdict(ratio: Ratio, goal: Goal) -> str:
    verdict = "met" if goal.met_by(ratio.median) else "missed"
    near = goal.met_by(ratio.low) is not goal.met_by(ratio.high)
    return f"{verdict}, within the spread" if near else verdict
