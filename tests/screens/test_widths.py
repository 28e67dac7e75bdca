"""The rule of every list at every width: nothing is cut while a cell is free on its line or beside it."""

from __future__ import annotations

from datetime import UTC
from itertools import product

from tui.screens.audit import view as audit
from tui.screens.integrations import view as integrations
from tui.screens.numbers import view as numbers
from tui.screens.permissions import review
from tui.widgets.grid_cells import NARROWEST, SIGN, grid_width_wanted, share_width
from tui.widgets.row_list import GAP, MOST_GROWN, Column, layout_columns, natural_widths, width_wanted
from tui.widgets.text_lines import NARROWEST_BESIDE, WIDE, list_width

SCREENS = (60, 79, 80, 100, 109, 110, 120, 140, 160, 200, 300)
TEXTS = (4, 19, 37, 90)
LISTS = (integrations.COLUMNS, numbers.COLUMNS, numbers.EVERYWHERE, numbers.SYNC_COLUMNS, review.COLUMNS)


def test_nothing_is_cut_while_a_cell_is_free_on_its_line_or_beside_it() -> None:
    for columns, screen, *texts in product(LISTS, SCREENS, TEXTS, TEXTS, TEXTS):
        longest = [12, *texts, *[8] * (len(columns) - 4)]
        wanted = width_wanted(columns, longest)
        width = list_width(screen, wanted)
        assert width >= wanted or screen - width == (NARROWEST_BESIDE if screen >= WIDE else 0)
        check(columns, width, longest)
    for screen, integrations_shown, label in product(SCREENS, range(1, 9), TEXTS):
        width = list_width(screen, grid_width_wanted(integrations_shown, label))
        shared = share_width(width, integrations_shown, label)
        free = width - shared.label - shared.seen * shared.column
        assert free >= 0
        if shared.seen < integrations_shown:
            assert shared.column == NARROWEST
        if shared.label < SIGN + label + 1:
            assert free == 0
    for screen, name in product(SCREENS, (3, 11, 16, 20)):
        width = list_width(screen, audit.MOST_BESIDE)
        shown = audit.columns(UTC, width, name, several=False)
        cells = dict(layout_columns(shown, width))
        assert width == screen or sum(cells.values()) + GAP * (len(cells) - 1) <= width
        assert cells[1] == name or width < audit.NARROW
        # No further column while a long sentence is cut.
        assert cells[2] >= audit.LONGEST_SENTENCE or len(cells) == 3


def check(columns: tuple[Column, ...], width: int, longest: list[int]) -> None:
    natural = natural_widths(columns, longest)
    cells = dict(layout_columns(columns, width, longest))
    used = sum(cells.values()) + GAP * (len(cells) - 1)
    assert used <= width or not any(columns[i].drops for i in cells)
    cut = [i for i in cells if cells[i] < natural[i]]
    if cut:
        assert used >= width
        assert all(cells[i] <= natural[i] for i in cells)
    if any(cells[i] < min(MOST_GROWN, natural[i]) for i in cut):
        assert all(columns[i].drops < 2 for i in cells)
