"""A section that is one list over the detail of the row under the cursor: its rows, their order, what y copies."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from tui.screens.list_page import ListPage
from tui.screens.logged_detail import LoggedDetail
from tui.widgets.frame import Part
from tui.widgets.row_list import RowBody, RowList, width_wanted
from tui.widgets.state_switcher import StateSwitcher
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from textual.widget import Widget

    from tui.widgets.row_list import Column, Row
    from tui.widgets.text_lines import TextLine

T = TypeVar("T")


class DetailPage(ListPage, Generic[T]):
    """Lists items of type T; s goes through `orders`, and `refused` ends "The role x ..." for each right."""

    columns: ClassVar[Sequence[Column]] = ()
    orders: ClassVar[Sequence[str]] = ()
    refused: ClassVar[Mapping[str, str]] = {}

    def __init__(self) -> None:
        super().__init__()
        self._items: Sequence[T] = ()
        self._rows: dict[str, T] = {}
        self._order = 0
        self._rights: object | None = None

    def compose_body(self) -> Iterable[Widget]:
        switcher = StateSwitcher(RowList(self.columns))
        yield switcher
        detail = LoggedDetail(switcher)
        # Nothing is known of anything yet: said later, it would lay everything out once more.
        detail.add_class("-nothing", update=False)
        yield detail

    def matching(self) -> list[T]:
        """Return the items that the filter leaves, in the order of the list."""
        raise NotImplementedError

    def row_of(self, item: T) -> Row:
        """Return the item as a row of the list, with a key of its own."""
        raise NotImplementedError

    def detail_of(self, item: T) -> Sequence[TextLine]:
        """Return everything known of the item, a line each."""
        raise NotImplementedError

    def history_of(self, item: T) -> str:
        """Return the filter of the log that finds what is about the item."""
        raise NotImplementedError

    def name_of(self, item: T) -> str:
        """Return what the item is called, as safe text."""
        raise NotImplementedError

    def rows_about(self, item: T) -> str:
        """Return the same for the newest rows beside the list: a filter for which an index leads to them."""
        return self.history_of(item)

    def why_empty(self) -> tuple[str, str] | None:
        """Return why no row is shown and the key that changes it; None while that is not known yet."""
        raise NotImplementedError

    @property
    def order(self) -> str:
        """What the list is sorted by."""
        return self.orders[self._order]

    @property
    def current(self) -> T | None:
        """The item under the cursor."""
        return self._rows.get(self.query_one(RowBody).current_key or "")

    def filter_changed(self) -> None:
        self.show_rows()

    def show_rows(self) -> None:
        """Show the items that match, or why there are none."""
        rows = [(self.row_of(item), item) for item in self.matching()]
        self._rows = {row.key: item for row, item in rows}
        body = self.query_one(RowBody)
        body.show([row for row, _ in rows])
        wanted = (width_wanted(body.columns, body.longest, whole=whole) for whole in (False, True))
        self.query_one(LoggedDetail).leave_to_list(*wanted)
        switcher = self.query_one(StateSwitcher)
        if rows:
            switcher.show_content()
        elif reason := self.why_empty():
            switcher.show_empty(*reason)
        self._show_detail()

    def _show_detail(self) -> None:
        current, pane = self.current, self.query_one(LoggedDetail)
        pane.set_class(current is None, "-nothing")
        if current is None:
            pane.show_thing((), "", self._items)
        else:
            pane.show_thing(self.detail_of(current), self.rows_about(current), self._items)
        self.refresh_frame()

    def on_row_body_moved(self) -> None:
        self._show_detail()

    def scope(self) -> tuple[Part, ...]:
        """Return what the context line says of the rows, between the filter and their count."""
        return (Part(f"by {self.order}", "quiet", give=1),)

    @property
    def total(self) -> int:
        """How many rows there are without a filter."""
        return len(self._items)

    def context(self) -> tuple[Part, ...]:
        shown, total = len(self._rows), self.total
        count = f"{shown}" if shown == total else f"{shown} of {total}"
        return (*super().context(), Part(count, "quiet", give=2), *self.scope())

    def action_sort(self) -> None:
        self._order = (self._order + 1) % len(self.orders)
        self.show_rows()

    def action_history(self) -> None:
        if self.current is not None:
            self.console.navigation.open_history(self.history_of(self.current), self.name_of(self.current))

    def action_copy(self) -> None:
        body = self.query_one(RowBody)
        if body.rows:
            self.copy_row(body.rows[body.cursor].text)

    def is_allowed(self, right: str) -> bool:
        """Whether the database lets this role do it; yes until the rights are read, since the database asks again."""
        return self._rights is None or bool(getattr(self._rights, right))

    def may(self, *rights: str) -> bool:
        """Whether the role has all of these rights; where it lacks one, say so."""
        lacking = next((right for right in rights if not self.is_allowed(right)), None)
        if lacking is not None:
            role = self.session.server.role if self.session.server else "your role"
            self.status.say(f"The role {safe_text(role, 40)} {self.refused[lacking]}", "warning")
        return lacking is None
