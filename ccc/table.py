"""Tables on stdout that no terminal has to break: aligned columns, fewer of them where the terminal is narrow.

In a pipe every column is there, whatever its width. Which columns matter least is the caller's to say.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import click

from ccc.output import heading, is_terminal, plain

GAP = "  "
NEEDED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column; `spare` above 0 may be left out where there is no room, the highest first. Numbers go `right`.

    With `cut` above 0 its cells may be shortened to so many characters, before another column is left out.
    """

    name: str
    right: bool = False
    spare: int = NEEDED
    cut: int = 0


def show_table(columns: Sequence[Column], rows: Sequence[tuple[str, ...]]) -> None:
    """Write the table to stdout, within the terminal's width where there is one."""
    for line in table_lines(columns, rows, room=_room()):
        click.echo(line)


def table_lines(columns: Sequence[Column], rows: Sequence[tuple[str, ...]], *, room: int | None) -> list[str]:
    """Return the lines, none wider than `room` characters (None: no limit) as far as columns can be left out.

    Where the columns that are needed do not fit either, each row becomes one line a field.
    """
    clean = [tuple(plain(cell).replace("\n", " ") for cell in row) for row in rows]
    kept = list(range(len(columns)))
    while room is not None and _width(columns, clean, kept) > room:
        if (shorter := _cut(columns, clean, kept, room)) is not None:
            clean = shorter
            break
        spare = max(kept, key=lambda index: columns[index].spare)
        if columns[spare].spare == NEEDED:
            return _fields(columns, clean)
        kept.remove(spare)
    head = tuple(column.name for column in columns)
    return [heading(_line(columns, clean, kept, head)), *(_line(columns, clean, kept, row) for row in clean)]


def _room() -> int | None:
    """Return the terminal's width, None in a pipe and where the terminal does not know."""
    return (shutil.get_terminal_size(fallback=(0, 0)).columns or None) if is_terminal(sys.stdout) else None


def _widest(columns: Sequence[Column], rows: Sequence[tuple[str, ...]], index: int) -> int:
    return max(len(cell) for cell in [columns[index].name, *(row[index] for row in rows)])


def _width(columns: Sequence[Column], rows: Sequence[tuple[str, ...]], kept: list[int]) -> int:
    return sum(_widest(columns, rows, index) for index in kept) + len(GAP) * (len(kept) - 1)


def _cut(
    columns: Sequence[Column], rows: list[tuple[str, ...]], kept: list[int], room: int
) -> list[tuple[str, ...]] | None:
    """Return the rows with cells shortened so that the kept columns fit; None where that is not enough."""
    index = next((index for index in kept if columns[index].cut), None)
    if index is None:
        return None
    most = _widest(columns, rows, index) - (_width(columns, rows, kept) - room)
    if most < max(columns[index].cut, len(columns[index].name)):
        return None
    return [(*row[:index], _shortened(row[index], most), *row[index + 1 :]) for row in rows]


def _shortened(cell: str, most: int) -> str:
    return cell if len(cell) <= most else cell[: most - 1].rstrip() + "…"


def _line(columns: Sequence[Column], rows: Sequence[tuple[str, ...]], kept: list[int], cells: tuple[str, ...]) -> str:
    padded = []
    for index in kept:
        width = _widest(columns, rows, index)
        padded.append(cells[index].rjust(width) if columns[index].right else cells[index].ljust(width))
    return GAP.join(padded).rstrip()


def _fields(columns: Sequence[Column], rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return a line for each cell that is not empty, and an empty line between two rows."""
    lines: list[str] = []
    for row in rows:
        named = zip(columns, row, strict=True)
        lines += [f"{column.name}: {cell}" if column.name else cell for column, cell in named if cell]
        lines.append("")
    return lines[:-1]
