"""The benchmarks: they run, their table has its form, and the arithmetic of ratios is right. No time is asserted."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.outcome import Goal, Outcome, PeerMissing, Row
from benchmarks.ratio import alternate, ratio_of
from benchmarks.request_count import KINDS, Count
from benchmarks.suite import NAMES
from benchmarks.table import HEAD, table
from onebox.settings import CHECKOUT

FIGURE = re.compile(r"\d[\d.e+]*×")  # noqa: RUF001 -- the sign of a factor


def ran(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`python -m benchmarks` in a process of its own: a benchmark may set variables and import the application."""
    command = [sys.executable, "-W", "error", "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=60, check=False)


def cells(line: str) -> list[str]:
    """The cells of a line of a Markdown table."""
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_cheapest_two_print_their_table() -> None:
    """Quick mode runs what is named, prints a line for every figure with peer, ratio, spread and goal."""
    done = ran("--quick", "api_overhead", "reap_scaling")
    assert done.returncode == 0, done.stderr
    lines = [cells(line) for line in done.stdout.splitlines() if line.startswith("|")]
    assert lines[:2] == [list(HEAD), ["---"] * len(HEAD)]
    assert [line[0] for line in lines[2:]] == ["api_overhead", "reap_scaling", "reap_scaling"]
    for _, measure, peer, ratio, spread, goal, verdict in lines[2:]:
        assert measure.endswith(", ours ÷ peer")
        assert peer
        assert FIGURE.fullmatch(ratio)
        assert spread == "one round" or re.fullmatch(r"\S+ to \S+ in \d+", spread)
        assert goal.startswith("≤ ")
        assert FIGURE.fullmatch(goal.removeprefix("≤ "))
        assert verdict.removesuffix(", within the spread") in {"met", "missed"}


def test_a_name_that_is_none_is_refused() -> None:
    """An unknown benchmark is an error of usage that names those there are."""
    done = ran("--quick", "warp_speed")
    assert done.returncode == 2
    assert "warp_speed" in done.stderr
    assert all(name in done.stderr for name in NAMES)


def test_quick_figures_are_never_written() -> None:
    """`--write` refuses quick mode and a choice of benchmarks: the file holds all figures of one full run."""
    assert ran("--quick", "--write").returncode == 2
    assert ran("--write", NAMES[0]).returncode == 2


def test_every_benchmark_is_a_module() -> None:
    """Each name in the suite has its file, so that no run breaks on a name that lost its module."""
    assert [name for name in NAMES if not (CHECKOUT / "benchmarks" / f"{name}.py").is_file()] == []


def test_the_median_of_the_logs_decides() -> None:
    """One round out of line moves neither the ratio nor, among many, its quartiles."""
    ratio = ratio_of([(2.0, 1.0)] * 6 + [(900.0, 1.0)])
    assert (ratio.median, ratio.low, ratio.high) == pytest.approx((2.0, 2.0, 2.0))
    assert ratio.rounds == 7
    halves = ratio_of([(1.0, 2.0), (2.0, 1.0)])
    assert halves.median == pytest.approx(1.0)
    assert halves.low < 1.0 < halves.high


def test_both_take_turns() -> None:
    """Warm-ups are not counted, each side goes once a round, and the other begins in every second round."""
    seen: list[str] = []

    def go(name: str, seconds: list[float]) -> float:
        seen.append(name)
        return seconds.pop(0)

    ours, peer = [99.0, 3.0, 3.0], [1.0, 1.0, 1.0]
    ratio = alternate(lambda: go("ours", ours), lambda: go("peer", peer), rounds=2)
    assert seen == ["ours", "peer", "peer", "ours", "ours", "peer"]
    assert ratio.median == pytest.approx(3.0)
    assert ratio.rounds == 2


@pytest.mark.parametrize(
    ("pairs", "goal", "shown", "verdict"),
    [
        ([(1.2, 1.0)], Goal(bound=1.3), "1.2", "met"),
        ([(1.4, 1.0)], Goal(bound=1.3), "1.4", "missed"),
        ([(1.0, 4.0)], Goal(bound=3, less=True), "4", "met"),
        ([(1.0, 2.0)], Goal(bound=3, less=True), "2", "missed"),
        ([(1.0, 1.0), (1.2, 1.0), (1.6, 1.0)], Goal(bound=1.3), "1.2", "met, within the spread"),
    ],
)
def test_a_goal_is_judged_in_its_direction(
    pairs: list[tuple[float, float]], goal: Goal, shown: str, verdict: str
) -> None:
    """A bound from above holds for ours ÷ peer, one from below for peer ÷ ours; a near miss or hit is told as such."""
    row = Row(what="w", peer="p", ratio=ratio_of(pairs), goal=goal)
    last = cells(table({"b": Outcome(rows=(row,))}).splitlines()[-1])
    assert last[3][:-1] == shown
    assert last[6] == verdict


def test_requests_are_told_apart() -> None:
    """What all lives share is no request of one life, and a kind nobody thought of is one."""
    kinds = dict.fromkeys(KINDS, 0) | {"create": 1, "delete": 1, "market": 3, "marker": 1}
    count = Count(kinds=kinds, total=8)
    assert (count.own, count.shared) == (4, 4)
    assert str(count) == "4 of its own and 4 shared (1 create, 1 delete, 3 market, 1 marker, 2 else)."


def test_the_file_explains_the_table(tmp_path: Path) -> None:
    """What is written holds the table and how it came about."""
    row = Row(what="w", peer="p", ratio=ratio_of([(1.0, 1.0)]), goal=Goal(bound=1))
    shown = table({"b": Outcome(rows=(row,), notes=("slow today.",))})
    report.write(shown, tmp_path / "benchmarks.md")
    text = (tmp_path / "benchmarks.md").read_text(encoding="utf-8")
    assert text.startswith("# Benchmarks\n")
    assert text.endswith(shown)
    assert "* `b`: slow today." in text


def test_a_missing_peer_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Debian's `hcloud` on the path, the benchmark that needs it names the package."""
    from benchmarks import hcloud_peers  # noqa: PLC0415 -- loads hcloud's library, for this test alone

    monkeypatch.setenv("PATH", "")
    with pytest.raises(PeerMissing, match="hcloud-cli"):
        hcloud_peers.required()
