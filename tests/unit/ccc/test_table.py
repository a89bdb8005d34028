"""Tables on terminals of every width: columns go, and words stay whole but in columns that may be cut."""

from __future__ import annotations

import pytest

from ccc.table import Column, table_lines
from tests.unit.ccc.command_line import on_terminal
from tests.unit.ccc.service import RUNNING, Service, instance

COLUMNS = (
    Column(name="NAME"),
    Column(name="COST", right=True),
    Column(name="PLACE", spare=1),
    Column(name="", spare=2),
)
ROWS = [("one", "1.50", "nbg1,hel1", "recommended"), ("another", "10.50", "-", "")]


def test_in_a_pipe_everything_is_there() -> None:
    """Without a limit all columns are there, numbers at the right."""
    assert table_lines(COLUMNS, ROWS, room=None) == [
        "NAME      COST  PLACE",
        "one       1.50  nbg1,hel1  recommended",
        "another  10.50  -",
    ]


@pytest.mark.parametrize(("room", "head"), [(38, 4), (37, 3), (25, 3), (24, 2), (14, 2)])
def test_the_least_important_columns_go_first(room: int, head: int) -> None:
    """As many columns stay as fit, and no line is wider than the terminal."""
    lines = table_lines(COLUMNS, ROWS, room=room)
    assert len(lines[1].split()) == head
    assert max(map(len, lines)) <= room


def test_one_line_a_field() -> None:
    """Where not even the needed columns fit, each field has a line, and an absent one has none."""
    assert table_lines(COLUMNS, ROWS, room=13) == [
        "NAME: one", "COST: 1.50", "PLACE: nbg1,hel1", "recommended", "",
        "NAME: another", "COST: 10.50", "PLACE: -",
    ]  # fmt: skip


CUT = (Column(name="NAME"), Column(name="SIDE", spare=1), Column(name="ABOUT", cut=8))
LONG = [("one", "left", "a long tale of it"), ("two", "right", "short")]


@pytest.mark.parametrize(
    ("room", "row"),
    [
        (None, "one   left   a long tale of it"),
        (30, "one   left   a long tale of it"),
        (29, "one   left   a long tale of…"),
        (21, "one   left   a long…"),
        (20, "one   a long tale o…"),
        (14, "one   a long…"),
        (13, "NAME: one"),
    ],
)
def test_a_column_that_may_be_cut_is_cut_before_another_goes(room: int | None, row: str) -> None:
    """Down to its least; then a column is left out and it has room again, and at last each field has its line."""
    lines = table_lines(CUT, LONG, room=room)
    assert row in lines
    assert room is None or room < 14 or max(map(len, lines)) <= room


@pytest.mark.parametrize("width", [200, 80, 60, 50])
def test_list_never_wraps(environment: dict[str, str], service: Service, width: int) -> None:
    """On a terminal of any usual width the id and the address of a machine are on one line that fits."""
    service.add(instance("0123456789ab", **RUNNING))
    _, screen = on_terminal({**environment, "COLUMNS": str(width), "NO_COLOR": "1"}, "list")
    head, row = screen.splitlines()
    assert row.split()[:2] == ["0123456789ab", "127.0.0.9"]
    assert max(len(head), len(row)) <= width
