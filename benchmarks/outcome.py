"""What a benchmark hands back: figures with the goals they are held to, and remarks for a person."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.ratio import Ratio


class PeerMissing(Exception):
    """What we are compared with cannot be had on this machine; the sentence says what to install."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A bound of the ratio: at most so much of the peer's or, with `less`, the peer's at least so much of ours."""

    bound: float
    less: bool = False

    def shown(self, ratio: Ratio) -> Ratio:
        """The ratio in the direction in which the goal is put."""
        return ratio.turned() if self.less else ratio

    def met_by(self, figure: float) -> bool:
        """Whether a figure in the goal's direction is on the right side of the bound."""
        return figure >= self.bound if self.less else figure <= self.bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure: what was measured, against whom, and the goal; `ratio` is ours divided by the peer's."""

    what: str
    peer: str
    ratio: Ratio
    goal: Goal


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """All figures of one benchmark; `notes` are whole sentences."""

    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
