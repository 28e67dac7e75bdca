"""How wide the columns of a list are: what is spare goes where a text would be cut."""

from __future__ import annotations

from tui.widgets.row_list import GAP, MOST_GROWN, Column, layout_columns

COLUMNS = (Column("Name", 10, grows=True), Column("Type", 8, drops=1), Column("Why", 6))
LONGEST = (30, 8, 60)


def widths(width: int, longest: tuple[int, ...] = LONGEST) -> dict[str, int]:
    return {COLUMNS[index].title: cells for index, cells in layout_columns(COLUMNS, width, longest)}


def test_nothing_is_cut_while_a_cell_is_free_and_no_column_takes_what_another_lacks() -> None:
    smallest = sum(column.width for column in COLUMNS) + 2 * GAP
    assert widths(smallest - 1) == {"Name": 15, "Why": 10}
    assert widths(smallest) == {"Name": 10, "Type": 8, "Why": 6}
    assert widths(smallest + 21) == {"Name": 21, "Type": 8, "Why": 16}
    assert widths(smallest + 60) == {"Name": 30, "Type": 8, "Why": 6 + 40}
    assert widths(300) == {"Name": 30, "Type": 8, "Why": 60}
    for width in range(smallest, 140):
        shown = widths(width)
        cut = [title for title, longest in zip(shown, LONGEST, strict=True) if shown[title] < longest]
        assert sum(shown.values()) + 2 * GAP == width or not cut
        assert shown["Why"] <= MOST_GROWN or shown["Name"] == 30


def test_where_the_texts_are_not_known_one_column_takes_the_rest() -> None:
    assert widths(100, ()) == {"Name": 100 - 14 - 2 * GAP, "Type": 8, "Why": 6}
